// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/MovementSteps.h"

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

bool visir::isUsual(Operation *op) {
  auto usual = [](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    return tensor.hasStaticShape() && tensor.getNumElements() > 0;
  };
  return llvm::all_of(op->getOperandTypes(), usual) &&
         llvm::all_of(op->getResultTypes(), usual);
}

bool visir::isMovement(Operation *op) {
  bool is = TypeSwitch<Operation *, bool>(op)
                .Case<ReshapeOp, TransposeOp, SliceOp, ExpandOp, PadOp,
                      ConcatOp, MoveOp>([](auto) { return true; })
                .Case<AvgPoolOp, MaxPoolOp>(
                    [](auto pool) { return isSampling(pool); })
                .Default(hasKnownIndices(op));
  return is && isUsual(op);
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
          .Case<AvgPoolOp, MaxPoolOp>([&](auto o) -> Result {
            return composePool(o.getStrides(), resultShape(o), operands[0]);
          })
          .Case([&](MoveOp o) { return composeMove(o, operands, maxBoxes); })
          .Default([&](Operation *o) {
            return composeIndexing(o, operands, maxBoxes);
          });
  if (!result)
    return result;
  result->canonicalize();
  if (result->boxes.size() > maxBoxes)
    return std::nullopt;
  return result;
}
