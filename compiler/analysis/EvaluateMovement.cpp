// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/Evaluate.h"

#include "compiler/analysis/StridedBox.h"
#include "compiler/support/Constants.h"
#include "dialects/visir/Visir.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace visir;
using namespace visir::evaluation;

static RankedTensorType typeOf(Operation *op) {
  return cast<RankedTensorType>(op->getResult(0).getType());
}

/// The elements of `input` at `positions`.
static std::vector<char> pick(const Operand &input,
                              ArrayRef<int64_t> positions) {
  unsigned size = elementBytes(input.type.getElementType());
  std::vector<char> out(positions.size() * size);
  for (auto [i, position] : llvm::enumerate(positions))
    memcpy(out.data() + i * size, input.bytes.data() + position * size, size);
  return out;
}

static Result evaluateTranspose(TransposeOp op, const Operand &input) {
  SmallVector<int64_t> own = rowMajorStrides(input.type.getShape()), strides;
  for (int64_t dim : op.getPermutation())
    strides.push_back(own[dim]);
  return pick(input, stridedPositions(typeOf(op).getShape(), strides));
}

static Result evaluateSlice(SliceOp op, const Operand &input) {
  SmallVector<int64_t> strides = rowMajorStrides(input.type.getShape());
  int64_t offset = 0;
  for (size_t i = 0; i < strides.size(); ++i) {
    offset += strides[i] * op.getOffsets()[i];
    strides[i] *= op.getStrides()[i];
  }
  return pick(input, stridedPositions(op.getSizes(), strides, offset));
}

/// Where coordinate `at` of a padded dimension lies in the input, or -1.
static int64_t padSource(PadMode mode, int64_t at, int64_t size) {
  if (at >= 0 && at < size)
    return at;
  switch (mode) {
  case PadMode::Constant:
    return -1;
  case PadMode::Edge:
    return at < 0 ? 0 : size - 1;
  case PadMode::Wrap:
    return ((at % size) + size) % size;
  case PadMode::Reflect: {
    if (size == 1)
      return 0;
    int64_t period = 2 * (size - 1), r = ((at % period) + period) % period;
    return r < size ? r : period - r;
  }
  }
  return -1;
}

static Result evaluatePad(PadOp op, const Operand &input) {
  ArrayRef<int64_t> shape = typeOf(op).getShape(), in = input.type.getShape();
  SmallVector<int64_t> own = rowMajorStrides(in);
  // Dimension by dimension: the position, or -1 once a coordinate is outside.
  std::vector<int64_t> positions(1, 0);
  for (size_t d = 0; d < shape.size(); ++d) {
    std::vector<int64_t> next;
    next.reserve(positions.size() * shape[d]);
    for (int64_t base : positions)
      for (int64_t i = 0; i < shape[d]; ++i) {
        int64_t at = padSource(op.getMode(), i - op.getLow()[d], in[d]);
        next.push_back(base < 0 || at < 0 ? -1 : base + at * own[d]);
      }
    positions = std::move(next);
  }
  Type element = input.type.getElementType();
  unsigned size = elementBytes(element);
  SmallVector<char> fill(size);
  storeDouble(fill, element, 0, op.getValue().convertToDouble());
  std::vector<char> out(positions.size() * size);
  for (auto [i, position] : llvm::enumerate(positions))
    memcpy(out.data() + i * size,
           position < 0 ? fill.data() : input.bytes.data() + position * size,
           size);
  return out;
}

static Result evaluateConcat(ConcatOp op, Operands operands) {
  RankedTensorType type = typeOf(op);
  int64_t outer = 1, inner = elementBytes(type.getElementType());
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (i != int64_t(op.getAxis()))
      (i < int64_t(op.getAxis()) ? outer : inner) *= type.getDimSize(i);
  std::vector<char> out;
  out.reserve(tensorBytes(type));
  for (int64_t o = 0; o < outer; ++o)
    for (const Operand &operand : operands) {
      int64_t run = operand.type.getDimSize(op.getAxis()) * inner;
      const char *from = operand.bytes.data() + o * run;
      out.insert(out.end(), from, from + run);
    }
  return out;
}

