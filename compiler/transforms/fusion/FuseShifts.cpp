// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A shift along one axis by an offset per group of channels is written as
// copies of boxes into one tensor. In front of a product it becomes one padded
// load, whose coordinate along the axis a constant table gives per channel.
#include "compiler/analysis/DispatchForm.h"
#include "compiler/support/Constants.h"
#include "compiler/transforms/fusion/Fuse.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace visir;

namespace {

/// A block of a tensor, by coordinate [first, last).
struct TensorBox {
  SmallVector<int64_t> first, last;

  bool meets(const TensorBox &other) const {
    for (size_t i = 0; i < first.size(); ++i)
      if (last[i] <= other.first[i] || other.last[i] <= first[i])
        return false;
    return true;
  }
};

struct ShiftPiece {
  TensorBox region;
  SmallVector<int64_t> offset; ///< of the source's coordinates
};

/// A shift: element [.., a, .., c, ..] is the source's at a + offsets[c].
struct ChannelShift {
  Value source;
  unsigned axis = 0;
  SmallVector<int64_t> offsets;
};

} // namespace

/// Where each coordinate lies, if each moves with one dimension of its own.
static std::optional<TensorBox> regionOf(ArrayRef<int64_t> extents,
                                         const LinearAccess &access,
                                         SmallVectorImpl<int> &dims) {
  TensorBox region;
  for (unsigned j = 0; j < access.rank(); ++j) {
    int dim = -1;
    for (unsigned d = 0; d < extents.size(); ++d) {
      if (access.coefficients[j][d] == 0)
        continue;
      if (dim >= 0 || access.coefficients[j][d] != 1)
        return std::nullopt;
      dim = int(d);
    }
    dims.push_back(dim);
    region.first.push_back(access.offsets[j]);
    region.last.push_back(access.offsets[j] + (dim < 0 ? 1 : extents[dim]));
  }
  return region;
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

/// The pieces of a tensor that maps write one after the other: copies of one
/// source of the same shape, and zeros.
static bool collectPieces(Value tensor, Value &source,
                          SmallVectorImpl<ShiftPiece> &pieces,
                          SmallVectorImpl<TensorBox> &zeros) {
  while (auto op = tensor.getDefiningOp<DispatchOp>()) {
    bool fill = isZeroFill(op);
    int64_t tie = op.getTies().front();
    auto form = DispatchForm::of(op);
    if (!form || !tensor.hasOneUse() || tie < 0 || !(fill || isCopy(op)))
      return false;
    SmallVector<int> dims, from;
    auto region = regionOf(form->extents, form->stores.front().access, dims);
    if (!region)
      return false;
    if (fill) {
      zeros.push_back(*region);
    } else {
      const LoadForm &load = form->loads[tie == 0 ? 1 : 0];
      auto origin = regionOf(form->extents, load.access, from);
      if (!load.isPlain() || (source && source != load.tensor) || !origin ||
          dims != from || load.tensor.getType() != tensor.getType())
        return false;
      source = load.tensor;
      ShiftPiece piece{*region, {}};
      for (auto [a, b] : llvm::zip(origin->first, region->first))
        piece.offset.push_back(a - b);
      pieces.push_back(piece);
    }
    tensor = form->loads[tie].tensor;
  }
  return source && tensor.getDefiningOp<EmptyOp>();
}

/// The pieces as a shift with channels along `channels`.
static std::optional<ChannelShift> asShift(Value source,
                                           SmallVector<ShiftPiece> &pieces,
                                           ArrayRef<TensorBox> zeros,
                                           unsigned channels) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(source.getType()).getShape();
  llvm::sort(pieces, [&](const ShiftPiece &a, const ShiftPiece &b) {
    return a.region.first[channels] < b.region.first[channels];
  });
  ChannelShift shift;
  shift.source = source;
  std::optional<unsigned> axis;
  for (const ShiftPiece &piece : pieces) {
    int64_t moved = 0;
    for (unsigned j = 0; j < shape.size(); ++j) {
      int64_t offset = piece.offset[j];
      if (j == channels) {
        if (offset != 0 ||
            piece.region.first[j] != int64_t(shift.offsets.size()))
          return std::nullopt;
        continue;
      }
      if (piece.region.first[j] != std::max<int64_t>(0, -offset) ||
          piece.region.last[j] != std::min(shape[j], shape[j] - offset))
        return std::nullopt;
      if (offset == 0)
        continue;
      if (axis && *axis != j)
        return std::nullopt;
      axis = j;
      moved = offset;
    }
    shift.offsets.resize(piece.region.last[channels], moved);
    if (llvm::any_of(zeros, [&](const TensorBox &region) {
          return region.meets(piece.region);
        }))
      return std::nullopt;
  }
  if (!axis || int64_t(shift.offsets.size()) != shape[channels])
    return std::nullopt;
  shift.axis = *axis;
  return shift;
}

