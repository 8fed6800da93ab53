// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/Evaluate.h"

#include "compiler/support/Constants.h"
#include "dialects/visir/Visir.h"

using namespace mlir;
using namespace visir;
using namespace visir::evaluation;

std::vector<double> Operand::doubles() const {
  std::vector<double> values(count());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = elementAsDouble(bytes, type.getElementType(), i);
  return values;
}

std::vector<int64_t> Operand::ints() const {
  std::vector<int64_t> values(count());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = elementAsInt(bytes, type.getElementType(), i);
  return values;
}

std::vector<char> evaluation::toBytes(Type element, ArrayRef<double> values) {
  std::vector<char> bytes(values.size() * elementBytes(element));
  for (auto [i, value] : llvm::enumerate(values))
    storeDouble(bytes, element, i, value);
  return bytes;
}

std::vector<char> evaluation::toBytes(Type element, ArrayRef<int64_t> values) {
  std::vector<char> bytes(values.size() * elementBytes(element));
  for (auto [i, value] : llvm::enumerate(values))
    storeInt(bytes, element, i, value);
  return bytes;
}

SmallVector<int64_t> evaluation::rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int i = int(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

SmallVector<int64_t> evaluation::broadcastStrides(ArrayRef<int64_t> from,
                                                  ArrayRef<int64_t> to) {
  SmallVector<int64_t> strides(to.size(), 0), own = rowMajorStrides(from);
  size_t lead = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i)
    strides[lead + i] = from[i] == 1 ? 0 : own[i];
  return strides;
}

std::vector<int64_t> evaluation::stridedPositions(ArrayRef<int64_t> shape,
                                                  ArrayRef<int64_t> strides,
                                                  int64_t offset) {
  std::vector<int64_t> positions(ShapedType::getNumElements(shape));
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t &position : positions) {
    position = offset;
    for (int i = int(shape.size()) - 1; i >= 0; --i) {
      offset += strides[i];
      if (++index[i] < shape[i])
        break;
      offset -= strides[i] * shape[i];
      index[i] = 0;
    }
  }
  return positions;
}

std::optional<ElementsAttr> visir::evaluate(Operation *op,
                                            ArrayRef<ElementsAttr> constants) {
  if (op->getNumResults() != 1)
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.hasStaticShape())
    return std::nullopt;
  SmallVector<SmallVector<char>> storage(constants.size());
  SmallVector<Operand> operands;
  for (auto [constant, own] : llvm::zip_equal(constants, storage))
    operands.push_back({cast<RankedTensorType>(constant.getShapedType()),
                        constantBytes(constant, own)});
  for (auto *family : {evaluateElementwise, evaluateMovement, evaluateReduce,
                       evaluateRandom})
    if (Result bytes = family(op, operands))
      return makeConstant(type, ArrayRef<char>(*bytes));
  return std::nullopt;
}
