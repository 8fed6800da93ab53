// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The part of a function that no argument reaches.
#ifndef VISIR_COMPILER_TRANSFORMS_CONSTANTSLICE_H
#define VISIR_COMPILER_TRANSFORMS_CONSTANTSLICE_H

#include "dialects/visir/Visir.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace visir {

/// Values that depend on constants only and take products to compute.
struct ConstantSlice {
  /// In order: all that the roots need, constants aside.
  llvm::SmallVector<mlir::Operation *> ops;
  /// The constants that `ops` read.
  llvm::SmallVector<mlir::Operation *> constants;
  /// What the rest of the function reads, without movement behind it that
  /// makes it no smaller.
  llvm::SmallVector<mlir::Value> roots;

  int64_t constantBytes() const;
  /// Multiply-accumulates of products and attentions.
  double macs() const;
};

/// No roots where there is nothing to compute.
ConstantSlice findConstantSlice(mlir::func::FuncOp func);

/// The slice as an entry point without arguments that gives the roots.
mlir::OwningOpRef<mlir::ModuleOp> extractModule(const ConstantSlice &slice);

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_CONSTANTSLICE_H
