// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Bitcast.h"

using namespace mlir;
using namespace visir;
using namespace visir::reference;

Evaluated visir::reference::evaluateBitcast(BitcastOp op,
                                            ArrayRef<Tensor> operands) {
  SmallVector<char> bytes = operands[0].toBytes();
  if (resultType(op).getElementType().isInteger(1))
    for (char &byte : bytes)
      byte = byte != 0;
  return Tensors{Tensor::fromBytes(resultType(op), bytes)};
}
