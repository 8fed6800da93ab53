// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gathers and scatters whose indices are known, as boxes.
#include "compiler/analysis/IndexFormula.h"
#include "compiler/analysis/MovementSteps.h"
#include "compiler/support/Constants.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace visir;

static ArrayRef<int64_t> shapeOfValue(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static ArrayRef<int64_t> resultShape(Operation *op) {
  return cast<RankedTensorType>(op->getResult(0).getType()).getShape();
}

/// The indices of an axis of `extent`, from the end if negative; nothing if
/// one is out of range or if they are not constant.
static std::optional<SmallVector<int64_t>> axisIndices(Value value,
                                                       int64_t extent) {
  auto indices = constantInts(value);
  if (!indices)
    return std::nullopt;
  for (int64_t &index : *indices) {
    index = index < 0 ? index + extent : index;
    if (index < 0 || index >= extent)
      return std::nullopt;
  }
  return indices;
}

static std::optional<Movement>
composeGather(GatherOp op, const Movement &movement, unsigned maxBoxes) {
  auto indices = axisIndices(op.getIndices(), movement.shape[op.getAxis()]);
  if (!indices)
    return std::nullopt;
  SmallVector<AxisElement> elements;
  for (int64_t index : *indices)
    elements.push_back({0, index});
  auto taken = takeElements(movement, op.getAxis(), elements, maxBoxes);
  // The one axis of all indices becomes the dimensions of their tensor.
  if (!taken || failed(reshapeTo(*taken, SmallVector<int64_t>(taken->shape),
                                 resultShape(op), maxBoxes)))
    return std::nullopt;
  return taken;
}

/// The positions, in the first dimensions of `shape` taken as one, at which
/// constant index vectors point.
static std::optional<SmallVector<int64_t>>
vectorPositions(Value value, ArrayRef<int64_t> shape) {
  auto indices = constantInts(value);
  if (!indices)
    return std::nullopt;
  int64_t depth = cast<RankedTensorType>(value.getType()).getShape().back();
  SmallVector<int64_t> positions;
  for (size_t i = 0; i < indices->size(); i += depth) {
    int64_t position = 0;
    for (int64_t k = 0; k < depth; ++k) {
      int64_t index = (*indices)[i + k];
      index = index < 0 ? index + shape[k] : index;
      if (index < 0 || index >= shape[k])
        return std::nullopt;
      position = position * shape[k] + index;
    }
    positions.push_back(position);
  }
  return positions;
}

/// Makes one axis of the first `count` dimensions.
static LogicalResult joinLeading(Movement &movement, unsigned count,
                                 unsigned maxBoxes) {
  SmallVector<int64_t> from = movement.shape;
  SmallVector<int64_t> to = {
      ShapedType::getNumElements(ArrayRef<int64_t>(from).take_front(count))};
  to.append(from.begin() + count, from.end());
  return reshapeTo(movement, from, to, maxBoxes);
}

/// An access of some leading dimensions onto the first coordinates of a tensor
/// of rank `rank`, whose others are the rest of the `domainRank` dimensions.
static LinearAccess onLeading(const LinearAccess &leading, unsigned rank,
                              unsigned domainRank) {
  LinearAccess access = LinearAccess::zero(rank, domainRank);
  for (unsigned j = 0; j < leading.rank(); ++j) {
    access.offsets[j] = leading.offsets[j];
    llvm::copy(leading.coefficients[j], access.coefficients[j].begin());
  }
  for (unsigned j = leading.rank(); j < rank; ++j)
    access.coefficients[j][domainRank - rank + j] = 1;
  return access;
}

static unsigned indexDepth(Value indices) {
  return cast<RankedTensorType>(indices.getType()).getShape().back();
}

/// What affine index vectors point at, as one box.
static std::optional<Movement> affineMovement(GatherNDOp op) {
  ArrayRef<int64_t> from = shapeOfValue(op.getInput());
  auto indices = affineIndices(op.getIndices(), from);
  if (!indices || op.getBatchDims() != 0)
    return std::nullopt;
  Movement taken;
  taken.shape = llvm::to_vector(resultShape(op));
  taken.sources = {op.getInput()};
  MovementBox box;
  box.source = 0;
  box.box.sizes = taken.shape;
  unsigned rank = taken.shape.size();
  box.box.accesses.push_back(LinearAccess::identity(rank));
  box.box.accesses.push_back(onLeading(*indices, from.size(), rank));
  taken.boxes.push_back(std::move(box));
  return taken;
}

static std::optional<Movement> composeGatherND(GatherNDOp op, Movement movement,
                                               unsigned maxBoxes) {
  auto positions = vectorPositions(op.getIndices(), movement.shape);
  if (!positions ||
      failed(joinLeading(movement, indexDepth(op.getIndices()), maxBoxes)))
    return std::nullopt;
  SmallVector<AxisElement> elements;
  for (int64_t position : *positions)
    elements.push_back({0, position});
  auto taken = takeElements(movement, 0, elements, maxBoxes);
  if (!taken || failed(reshapeTo(*taken, SmallVector<int64_t>(taken->shape),
                                 resultShape(op), maxBoxes)))
    return std::nullopt;
  return taken;
}

namespace {
/// Coordinates low, low + step ... (count of them).
struct Progression {
  int64_t low = 0, step = 1, count = 1;
};
} // namespace

/// The coordinates that an access writes along each dimension, if it writes no
/// element twice and each dimension by itself.
static std::optional<SmallVector<Progression>>
progressionsOf(const LinearAccess &access, ArrayRef<int64_t> sizes) {
  SmallVector<Progression> written(access.rank());
  SmallVector<bool> used(sizes.size(), false);
  for (unsigned j = 0; j < access.rank(); ++j) {
    int moved = -1;
    for (unsigned d = 0; d < sizes.size(); ++d) {
      if (access.coefficients[j][d] == 0 || sizes[d] == 1)
        continue;
      if (moved >= 0 || used[d])
        return std::nullopt;
      moved = int(d);
      used[d] = true;
    }
    auto [low, high] = access.range(j, sizes);
    written[j].low = low;
    if (moved < 0)
      continue;
    written[j].step = std::abs(access.coefficients[j][moved]);
    written[j].count = sizes[moved];
  }
  for (unsigned d = 0; d < sizes.size(); ++d)
    if (sizes[d] > 1 && !used[d])
      return std::nullopt;
  return written;
}

/// The boxes of a tensor of `shape` that lie outside of the progressions, as
/// copies of its source 0 in place: what lies below, above and between them
/// along each dimension, those before it being inside.
static void addOutside(ArrayRef<Progression> written, Movement &movement) {
  ArrayRef<int64_t> shape = movement.shape;
  for (unsigned j = 0; j < written.size(); ++j) {
    auto add = [&](int64_t low, int64_t count, int64_t step) {
      if (count <= 0)
        return;
      MovementBox box;
      box.source = 0;
      box.box.sizes = llvm::to_vector(shape);
      box.box.accesses.assign(2, LinearAccess::identity(shape.size()));
      for (unsigned k = 0; k < j; ++k)
        box.box.sampleDim(k, written[k].low, written[k].count, written[k].step);
      box.box.sampleDim(j, low, count, step);
      movement.boxes.push_back(std::move(box));
    };
    const Progression &along = written[j];
    int64_t end = along.low + along.step * (along.count - 1) + 1;
    add(0, along.low, 1);
    add(end, shape[j] - end, 1);
    for (int64_t r = 1; r < along.step; ++r)
      add(along.low + r, along.count - 1, along.step);
  }
}

/// Updates where affine index vectors point, as one box among others.
static std::optional<Movement> affineMovement(ScatterNDOp op,
                                              unsigned maxBoxes) {
  ArrayRef<int64_t> sizes = shapeOfValue(op.getUpdates());
  auto indices = affineIndices(op.getIndices(), resultShape(op));
  if (!indices || op.getKind() != ScatterKind::Replace)
    return std::nullopt;
  auto written = progressionsOf(
      *indices, sizes.take_front(indices->coefficients[0].size()));
  if (!written)
    return std::nullopt;
  int64_t between = 0;
  for (const Progression &along : *written)
    between += along.step;
  if (between > int64_t(maxBoxes))
    return std::nullopt;
  Movement put;
  put.shape = llvm::to_vector(resultShape(op));
  put.sources = {op.getInput(), op.getUpdates()};
  addOutside(*written, put);
  MovementBox box;
  box.source = 1;
  box.box.sizes = llvm::to_vector(sizes);
  box.box.accesses.push_back(
      onLeading(*indices, put.shape.size(), sizes.size()));
  box.box.accesses.push_back(LinearAccess::identity(sizes.size()));
  put.boxes.push_back(std::move(box));
  return put;
}

std::optional<Movement> visir::affineMovement(Operation *op,
                                              unsigned maxBoxes) {
  std::optional<Movement> movement;
  if (!isUsual(op))
    return movement;
  if (auto gather = dyn_cast<GatherNDOp>(op))
    movement = ::affineMovement(gather);
  else if (auto scatter = dyn_cast<ScatterNDOp>(op))
    movement = ::affineMovement(scatter, maxBoxes);
  if (movement)
    movement->canonicalize();
  return movement;
}

static std::optional<Movement> composeScatterND(ScatterNDOp op, Movement input,
                                                Movement updates,
                                                unsigned maxBoxes) {
  auto positions = vectorPositions(op.getIndices(), input.shape);
  unsigned depth = indexDepth(op.getIndices());
  unsigned count =
      cast<RankedTensorType>(op.getIndices().getType()).getRank() - 1;
  if (!positions || failed(joinLeading(input, depth, maxBoxes)) ||
      failed(joinLeading(updates, count, maxBoxes)))
    return std::nullopt;
  SmallVector<AxisElement> elements;
  for (int64_t i = 0; i < input.shape[0]; ++i)
    elements.push_back({0, i});
  for (auto [i, position] : llvm::enumerate(*positions))
    elements[position] = {1, int64_t(i)};
  std::vector<Movement> operands = {std::move(input), std::move(updates)};
  auto taken = takeElements(operands, 0, elements, maxBoxes);
  if (!taken || failed(reshapeTo(*taken, SmallVector<int64_t>(taken->shape),
                                 resultShape(op), maxBoxes)))
    return std::nullopt;
  return taken;
}

/// As below, of indices that are no constant but a formula.
static std::optional<SmallVector<int64_t>>
formulaAlong(Value value, unsigned axis, int64_t extent) {
  auto formula = IndexFormula::of(value);
  if (!formula || !formula->dependsOnlyOn(axis))
    return std::nullopt;
  SmallVector<int64_t> along(formula->shape[axis], formula->base);
  for (auto [i, step] : llvm::enumerate(formula->tables[axis]))
    along[i] += step;
  for (int64_t &index : along) {
    index = index < 0 ? index + extent : index;
    if (index < 0 || index >= extent)
      return std::nullopt;
  }
  return along;
}

/// Indices that are the same wherever an element lies in the dimensions other
/// than `axis`, by coordinate along it.
static std::optional<SmallVector<int64_t>>
indicesAlong(Value value, unsigned axis, int64_t extent) {
  if (!constantOf(value))
    return formulaAlong(value, axis, extent);
  auto indices = axisIndices(value, extent);
  if (!indices)
    return std::nullopt;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
  int64_t inner = ShapedType::getNumElements(shape.drop_front(axis + 1));
  SmallVector<int64_t> along(shape[axis]);
  for (auto [i, index] : llvm::enumerate(*indices)) {
    int64_t &known = along[i / inner % shape[axis]];
    if (int64_t(i) < shape[axis] * inner && i % inner == 0)
      known = index;
    else if (known != index)
      return std::nullopt;
  }
  return along;
}

/// Whether two shapes agree in all dimensions but `axis`.
static bool agreeBeside(ArrayRef<int64_t> a, ArrayRef<int64_t> b,
                        unsigned axis) {
  return a.take_front(axis) == b.take_front(axis) &&
         a.drop_front(axis + 1) == b.drop_front(axis + 1);
}

static std::optional<Movement> composeGatherElements(GatherElementsOp op,
                                                     const Movement &input,
                                                     unsigned maxBoxes) {
  unsigned axis = op.getAxis();
  auto indices = indicesAlong(op.getIndices(), axis, input.shape[axis]);
  if (!indices || !agreeBeside(input.shape, resultShape(op), axis))
    return std::nullopt;
  SmallVector<AxisElement> elements;
  for (int64_t index : *indices)
    elements.push_back({0, index});
  return takeElements(input, axis, elements, maxBoxes);
}

static std::optional<Movement>
composeScatterElements(ScatterElementsOp op, ArrayRef<Movement> operands,
                       unsigned maxBoxes) {
  const Movement &input = operands[0], &updates = operands[1];
  unsigned axis = op.getAxis();
  auto indices = indicesAlong(op.getIndices(), axis, input.shape[axis]);
  if (!indices || !agreeBeside(input.shape, updates.shape, axis))
    return std::nullopt;
  SmallVector<AxisElement> elements;
  for (int64_t i = 0; i < input.shape[axis]; ++i)
    elements.push_back({0, i});
  for (auto [i, index] : llvm::enumerate(*indices))
    elements[index] = {1, int64_t(i)};
  return takeElements(operands, axis, elements, maxBoxes);
}

/// Whether the op's indices are constant or a formula.
template <typename Op> static bool knowsElements(Op op) {
  return constantOf(op.getIndices()) || IndexFormula::of(op.getIndices());
}

bool visir::hasKnownIndices(Operation *op) {
  return TypeSwitch<Operation *, bool>(op)
      .Case(
          [](GatherOp gather) { return bool(constantOf(gather.getIndices())); })
      .Case([](GatherNDOp gather) {
        return gather.getBatchDims() == 0 &&
               bool(constantOf(gather.getIndices()));
      })
      .Case([](GatherElementsOp gather) { return knowsElements(gather); })
      .Case([](ScatterNDOp scatter) {
        return scatter.getKind() == ScatterKind::Replace &&
               bool(constantOf(scatter.getIndices()));
      })
      .Case([](ScatterElementsOp scatter) {
        return scatter.getKind() == ScatterKind::Replace &&
               knowsElements(scatter);
      })
      .Default(false);
}

std::optional<Movement> visir::composeIndexing(Operation *op,
                                               ArrayRef<Movement> operands,
                                               unsigned maxBoxes) {
  using Result = std::optional<Movement>;
  return TypeSwitch<Operation *, Result>(op)
      .Case([&](GatherOp o) { return composeGather(o, operands[0], maxBoxes); })
      .Case([&](GatherNDOp o) {
        return composeGatherND(o, operands[0], maxBoxes);
      })
      .Case([&](ScatterNDOp o) {
        return composeScatterND(o, operands[0], operands[2], maxBoxes);
      })
      .Case([&](GatherElementsOp o) {
        return composeGatherElements(o, operands[0], maxBoxes);
      })
      .Case([&](ScatterElementsOp o) {
        return composeScatterElements(o, {operands[0], operands[2]}, maxBoxes);
      })
      .Default([](Operation *) { return Result(); });
}