/// The one dimension of the domain that coordinate `j` is, or -1.
static int dimOf(const DispatchForm &form, const LinearAccess &access,
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

/// The coordinate that the reduction moves through all of the tensor, alone.
static std::optional<unsigned> channelsOf(const DispatchForm &form,
                                          const LoadForm &load) {
  for (unsigned j = 0; j < load.access.rank(); ++j) {
    int dim = dimOf(form, load.access, j);
    if (dim >= form.parallelRank && form.extents[dim] == load.shape()[j])
      return j;
  }
  return std::nullopt;
}

DispatchOp visir::fuseShift(RewriterBase &rewriter, DispatchOp consumer,
                            unsigned load, StringRef &why) {
  Value tensor = consumer.getInputs()[load];
  auto last = tensor.getDefiningOp<DispatchOp>();
  if (!last || consumer.getKind() != RootKind::Contract ||
      last.getNumResults() != 1 || last.getTies().front() < 0)
    return {};
  Value source;
  SmallVector<ShiftPiece> pieces;
  SmallVector<TensorBox> zeros;
  if (!collectPieces(tensor, source, pieces, zeros))
    return {};
  auto form = DispatchForm::of(consumer);
  if (!form)
    return {};
  LoadForm &target = form->loads[load];
  if (!target.indexAxes.empty() || target.norm || target.fillValue() != 0)
    return refuse(why, "the product's load is indexed, normalised or padded "
                       "with another value than zero");
  auto channels = channelsOf(*form, target);
  auto shift = channels ? asShift(source, pieces, zeros, *channels)
                        : std::optional<ChannelShift>();
  if (!shift)
    return refuse(why, "what is copied is no shift by groups of the channels "
                       "that the product sums over");
  int dim = dimOf(*form, target.access, shift->axis);
  if (dim < 0 || dim >= form->parallelRank)
    return refuse(why, "the product slides along the axis of the shift");
  if (form->loads.size() + form->stores.size() >= kMaxBindings)
    return refuse(why, "there would be more than 16 bindings");
  // A negative index would count from the tensor's end.
  int64_t base = *llvm::min_element(shift->offsets);
  for (int64_t &offset : shift->offsets)
    offset -= base;
  auto type = RankedTensorType::get({int64_t(shift->offsets.size())},
                                    rewriter.getIntegerType(64, true));
  rewriter.setInsertionPoint(consumer);
  LoadForm table;
  table.tensor = ConstantOp::create(
      rewriter, consumer.getLoc(), type,
      makeConstant(
          type,
          ArrayRef<char>(reinterpret_cast<const char *>(shift->offsets.data()),
                         shift->offsets.size() * sizeof(int64_t))));
  table.access = LinearAccess::zero(1, form->extents.size());
  table.access.coefficients[0] = target.access.coefficients[*channels];
  target.tensor = source;
  target.access.offsets[shift->axis] += base;
  target.padded = true;
  target.indexAxes = {int64_t(shift->axis)};
  target.indexLoads = {int64_t(form->loads.size())};
  form->loads.push_back(table);
  DispatchOp fused =
      form->create(rewriter, fuseLocations(last.getLoc(), consumer.getLoc()),
                   rootTypesOf(consumer));
  OpBuilder::InsertionGuard guard(rewriter);
  for (auto [from, to] :
       {std::pair(&consumer.getPrologueBlock(), &fused.getPrologueBlock()),
        std::pair(&consumer.getEpilogueBlock(), &fused.getEpilogueBlock())}) {
    IRMapping mapping;
    for (auto [a, b] : llvm::zip(from->getArguments(), to->getArguments()))
      mapping.map(a, b);
    rewriter.setInsertionPointToEnd(to);
    auto values = clonePayloadOps(rewriter, *from, mapping);
    YieldOp::create(rewriter, fused.getLoc(), values);
  }
  rewriter.replaceOp(consumer, fused);
  return fused;
}
