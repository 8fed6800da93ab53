// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In which order the operands of an Einsum are contracted, two at a time.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_EINSUMORDER_H
#define VISIR_FRONTENDS_ONNX_IMPORT_EINSUMORDER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <utility>

namespace visir::onnx {

/// An operand: the labels of its dimensions, bit i for label i.
struct EinsumOperand {
  uint64_t labels = 0;
  bool constant = false;
};

/// Pairs of terms, the first below the second: terms 0 ... n - 1 are the
/// operands, term n + i is what pair i gives. What only constants make costs
/// nothing, as it is computed while compiling, unless it is far larger than
/// they are. `sizes` has the extent of each label.
llvm::SmallVector<std::pair<unsigned, unsigned>>
einsumOrder(llvm::ArrayRef<EinsumOperand> operands, uint64_t output,
            llvm::ArrayRef<int64_t> sizes);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_EINSUMORDER_H
