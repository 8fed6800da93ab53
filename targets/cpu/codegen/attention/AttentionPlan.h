// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loops of an attention dispatch by role, and its blocks.
#ifndef VISIR_TARGETS_CPU_CODEGEN_ATTENTION_ATTENTIONPLAN_H
#define VISIR_TARGETS_CPU_CODEGEN_ATTENTION_ATTENTIONPLAN_H

#include "targets/cpu/codegen/nest/Columns.h"
#include "targets/cpu/codegen/nest/Windows.h"

namespace visir::cpu {

struct KernelWork;

/// The operands of the root, as the prologue yields them.
enum AttentionOperand : unsigned { kQuery, kKey, kValue, kMask };

struct AttentionPlan {
  FlatNest nest;
  llvm::SmallVector<unsigned, 2> loads[4]; ///< by operand
  bool masked = false, causal = false;
  bool bounded = false; ///< a scalar says how many keys there are
  double scale = 1;
  llvm::SmallVector<unsigned, 4> batchLoops;
  /// Query and key positions, slowest first, but for the query's `rowLoop`.
  llvm::SmallVector<unsigned, 2> outerRowLoops, keyLoops;
  int rowLoop = -1;
  int valueLoop = -1, depthLoop = -1; ///< e and d; -1 for an extent of one
  mlir::Type element; ///< of scores and results
  mlir::Type factor;  ///< of what products multiply, f16 where it may be

  unsigned lanes = 1;
  unsigned rows = 1;         ///< of a block of queries
  unsigned scoreVectors = 1; ///< of a register tile of scores
  unsigned valueVectors = 1; ///< of a register tile of results
  llvm::SmallVector<RowClass, 4> rowClasses;
  llvm::SmallVector<ColumnClass, 2> valueColumns;
  /// Row blocks of one batch point that a piece of work has; a batch point
  /// has `blocks`.
  int64_t blocks = 1, blocksPerPiece = 1;
  uint32_t tileCount = 1;
  double rowCycles = 0; ///< products of one batch point and outer row

  int64_t extent(int loop) const {
    return loop < 0 ? 1 : nest.loops[loop].extent;
  }
  /// Whether rows may see fewer keys than there are.
  bool limitsKeys() const { return causal || bounded; }
  int64_t points(llvm::ArrayRef<unsigned> loops) const;
  int64_t keys() const { return points(keyLoops); }
  int64_t keyPanels() const { return (keys() + lanes - 1) / lanes; }
  int64_t depth() const { return extent(depthLoop); }
  /// Floats of a row of scores, and of a row of copied values.
  int64_t scorePitch() const { return keyPanels() * lanes; }
  int64_t valuePitch() const;
};

/// What the kernel of `plan` does and how long that should take.
KernelWork workOf(DispatchOp op, const AttentionPlan &plan);

/// The plan of an `attention` dispatch. On failure `reason` says why the
/// kernel does not apply.
mlir::FailureOr<AttentionPlan> planAttention(DispatchOp op, const CpuSpec &spec,
                                             std::string &reason);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_ATTENTION_ATTENTIONPLAN_H
