// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compares a target with the reference and names the first ONNX node whose
// value differs.
#ifndef VISIR_COMPILER_DRIVER_COMPARE_H
#define VISIR_COMPILER_DRIVER_COMPARE_H

#include "compiler/driver/Evaluate.h"
#include "compiler/driver/Subgraph.h"

#include <optional>
#include <string>
#include <vector>

namespace visir {

/// How far a value of a target is from the reference.
struct Difference {
  /// Largest difference divided by the largest expected magnitude (by 1 when
  /// all are 0); infinite where one is NaN or infinite and the other not, or
  /// for different integers.
  double error = 0;
  /// Largest expected magnitude among the finite ones.
  double largest = 0;
  /// Row-major number of the element that differs most, and both values.
  int64_t element = 0;
  double actual = 0, expected = 0;
};

Difference measure(const reference::Tensor &actual,
                   const reference::Tensor &expected);

/// Permitted error of an element type: 1e-4 for f32, 1e-10 for f64, 1e-2 for
/// f16, 5e-2 for bf16, times `factor`; 0 for integers.
double permittedError(mlir::Type element, double factor = 1);

/// The outputs of a function on target and reference.
struct Comparison {
  std::vector<std::string> names;
  std::vector<Difference> outputs;
  bool agrees = true;
};
mlir::FailureOr<Comparison>
compareOutputs(mlir::func::FuncOp function,
               llvm::ArrayRef<reference::Tensor> inputs,
               const TargetRunner &runner, double factor = 1);

/// The first op whose value differs: a target that computes only the ops
/// before it agrees with the reference, one that also computes it does not.
struct FirstDifference {
  mlir::Operation *op = nullptr;
  Difference difference;
  /// Ops up to and with `op`, for a reducer to start from.
  llvm::SmallVector<mlir::Operation *> prefix;
};

/// Searches by bisection; `progress`, if set, is told of each step. Returns
/// nothing if the whole function agrees.
mlir::FailureOr<std::optional<FirstDifference>>
findFirstDifference(mlir::func::FuncOp function,
                    llvm::ArrayRef<reference::Tensor> inputs,
                    const TargetRunner &runner, double factor = 1,
                    std::function<void(size_t, size_t)> progress = {});

/// Runs some ops of a function on reference and target, fed with the
/// reference's values; gives the largest error beyond what is permitted, or
/// nothing when all results agree.
mlir::FailureOr<std::optional<Difference>>
compareOps(mlir::func::FuncOp function,
           llvm::ArrayRef<reference::Tensor> inputs,
           llvm::ArrayRef<mlir::Operation *> ops, const TargetRunner &runner,
           double factor = 1);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_COMPARE_H
