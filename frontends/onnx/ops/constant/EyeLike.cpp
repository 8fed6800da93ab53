// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Tensor.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importEyeLike(Node &node) {
  int64_t k = node.intAttr("k", 0);
  Type element = node.elementType(0);
  if (node.hasAttr("dtype")) {
    int64_t dtype = node.intAttr("dtype", 0);
    element = elementTypeOf(node.context(), dtype);
    if (!element)
      return node.refuse("dtype", dataTypeName(dtype),
                         "a float, integer or bool");
  }
  if (node.rank(0) != 2)
    return node.refuse("rank of the input", Twine(node.rank(0)), "2");
  auto type = RankedTensorType::get(node.shape(0), element);
  if (failed(checkConstantSize(node, type.getNumElements())))
    return failure();
  SmallVector<char> bytes(tensorBytes(type));
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  for (int64_t row = 0; row < rows; ++row)
    if (k > -rows && k < columns && row + k >= 0 && row + k < columns)
      storeInt(bytes, element, row * columns + row + k, 1);
  return node.setOutput(
      0, node.constant(makeConstant(type, ArrayRef<char>(bytes))));
}

VISIR_ONNX_OP(EyeLike, 9, 1, importEyeLike)
