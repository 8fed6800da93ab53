// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/fusion/ChannelShift.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace visir;

bool TensorBox::meets(const TensorBox &other) const {
  for (size_t i = 0; i < first.size(); ++i)
    if (last[i] <= other.first[i] || other.last[i] <= first[i])
      return false;
  return true;
}

/// Whether a map writes zeros into the tensor that it is tied to.
static bool isZeroFill(DispatchOp op) {
  if (op.getKind() != RootKind::Map || op.getNumResults() != 1 ||
      op.getInputs().size() != 1 || op.getTies().front() != 0)
    return false;
  Value value = op.getEpilogueBlock().getTerminator()->getOperand(0);
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  auto number =
      constant ? dyn_cast<FloatAttr>(constant.getValue()) : FloatAttr();
  return number && number.getValue().isPosZero();
}

/// Steps of loops that are taken one by one, at most.
static constexpr int64_t kMostSteps = 256;

namespace {

/// The places of an access at some steps of the loops `fixed`.
struct PieceReader {
  const DispatchForm &form;
  SmallVector<unsigned> fixed;
  SmallVector<int64_t> steps; ///< by dimension; 0 for others

  int64_t offset(const LinearAccess &access, unsigned j) const {
    int64_t at = access.offsets[j];
    for (unsigned d : fixed)
      at += access.coefficients[j][d] * steps[d];
    return at;
  }

  /// Where each coordinate lies; null unless one other loop at most moves it.
  std::optional<TensorBox> region(const LinearAccess &access) const {
    TensorBox box;
    for (unsigned j = 0; j < access.rank(); ++j) {
      int64_t extent = 1;
      for (unsigned d = 0; d < form.extents.size(); ++d) {
        if (access.coefficients[j][d] == 0 || llvm::is_contained(fixed, d))
          continue;
        if (extent != 1)
          return std::nullopt;
        extent = form.extents[d];
      }
      box.first.push_back(offset(access, j));
      box.last.push_back(box.first.back() + extent);
    }
    return box;
  }
};

} // namespace

/// Whether the loop moves one coordinate of all accesses, the same in each,
/// step by step.
static bool movesAlike(ArrayRef<const LinearAccess *> accesses, unsigned dim) {
  unsigned moved = 0;
  for (unsigned j = 0; j < accesses.front()->rank(); ++j) {
    int64_t coefficient = accesses.front()->coefficients[j][dim];
    moved += coefficient != 0;
    for (const LinearAccess *access : accesses)
      if (access->coefficients[j][dim] != coefficient ||
          (coefficient != 0 && coefficient != 1))
        return false;
  }
  return moved == 1;
}

/// Adds the boxes that a map writes: `load` is null for zeros.
static bool addBoxes(DispatchOp op, const DispatchForm &form,
                     const LoadForm *load, ShiftPieces &result) {
  const LinearAccess &store = form.stores.front().access;
  SmallVector<const LinearAccess *> accesses = {&store};
  if (load)
    accesses.push_back(&load->access);
  PieceReader reader{form, {}, SmallVector<int64_t>(form.extents.size(), 0)};
  int64_t count = 1;
  for (unsigned d = 0; d < form.extents.size(); ++d)
    if (form.extents[d] != 1 && !movesAlike(accesses, d)) {
      reader.fixed.push_back(d);
      count *= form.extents[d];
    }
  if (count > kMostSteps)
    return false;
  ArrayRef<int64_t> shape = form.stores.front().type.getShape();
  for (int64_t number = 0; number < count; ++number) {
    int64_t rest = number;
    for (unsigned d : reader.fixed) {
      reader.steps[d] = rest % form.extents[d];
      rest /= form.extents[d];
    }
    auto region = reader.region(store);
    if (!region)
      return false;
    if (!load) {
      result.zeros.push_back(*region);
      continue;
    }
    ShiftPiece piece{*region, {}, op};
    for (unsigned j = 0; j < shape.size(); ++j) {
      int64_t offset = reader.offset(load->access, j) - region->first[j];
      piece.offset.push_back(offset);
      // Beyond the source's borders a padded load gives zeros.
      piece.region.first[j] = std::max(region->first[j], -offset);
      piece.region.last[j] = std::min(region->last[j], shape[j] - offset);
    }
    result.pieces.push_back(piece);
  }
  return true;
}