static Result evaluateMove(MoveOp op, Operands operands) {
  RankedTensorType type = typeOf(op);
  Type element = type.getElementType();
  unsigned size = elementBytes(element);
  std::vector<char> out(tensorBytes(type));
  for (BoxAttr box : op.getMap().getBoxes()) {
    auto positionsOf = [&](AffineMap map, ArrayRef<int64_t> shape) {
      auto access = LinearAccess::fromMap(map);
      SmallVector<int64_t> own = rowMajorStrides(shape);
      SmallVector<int64_t> strides(box.getSizes().size(), 0);
      int64_t offset = 0;
      for (size_t j = 0; j < own.size(); ++j) {
        offset += own[j] * access->offsets[j];
        for (size_t i = 0; i < strides.size(); ++i)
          strides[i] += own[j] * access->coefficients[j][i];
      }
      return stridedPositions(box.getSizes(), strides, offset);
    };
    auto to = positionsOf(box.getDst(), type.getShape());
    if (box.getSource() < 0) {
      for (int64_t position : to)
        storeDouble(out, element, position, op.getMap().getFillValue());
      continue;
    }
    const Operand &input = operands[box.getSource()];
    auto from = positionsOf(box.getSrc(), input.type.getShape());
    for (auto [t, f] : llvm::zip_equal(to, from))
      memcpy(out.data() + t * size, input.bytes.data() + f * size, size);
  }
  return out;
}

/// Index `i` of an axis of `extent`, or nothing when out of range.
static std::optional<int64_t> wrapIndex(int64_t i, int64_t extent) {
  if (i < 0)
    i += extent;
  if (i < 0 || i >= extent)
    return std::nullopt;
  return i;
}

static Result evaluateGather(GatherOp op, const Operand &input,
                             const Operand &indices) {
  ArrayRef<int64_t> in = input.type.getShape();
  int64_t axis = op.getAxis(), outer = 1;
  int64_t inner = elementBytes(input.type.getElementType());
  for (int64_t i = 0; i < int64_t(in.size()); ++i)
    if (i != axis)
      (i < axis ? outer : inner) *= in[i];
  std::vector<char> out;
  std::vector<int64_t> at = indices.ints();
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t index : at) {
      auto i = wrapIndex(index, in[axis]);
      if (!i)
        return std::nullopt;
      const char *from = input.bytes.data() + (o * in[axis] + *i) * inner;
      out.insert(out.end(), from, from + inner);
    }
  return out;
}

static Result evaluateGatherElements(GatherElementsOp op, const Operand &input,
                                     const Operand &indices) {
  SmallVector<int64_t> strides = rowMajorStrides(input.type.getShape());
  int64_t axis = op.getAxis(), along = strides[axis];
  strides[axis] = 0;
  auto positions = stridedPositions(indices.type.getShape(), strides);
  std::vector<int64_t> at = indices.ints();
  for (auto [position, index] : llvm::zip_equal(positions, at)) {
    auto i = wrapIndex(index, input.type.getDimSize(axis));
    if (!i)
      return std::nullopt;
    position += *i * along;
  }
  return pick(input, positions);
}

Result evaluation::evaluateMovement(Operation *op, Operands operands) {
  return TypeSwitch<Operation *, Result>(op)
      .Case([&](ReshapeOp) {
        ArrayRef<char> bytes = operands[0].bytes;
        return std::vector<char>(bytes.begin(), bytes.end());
      })
      .Case([&](TransposeOp o) { return evaluateTranspose(o, operands[0]); })
      .Case([&](SliceOp o) { return evaluateSlice(o, operands[0]); })
      .Case([&](PadOp o) { return evaluatePad(o, operands[0]); })
      .Case([&](ExpandOp o) -> Result {
        return pick(
            operands[0],
            stridedPositions(
                o.getShape(),
                broadcastStrides(operands[0].type.getShape(), o.getShape())));
      })
      .Case([&](ConcatOp o) { return evaluateConcat(o, operands); })
      .Case([&](MoveOp o) { return evaluateMove(o, operands); })
      .Case([&](GatherOp o) {
        return evaluateGather(o, operands[0], operands[1]);
      })
      .Case([&](GatherElementsOp o) {
        return evaluateGatherElements(o, operands[0], operands[1]);
      })
      .Default([](Operation *) { return Result(); });
}
