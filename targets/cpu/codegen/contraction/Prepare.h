// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The computed operand of a product: rows of it are made in scratch, once for
// all columns, before the register tiles that read them.
#ifndef VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_PREPARE_H
#define VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_PREPARE_H

#include "targets/cpu/codegen/contraction/Plan.h"
#include "targets/cpu/codegen/nest/Position.h"

namespace visir::cpu {

/// What the prologue yields at `yield`, as a factor of the products, when load
/// i is `load(i)` for each i of `loads`, which are all that it depends on.
mlir::Value prologueOf(KernelBuilder &kb, const Contraction &c, unsigned yield,
                       llvm::ArrayRef<unsigned> loads,
                       llvm::function_ref<mlir::Value(unsigned)> load);

/// Rows of the scalar operand in scratch, `pitch` elements apart, one element
/// per step of the reduction; `memory` is null if it is read as it lies.
struct ScalarRows {
  mlir::Value memory;
  int64_t pitch = 0;
  int64_t tiles = 1; ///< register tiles whose rows are made at once
};

class RowPreparer {
public:
  RowPreparer(KernelBuilder &kb, const Contraction &contraction,
              const TilePlan &plan);

  const ScalarRows &rows() const { return scalars; }

  /// Makes `count` rows from the one at `first` on.
  void emit(const Position &first, mlir::Value count);

private:
  using Values = llvm::SmallVector<mlir::Value>;
  /// Neighbouring steps of the reduction.
  struct Steps {
    Offset first;
    unsigned valid;
  };

  int64_t preparedTiles(int64_t rowBytes) const;
  void normalRow(const Position &row, Offset to);
  mlir::Value loadSteps(const Position &row, unsigned load, Steps steps);
  mlir::Value sumOver(llvm::function_ref<mlir::Value(Steps)> value);
  mlir::Value sumLanes(mlir::Value vector);
  void forSteps(llvm::function_ref<void(Steps)> body);
  void storeSteps(const Position &row, Offset to, Steps steps,
                  mlir::Value normal);
  mlir::Value splat(mlir::Value scalar);
  mlir::Value onlyValid(mlir::Value vector, Steps steps);

  KernelBuilder &kb;
  mlir::OpBuilder &b;
  mlir::Location loc;
  const Contraction &c;
  const TilePlan &plan;
  ScalarRows scalars;
  int normalised = -1; ///< load, or -1
};

/// Why the operand that the product's prologue computes is better made by a
/// dispatch of its own; empty if it is better made by the product's kernel.
std::string reasonToSplitOperand(DispatchOp op, const CpuSpec &spec);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_PREPARE_H
