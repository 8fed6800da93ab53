// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cuts the smallest part of a model that still shows a fault.
#ifndef VISIR_COMPILER_DRIVER_REDUCE_H
#define VISIR_COMPILER_DRIVER_REDUCE_H

#include "compiler/driver/Compare.h"

namespace visir {

/// Whether some ops, as a function of their own, still show the fault.
using FaultTest =
    std::function<mlir::FailureOr<bool>(llvm::ArrayRef<mlir::Operation *>)>;

/// A subset of `ops` (in order) that shows the fault and of which no single op
/// can be left out. The last op stays. `ops` itself must show it.
mlir::FailureOr<llvm::SmallVector<mlir::Operation *>>
reduceOps(llvm::ArrayRef<mlir::Operation *> ops, const FaultTest &test);

/// The ops of `ops` that its last one depends on, and itself.
llvm::SmallVector<mlir::Operation *>
backwardSlice(llvm::ArrayRef<mlir::Operation *> ops);

/// A reproducer: the part's IR, the inputs that the reference gives it, and
/// the outputs that the reference expects.
mlir::LogicalResult writeReproducer(mlir::func::FuncOp function,
                                    llvm::ArrayRef<reference::Tensor> inputs,
                                    llvm::ArrayRef<mlir::Operation *> ops,
                                    llvm::StringRef folder);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_REDUCE_H
