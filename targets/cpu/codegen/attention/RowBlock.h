// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parts of the attention kernel: packing, and one block of query rows.
#ifndef VISIR_TARGETS_CPU_CODEGEN_ATTENTION_ROWBLOCK_H
#define VISIR_TARGETS_CPU_CODEGEN_ATTENTION_ROWBLOCK_H

#include "targets/cpu/codegen/attention/AttentionPlan.h"

namespace visir::cpu {

/// Scratch memory of a piece of work; all memrefs are flat.
struct AttentionScratch {
  mlir::Value keys;     ///< [panels][depth][lanes] of factors
  mlir::Value values;   ///< [keys][valuePitch] of factors
  mlir::Value queries;  ///< [rows][queryPitch] of factors, times log2(e) scale
  mlir::Value scores;   ///< [rows][scorePitch]
  mlir::Value weights;  ///< [rows][scorePitch] of factors: exponentials
  mlir::Value inverses; ///< [rows]: 1 / sum of the row's exponentials
  int64_t queryPitch = 0;

  static AttentionScratch make(KernelBuilder &kb, const AttentionPlan &plan);
};

/// What the prologue yields for `operand`, along `loop` (-1: one element) at
/// `position`, as a payload scalar or vector.
mlir::Value loadOperand(KernelBuilder &kb, const AttentionPlan &plan,
                        AttentionOperand operand, const Position &position,
                        int loop, LaneGroup lanes);

/// Fill `scratch.keys` / `scratch.values` of the batch point at `position`, as
/// far as there are `keys` (index type).
void packKeys(KernelBuilder &kb, const AttentionPlan &plan,
              const AttentionScratch &scratch, const Position &position,
              mlir::Value keys);
void packValues(KernelBuilder &kb, const AttentionPlan &plan,
                const AttentionScratch &scratch, const Position &position,
                mlir::Value keys);

class RowBlockEmitter {
public:
  /// Of `keys` keys, a value of index type.
  RowBlockEmitter(KernelBuilder &kb, const AttentionPlan &plan,
                  const AttentionScratch &scratch, mlir::Value keys);

  /// Rows first .. first + rows - 1 of the row loop; `position` is that of
  /// the first row.
  void emit(const Position &position, mlir::Value first, unsigned rows);

private:
  using Values = llvm::SmallVector<mlir::Value>;
  void packQueries(const Position &position, unsigned rows);
  void scores(const Position &position, unsigned rows);
  void scoreBlock(const Position &position, unsigned rows, mlir::Value block,
                  unsigned vectors, int64_t lastValid);
  void fetchMask(const Position &at);
  mlir::Value mask(const Position &position, mlir::Value score, unsigned row,
                   mlir::Value column, unsigned valid);
  void softmax(unsigned firstRow, unsigned rows);
  mlir::Value powerOfTwo(mlir::Value x);
  void values(const Position &position, unsigned rows);

  KernelBuilder &kb;
  mlir::OpBuilder &b;
  mlir::Location loc;
  const AttentionPlan &plan;
  const AttentionScratch &scratch;
  mlir::Value keys;
  TileEpilogue epilogue;
  mlir::VectorType vectorType;
  mlir::Value firstRow;   ///< index of the block's first row
  mlir::Value keyLimit;   ///< keys that any row of the block sees
  mlir::Value panelLimit; ///< panels of scores that hold them
};

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_ATTENTION_ROWBLOCK_H
