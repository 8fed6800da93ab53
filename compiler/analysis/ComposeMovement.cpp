// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/MovementSteps.h"

#include "compiler/support/Constants.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace visir;

static ArrayRef<int64_t> resultShape(Operation *op) {
  return cast<RankedTensorType>(op->getResult(0).getType()).getShape();
}

static std::optional<Movement> composeReshapeOp(ReshapeOp op, Movement movement,
                                                unsigned maxBoxes) {
  SmallVector<int64_t> from = movement.shape;
  if (failed(reshapeTo(movement, from, resultShape(op), maxBoxes)))
    return std::nullopt;
  return movement;
}

static std::optional<Movement> composeTranspose(TransposeOp op,
                                                Movement movement) {
  for (MovementBox &box : movement.boxes) {
    LinearAccess old = box.dst();
    for (auto [to, from] : llvm::enumerate(op.getPermutation())) {
      box.dst().coefficients[to] = old.coefficients[from];
      box.dst().offsets[to] = old.offsets[from];
    }
  }
  movement.shape = llvm::to_vector(resultShape(op));
  return movement;
}

static std::optional<Movement> composeSlice(SliceOp op, Movement movement) {
  for (unsigned i = 0; i < movement.shape.size(); ++i)
    if (op.getOffsets()[i] != 0 || op.getStrides()[i] != 1 ||
        op.getSizes()[i] != movement.shape[i])
      sliceAxis(movement, i, op.getOffsets()[i], op.getSizes()[i],
                op.getStrides()[i]);
  return movement;
}

/// A pool of kernel 1 takes every stride-th element.
static std::optional<Movement> composePool(ArrayRef<int64_t> strides,
                                           ArrayRef<int64_t> shape,
                                           Movement movement) {
  for (auto [i, stride] : llvm::enumerate(strides))
    if (stride != 1 || shape[i + 2] != movement.shape[i + 2])
      sliceAxis(movement, i + 2, 0, shape[i + 2], stride);
  return movement;
}

static std::optional<Movement> composeExpand(ExpandOp op, Movement movement) {
  ArrayRef<int64_t> to = resultShape(op);
  size_t lead = to.size() - movement.shape.size();
  for (MovementBox &box : movement.boxes) {
    LinearAccess &dst = box.dst();
    dst.offsets.insert(dst.offsets.begin(), lead, 0);
    dst.coefficients.insert(dst.coefficients.begin(), lead,
                            SmallVector<int64_t>(box.box.rank(), 0));
    for (size_t j = 0; j < to.size(); ++j)
      if (j < lead || movement.shape[j - lead] != to[j]) {
        box.box.addDim(to[j]);
        box.dst().coefficients[j].back() = 1;
      }
  }
  movement.shape = llvm::to_vector(to);
  return movement;
}

static std::optional<Movement> composeConcat(ConcatOp op,
                                             ArrayRef<Movement> operands) {
  Movement result;
  result.shape = llvm::to_vector(resultShape(op));
  int64_t at = 0;
  for (const Movement &operand : operands) {
    Movement part = operand;
    shiftAxis(part, op.getAxis(), at);
    at += operand.shape[op.getAxis()];
    if (failed(append(result, part)))
      return std::nullopt;
  }
  return result;
}

/// Where coordinate `i` of a pad that repeats elements reads.
static int64_t paddedFrom(PadMode mode, int64_t i, int64_t size) {
  int64_t period = size == 1 ? 1 : 2 * (size - 1);
  int64_t mirrored = ((i % period) + period) % period;
  if (mode == PadMode::Edge)
    return std::clamp<int64_t>(i, 0, size - 1);
  if (mode == PadMode::Wrap)
    return ((i % size) + size) % size;
  return mirrored < size ? mirrored : period - mirrored;
}

/// Takes `elements` along an axis of `operands`, which agree in all others.
static std::optional<Movement> takeElements(ArrayRef<Movement> operands,
                                            unsigned axis,
                                            ArrayRef<AxisElement> elements,
                                            unsigned maxBoxes) {
  SmallVector<Value> sources(operands.size());
  SmallVector<int64_t> shape = operands[0].shape;
  shape[axis] = elements.size();
  auto taken = gatherElements(shape, sources, axis, elements, maxBoxes);
  return taken ? composeBoxes(*taken, operands, maxBoxes) : std::nullopt;
}

