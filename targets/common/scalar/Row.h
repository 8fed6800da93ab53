// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Going over a row, the points of the reduction dimensions: by one invocation
// or by the threads of a group. Roots that need their row in any order are
// written once on it.
#ifndef VISIR_TARGETS_COMMON_SCALAR_ROW_H
#define VISIR_TARGETS_COMMON_SCALAR_ROW_H

#include "targets/common/scalar/Invocation.h"

namespace visir::scalar {

class Row {
public:
  virtual ~Row() = default;

  /// What `step` makes of a running value at each point, from `identity` on.
  /// Values of parts of the row come together by `combine`.
  virtual mlir::Value
  fold(mlir::Value identity,
       llvm::function_ref<mlir::Value(mlir::Value running)> step,
       llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine) = 0;
  /// Runs `body` at each point.
  virtual void each(llvm::function_ref<void()> body) = 0;
  /// Runs `body` once for the row, at the first point.
  virtual void once(llvm::function_ref<void()> body) = 0;
};

/// One invocation goes over the row in order.
class SequentialRow : public Row {
public:
  explicit SequentialRow(Invocation &at) : at(at) {}

  mlir::Value fold(
      mlir::Value identity, llvm::function_ref<mlir::Value(mlir::Value)> step,
      llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)>) override {
    return at.loop(at.reduction(), identity, [&](mlir::ValueRange running) {
      return Invocation::Values{step(running[0])};
    })[0];
  }
  void each(llvm::function_ref<void()> body) override {
    at.loop(at.reduction(), {}, [&](mlir::ValueRange) {
      body();
      return Invocation::Values();
    });
  }
  void once(llvm::function_ref<void()> body) override {
    at.reset(at.reduction());
    body();
  }

private:
  Invocation &at;
};

/// The parallel dimensions of the invocation's index are placed already.
/// reduce and contract.
void emitReduce(Invocation &at, Row &row);
void emitSoftmax(Invocation &at, Row &row);
void emitNorm(Invocation &at, Row &row);

} // namespace visir::scalar

#endif // VISIR_TARGETS_COMMON_SCALAR_ROW_H
