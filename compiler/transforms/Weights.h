// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Contractions with constant weights, and constants that vary along one axis.
#ifndef VISIR_COMPILER_TRANSFORMS_WEIGHTS_H
#define VISIR_COMPILER_TRANSFORMS_WEIGHTS_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/PatternMatch.h"

#include <optional>

namespace visir {

/// The values, one per index of `axis`, of a constant that broadcasts to
/// `shape` and varies along `axis` alone.
std::optional<llvm::SmallVector<double>>
valuesAlong(mlir::Value constant, llvm::ArrayRef<int64_t> shape, int64_t axis);

/// A conv, conv_transpose, or matmul with a matrix on its right, whose weight
/// is constant.
class WeightedOp {
public:
  /// Nothing when `op` is not one.
  static std::optional<WeightedOp> of(mlir::Operation *op);

  mlir::Operation *getOp() const { return op; }
  mlir::Value getInput() const { return op->getOperand(0); }
  mlir::Value getResult() const { return op->getResult(0); }
  /// The axis of the input and of the result that the weight mixes.
  int64_t inputAxis() const;
  int64_t resultAxis() const;
  int64_t numOutputs() const;
  /// Whether every output sees every tap of its window: no padding.
  bool seesOnlyInput() const;
  bool isMatMul() const;

  /// The op with weight(i, o) * in[i] * out[o] and another input; `in` and
  /// `out` may be empty. A bias is scaled by `out` and then shifted by `add`.
  mlir::Value rebuild(mlir::PatternRewriter &rewriter, mlir::Location loc,
                      mlir::Value input, llvm::ArrayRef<double> in,
                      llvm::ArrayRef<double> out,
                      llvm::ArrayRef<double> add) const;

  /// What a constant input of in[i] per channel gives, bias aside.
  llvm::SmallVector<double> respond(llvm::ArrayRef<double> in) const;

private:
  explicit WeightedOp(mlir::Operation *op) : op(op) {}
  /// Calls `f(weight element, input channel, output channel)` in order.
  void
  forEachWeight(llvm::function_ref<void(size_t, int64_t, int64_t)> f) const;

  mlir::Operation *op;
};

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_WEIGHTS_H