/// Adds what the last map wrote into a tensor; returns the tensor before it,
/// or null.
static Value takePiece(DispatchOp op, ShiftPieces &result) {
  bool fill = isZeroFill(op);
  int64_t tie = op.getTies().front();
  auto form = DispatchForm::of(op);
  if (!form || op.getNumResults() != 1 || tie < 0 || !(fill || isCopy(op)) ||
      !form->stores.front().indexAxes.empty())
    return {};
  if (fill)
    return addBoxes(op, *form, nullptr, result) ? form->loads[tie].tensor
                                                : Value();
  const LoadForm &load = form->loads[tie == 0 ? 1 : 0];
  if (!load.indexAxes.empty() || load.norm || load.fillValue() != 0 ||
      (result.source && result.source != load.tensor) ||
      load.tensor.getType() != op.getResult(0).getType())
    return {};
  result.source = load.tensor;
  return addBoxes(op, *form, &load, result) ? form->loads[tie].tensor : Value();
}

std::optional<ShiftPieces> ShiftPieces::of(Value tensor) {
  ShiftPieces result;
  auto op = tensor.getDefiningOp<DispatchOp>();
  while (op) {
    tensor = takePiece(op, result);
    if (!tensor)
      return std::nullopt;
    op = tensor.getDefiningOp<DispatchOp>();
    if (op && !tensor.hasOneUse())
      return std::nullopt;
  }
  if (!result.source || !tensor.getDefiningOp<EmptyOp>())
    return std::nullopt;
  return result;
}

std::optional<ChannelShift> ChannelShift::of(const ShiftPieces &from,
                                             unsigned channels) {
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(from.source.getType()).getShape();
  SmallVector<ShiftPiece> pieces(from.pieces);
  llvm::sort(pieces, [&](const ShiftPiece &a, const ShiftPiece &b) {
    return a.region.first[channels] < b.region.first[channels];
  });
  SmallVector<SmallVector<int64_t>> moved(shape.size());
  int64_t known = 0;
  for (const ShiftPiece &piece : pieces) {
    for (unsigned j = 0; j < shape.size(); ++j) {
      int64_t offset = piece.offset[j];
      if (j == channels) {
        if (offset != 0 || piece.region.first[j] != known)
          return std::nullopt;
        continue;
      }
      if (piece.region.first[j] != std::max<int64_t>(0, -offset) ||
          piece.region.last[j] != std::min(shape[j], shape[j] - offset))
        return std::nullopt;
      moved[j].resize(piece.region.last[channels], offset);
    }
    known = piece.region.last[channels];
    if (llvm::any_of(from.zeros, [&](const TensorBox &region) {
          return region.meets(piece.region);
        }))
      return std::nullopt;
  }
  ChannelShift shift;
  for (unsigned j = 0; j < shape.size(); ++j) {
    if (llvm::all_of(moved[j], [](int64_t offset) { return offset == 0; }))
      continue;
    shift.axes.push_back(j);
    shift.offsets.push_back(moved[j]);
  }
  if (shift.axes.empty() || known != shape[channels])
    return std::nullopt;
  return shift;
}

int visir::dimOf(const DispatchForm &form, const LinearAccess &access,
                 unsigned j) {
  int dim = -1;
  for (unsigned d = 0; d < form.extents.size(); ++d) {
    if (access.coefficients[j][d] == 0)
      continue;
    if (dim >= 0 || access.coefficients[j][d] != 1)
      return -1;
    dim = int(d);
  }
  return access.offsets[j] == 0 ? dim : -1;
}

