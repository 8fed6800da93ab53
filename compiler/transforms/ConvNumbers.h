// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A convolution with constant weights by its numbers, and what it costs.
#ifndef VISIR_COMPILER_TRANSFORMS_CONVNUMBERS_H
#define VISIR_COMPILER_TRANSFORMS_CONVNUMBERS_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/PatternMatch.h"

#include <vector>

namespace visir {

/// A convolution, two-dimensional or of any other rank, without dilations.
struct ConvNumbers {
  llvm::SmallVector<int64_t> in, out; ///< shapes
  llvm::SmallVector<int64_t> kernel, strides, low, high;
  int64_t groups = 1;
  std::vector<double> weights; ///< co x ci / groups x kernel

  static ConvNumbers of(ConvOp op);
  unsigned spatial() const { return kernel.size(); }
  int64_t inChannels() const { return in[1]; }
  int64_t outChannels() const { return out[1]; }
  int64_t inner() const { return in[1] / groups; }
  int64_t taps() const;
  bool isDepthwise() const { return groups > 1 && groups == outChannels(); }
  /// In products, about.
  double cost() const;
  /// The op, with a result of `type`; `bias` may be null.
  mlir::Value create(mlir::PatternRewriter &rewriter, mlir::Location loc,
                     mlir::Value input, mlir::Value bias,
                     mlir::Type type) const;
};

/// Whether `ConvNumbers` can say all of `op`: constant weights of floats, no
/// dilations, a result of some elements.
bool isPlainConv(ConvOp op);

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_CONVNUMBERS_H