static std::optional<Movement> composePad(PadOp op, Movement movement,
                                          unsigned maxBoxes) {
  if (op.getMode() == PadMode::Constant) {
    if (!movement.surround(op.getLow(), resultShape(op),
                           op.getValue().convertToDouble()))
      return std::nullopt;
    return movement;
  }
  for (unsigned j = 0; j < movement.shape.size(); ++j) {
    int64_t size = movement.shape[j], low = op.getLow()[j];
    if (low == 0 && op.getHigh()[j] == 0)
      continue;
    SmallVector<AxisElement> elements;
    for (int64_t i = -low; i < size + op.getHigh()[j]; ++i)
      elements.push_back({0, paddedFrom(op.getMode(), i, size)});
    auto padded = takeElements(movement, j, elements, maxBoxes);
    if (!padded)
      return std::nullopt;
    movement = std::move(*padded);
  }
  return movement;
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

static unsigned indexDepth(Value indices) {
  return cast<RankedTensorType>(indices.getType()).getShape().back();
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

/// Indices that are the same wherever an element lies in the dimensions other
/// than `axis`, by coordinate along it.
static std::optional<SmallVector<int64_t>>
indicesAlong(Value value, unsigned axis, int64_t extent) {
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

static std::optional<Movement>
composeGatherElements(GatherElementsOp op, const Movement &input,
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

static std::optional<Movement>
composeMove(MoveOp op, ArrayRef<Movement> operands, unsigned maxBoxes) {
  std::optional<Movement> own = Movement::of(op);
  return own ? composeBoxes(*own, operands, maxBoxes) : std::nullopt;
}

template <typename Pool> static bool isSampling(Pool op) {
  auto isOne = [](int64_t k) { return k == 1; };
  auto isZero = [](int64_t p) { return p == 0; };
  return llvm::all_of(op.getKernel(), isOne) &&
         llvm::all_of(op.getPads(), isZero);
}

bool visir::isMovement(Operation *op) {
  bool is = TypeSwitch<Operation *, bool>(op)
                .Case<ReshapeOp, TransposeOp, SliceOp, ExpandOp, PadOp,
                      ConcatOp, MoveOp>([](auto) { return true; })
                .Case<AvgPoolOp, MaxPoolOp>(
                    [](auto pool) { return isSampling(pool); })
                .Case([](GatherOp gather) {
                  return bool(constantOf(gather.getIndices()));
                })
                .Case([](GatherNDOp gather) {
                  return constantOf(gather.getIndices()) &&
                         gather.getBatchDims() == 0;
                })
                .Case([](GatherElementsOp gather) {
                  return bool(constantOf(gather.getIndices()));
                })
                .Case<ScatterNDOp, ScatterElementsOp>([](auto scatter) {
                  return constantOf(scatter.getIndices()) &&
                         scatter.getKind() == ScatterKind::Replace;
                })
                .Default(false);
  if (!is)
    return false;
  auto isUsual = [](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    return tensor.hasStaticShape() && tensor.getNumElements() > 0;
  };
  return llvm::all_of(op->getOperandTypes(), isUsual) &&
         llvm::all_of(op->getResultTypes(), isUsual);
}

std::optional<Movement> visir::composeMovement(Operation *op,
                                               ArrayRef<Movement> operands,
                                               unsigned maxBoxes) {
  using Result = std::optional<Movement>;
  Result result =
      TypeSwitch<Operation *, Result>(op)
          .Case([&](ReshapeOp o) {
            return composeReshapeOp(o, operands[0], maxBoxes);
          })
          .Case([&](TransposeOp o) { return composeTranspose(o, operands[0]); })
          .Case([&](SliceOp o) { return composeSlice(o, operands[0]); })
          .Case([&](ExpandOp o) { return composeExpand(o, operands[0]); })
          .Case([&](PadOp o) { return composePad(o, operands[0], maxBoxes); })
          .Case([&](ConcatOp o) { return composeConcat(o, operands); })
          .Case([&](GatherOp o) {
            return composeGather(o, operands[0], maxBoxes);
          })
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
            return composeScatterElements(o, {operands[0], operands[2]},
                                          maxBoxes);
          })
          .Case<AvgPoolOp, MaxPoolOp>([&](auto o) -> Result {
            return composePool(o.getStrides(), resultShape(o), operands[0]);
          })
          .Case([&](MoveOp o) { return composeMove(o, operands, maxBoxes); })
          .Default([](Operation *) { return Result(); });
  if (!result)
    return result;
  result->canonicalize();
  if (result->boxes.size() > maxBoxes)
    return std::nullopt;
  return result;
}
