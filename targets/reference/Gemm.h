// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one matrix product of the reference: convolutions, matmuls, attention
// and contract dispatches are all made of it.
#ifndef VISIR_TARGETS_REFERENCE_GEMM_H
#define VISIR_TARGETS_REFERENCE_GEMM_H

#include "llvm/ADT/ArrayRef.h"

namespace visir::reference {

/// A matrix whose element (i, k) is base[outer[i] + inner[k]]; such offsets
/// express transposition, strides, broadcasting and im2col.
template <class T> struct GemmOperand {
  const T *base;
  llvm::ArrayRef<int64_t> outer, inner;
};

/// The result's element (i, j) is base[rows[i] + columns[j]].
template <class T> struct GemmResult {
  T *base;
  llvm::ArrayRef<int64_t> rows, columns;
};

/// One product: result(i, j) = sum over k of lhs(i, k) * rhs(j, k).
template <class T> struct Gemm {
  GemmOperand<T> lhs, rhs;
  GemmResult<T> result;
};

/// Computes all products on at most two threads, in blocks; every element is
/// summed in one fixed order. Integers wrap at 64 bits.
void runGemms(llvm::ArrayRef<Gemm<double>> gemms);
void runGemms(llvm::ArrayRef<Gemm<int64_t>> gemms);

} // namespace visir::reference

#endif // VISIR_TARGETS_REFERENCE_GEMM_H
