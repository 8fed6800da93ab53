// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Minimal filtering of 3-tap filters: F(2, 3) and F(4, 3).
// Sources: Winograd, Arithmetic Complexity of Computations, 1980; Lavin and
// Gray, Fast Algorithms for Convolutional Neural Networks, 2016. The points of
// F(4, 3) are 0, +-45/64, +-45/32, near +-1/sqrt 2, +-sqrt 2: they halve the
// rounding of the usual 0, +-1, +-2, and floats hold all factors.
#ifndef VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_TRANSFORMS_H
#define VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_TRANSFORMS_H

#include "targets/cpu/codegen/KernelBuilder.h"

#include <vector>

namespace visir::cpu {

/// The transforms for `outputs` (2 or 4) results of a 3-tap filter from
/// size() = outputs + 2 inputs: y = result * ((filter * g) . (input * d)).
/// Rows 1 and 2, 3 and 4 ... of `input` and of `filter`, and those columns of
/// `result`, belong to points p and -p.
struct FilterTransform {
  explicit FilterTransform(int64_t outputs);

  using Matrix = std::vector<std::vector<double>>;
  int64_t outputs;
  Matrix input;  ///< size x size
  Matrix filter; ///< size x 3
  Matrix result; ///< outputs x size

  int64_t size() const { return outputs + 2; }
};

/// Weights co x ci x window, with the last `axes` extents 3 of the window
/// replaced by size().
mlir::ElementsAttr transformWeights(mlir::ElementsAttr weights,
                                    const FilterTransform &transform,
                                    unsigned axes);

/// The input transform of size() vectors, of which null ones are zero.
llvm::SmallVector<mlir::Value>
emitInputTransform(KernelBuilder &kb, const FilterTransform &transform,
                   llvm::ArrayRef<mlir::Value> d);

/// The result transform of size() vectors to `outputs` vectors.
llvm::SmallVector<mlir::Value>
emitResultTransform(KernelBuilder &kb, const FilterTransform &transform,
                    llvm::ArrayRef<mlir::Value> m);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_TRANSFORMS_H
