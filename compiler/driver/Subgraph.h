// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parts of a function as functions of their own, for the search of faults.
#ifndef VISIR_COMPILER_DRIVER_SUBGRAPH_H
#define VISIR_COMPILER_DRIVER_SUBGRAPH_H

#include "targets/reference/Interpreter.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace visir {

/// Some ops of a function as the function `main` of a module. Constants come
/// along; every other value that the ops use and do not define is an argument,
/// every value that something else needs, or nothing uses, is a result.
struct Subgraph {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// The values of the original function behind arguments and results.
  llvm::SmallVector<mlir::Value> arguments, results;

  mlir::func::FuncOp function();
};

/// `ops`: ops of `function` in order, neither constants nor its terminator.
Subgraph extractSubgraph(mlir::func::FuncOp function,
                         llvm::ArrayRef<mlir::Operation *> ops);

/// All ops of a function but constants and the terminator.
llvm::SmallVector<mlir::Operation *> computedOps(mlir::func::FuncOp function);

/// The reference's values of `wanted`, which the function's arguments may be
/// among.
mlir::FailureOr<llvm::SmallVector<reference::Tensor>>
referenceValues(mlir::func::FuncOp function,
                llvm::ArrayRef<reference::Tensor> inputs,
                llvm::ArrayRef<mlir::Value> wanted);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_SUBGRAPH_H
