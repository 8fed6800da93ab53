// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any dispatch as a plain kernel for targets with many invocations: each
// computes one point of the parallel dimensions, or one row where a root
// needs its row. The code is scf, arith and math on scalars and index
// arithmetic; memory is reached through an interface alone.
#ifndef VISIR_TARGETS_COMMON_SCALAR_SCALARKERNEL_H
#define VISIR_TARGETS_COMMON_SCALAR_SCALARKERNEL_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/Builders.h"

namespace visir::scalar {

/// How a kernel reaches its bindings: the dispatch's inputs, then its
/// results, as the planner binds them. The inputs that results are tied to
/// are reached through the results.
class Memory {
public:
  virtual ~Memory() = default;

  /// Element number `element` (index type) of a binding, in the tensor's
  /// layout; of `memoryType` of the tensor's elements. In range always.
  virtual mlir::Value load(mlir::OpBuilder &b, mlir::Location loc,
                           unsigned binding, mlir::Value element) = 0;
  virtual void store(mlir::OpBuilder &b, mlir::Location loc, unsigned binding,
                     mlir::Value element, mlir::Value value) = 0;

  /// Makes the run fail if `condition` (i1) is true; the kernel goes on.
  virtual void raiseIf(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value condition) = 0;
};

/// Bindings that are the arguments of a kernel, memrefs of one dimension; the
/// last argument is the word for errors, if the kernel may raise one.
class ArgumentMemory : public Memory {
public:
  explicit ArgumentMemory(mlir::ValueRange arguments) : arguments(arguments) {}

  mlir::Value load(mlir::OpBuilder &b, mlir::Location loc, unsigned binding,
                   mlir::Value element) override;
  void store(mlir::OpBuilder &b, mlir::Location loc, unsigned binding,
             mlir::Value element, mlir::Value value) override;
  void raiseIf(mlir::OpBuilder &b, mlir::Location loc,
               mlir::Value condition) override;

private:
  mlir::ValueRange arguments;
};

/// How many invocations do the work of a dispatch; at least 1.
int64_t invocationCount(DispatchOp op);

/// Whether the kernel may call `raiseIf`: indices are data.
bool mayRaise(DispatchOp op);

/// Emits the work of invocation `id` (index type, 0 .. invocationCount - 1)
/// where `b` stands. Functions of math and conversions of narrow floats are
/// left in the code; `expandMath` (targets/common/math) removes them. Errors
/// are reported at the dispatch.
mlir::LogicalResult emitInvocation(mlir::OpBuilder &b, DispatchOp op,
                                   mlir::Value id, Memory &memory);

/// How many neighbours of a map's results an invocation may compute, so that
/// accesses of 16 bytes can come of it: 4 or 2 where they lie side by side in
/// all memory that moves with them, in results from a multiple of so many on;
/// else 1.
int64_t neighboursAtOnce(DispatchOp op);

/// As emitInvocation, but of a map's `count` neighbours; ids end at so much
/// less.
mlir::LogicalResult emitNeighbours(mlir::OpBuilder &b, DispatchOp op,
                                   mlir::Value id, int64_t count,
                                   Memory &memory);

} // namespace visir::scalar

#endif // VISIR_TARGETS_COMMON_SCALAR_SCALARKERNEL_H
