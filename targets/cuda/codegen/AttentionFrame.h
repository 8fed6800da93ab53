// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention by matrix units in one pass over the keys, as far as it does not
// depend on the type of the factors: a block has 16 queries for each warp, and
// keys and values come to shared memory some at a time. Scores, softmax and
// sums are of f32 (FlashAttention-2; Dao, 2023).
#ifndef VISIR_TARGETS_CUDA_CODEGEN_ATTENTIONFRAME_H
#define VISIR_TARGETS_CUDA_CODEGEN_ATTENTIONFRAME_H

#include "targets/common/AttentionRoles.h"
#include "targets/common/scalar/Invocation.h"
#include "targets/common/tiled/Workgroup.h"

namespace visir::cuda {

/// Queries, keys or values: lines, each a query or a key, of elements.
struct AttentionLines {
  int64_t count = 0; ///< of lines in all
  int64_t width = 0; ///< elements of a line
  llvm::SmallVector<unsigned, 4> lines, elements; ///< dimensions
};

/// What the dimensions of an attention are to blocks.
struct AttentionShape {
  Nest nest;
  AttentionRoles roles;
  llvm::SmallVector<unsigned, 4> batches;
  AttentionLines queries, keys, values;
  int64_t batchCount = 1;
  int64_t warps = 1;
  int64_t keysAtOnce = 32; ///< that come at a time

  int64_t threads() const { return 32 * warps; }
  int64_t rows() const { return 16 * warps; }
  int64_t tiles() const { return llvm::divideCeil(queries.count, rows()); }
  int64_t groups() const { return batchCount * tiles(); }
  int64_t steps() const { return llvm::divideCeil(keys.count, keysAtOnce); }
};

/// Failure where there is nothing to compute, most of a matrix would be idle or
/// lines are longer than registers hold.
mlir::FailureOr<AttentionShape> attentionShape(DispatchOp op);

class AttentionFrame {
public:
  AttentionFrame(mlir::OpBuilder &b, DispatchOp op,
                 const AttentionShape &shape, mlir::Value thread,
                 scalar::Memory &memory)
      : at(b, op, shape.nest, memory), b(b), shape(shape), thread(thread) {}

protected:
  using Values = scalar::Invocation::Values;

  /// What a warp's thread knows of the pass so far. It has rows laneGroup and
  /// laneGroup + 8, the halves, of the warp's 16.
  struct State {
    Values sums;            ///< of weighted values: four for 8 values
    mlir::Value max[2];     ///< of a half's scores
    mlir::Value weights[2]; ///< the thread's part of their sum
  };

  mlir::Value number(int64_t value) { return at.constant(value); }
  mlir::Value plus(mlir::Value x, mlir::Value y);
  mlir::Value times(mlir::Value x, int64_t factor);
  mlir::Value below(mlir::Value x, int64_t bound);
  mlir::Value both(mlir::Value x, mlir::Value y); ///< null: always
  mlir::Value real(double value);
  mlir::Value integer(int64_t value); ///< of i32
  void onlyIf(mlir::Value condition, llvm::function_ref<void()> body);
  /// Stands at a line, or the last one; null or whether there is one.
  mlir::Value placeLine(const AttentionLines &side, mlir::Value line,
                        bool mayExceed);

  /// Stands at the block's batch and the thread's rows.
  void placeBlock(mlir::Value block);
  /// Makes weights of the products of a step's keys, which are four for 8 keys:
  /// two neighbours in each half. What has been summed up below the old
  /// maximum is scaled anew.
  void weigh(State &state, Values &products, mlir::Value step);
  /// Goes over all steps and stores what they sum up.
  void run(llvm::function_ref<State(mlir::Value step, State state)> step);

  scalar::Invocation at;
  mlir::OpBuilder &b;
  const AttentionShape &shape;
  mlir::Value thread;
  mlir::Value tileRow, warpRow, firstRow, lane, laneGroup, lanePlace;
  mlir::Value row[2]; ///< numbers of the halves' queries

private:
  mlir::Value score(mlir::Value product, unsigned half, mlir::Value key);
  mlir::Value across(
      mlir::Value x,
      llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);
  void rescale(State &state, Values &scores, unsigned half);
  void finish(State state);
};

} // namespace visir::cuda

#endif // VISIR_TARGETS_CUDA_CODEGEN_ATTENTIONFRAME_H
