// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One invocation of a plain kernel: where it stands in the domain, its loads,
// payloads and stores. The emitters of roots build on it.
#ifndef VISIR_TARGETS_COMMON_SCALAR_INVOCATION_H
#define VISIR_TARGETS_COMMON_SCALAR_INVOCATION_H

#include "targets/common/Nest.h"
#include "targets/common/scalar/ScalarKernel.h"

namespace visir::scalar {

class Invocation {
public:
  Invocation(mlir::OpBuilder &b, DispatchOp op, const Nest &nest,
             Memory &memory);

  mlir::OpBuilder &b;
  mlir::Location loc;
  DispatchOp op;
  const Nest &nest;
  /// One value per dimension of the nest, then one for the symbol of a topk's
  /// stores; emitters set them.
  llvm::SmallVector<mlir::Value> index;

  unsigned rank() const { return nest.dims.size(); }
  unsigned parallelRank() const { return nest.parallelRank(); }
  mlir::Value constant(int64_t value); ///< of index type
  template <typename Op, typename... Args> mlir::Value make(Args... args) {
    return Op::create(b, loc, args...);
  }

  /// Sets index[dims[i]] to the digits of `id` in a number whose digit i has
  /// `extents[i]` values, the last one the fastest.
  void place(mlir::Value id, llvm::ArrayRef<unsigned> dims,
             llvm::ArrayRef<int64_t> extents);
  /// The same with the nest's extents.
  void place(mlir::Value id, llvm::ArrayRef<unsigned> dims);
  /// The same for all parallel dimensions.
  void placeParallel(mlir::Value id);
  /// Sets index[dims] to 0.
  void reset(llvm::ArrayRef<unsigned> dims);

  /// Load `i` at the current index as a payload scalar.
  mlir::Value load(unsigned i);
  /// What the prologue yields at the current index.
  llvm::SmallVector<mlir::Value> prologue();
  /// Value `i` of those alone, with the loads that it needs.
  mlir::Value operand(unsigned i);
  /// What becomes of an element when a value comes to it.
  using Update =
      llvm::function_ref<mlir::Value(mlir::Value old, mlir::Value value)>;
  /// Runs the epilogue at the current index and stores what it yields, as
  /// `update` says or in place of what was there.
  void epilogue(mlir::ValueRange rootResults, Update update = {});
  /// Address in elements, and whether it is valid; null: always. An invalid
  /// address is another one of the tensor.
  std::pair<mlir::Value, mlir::Value> resolve(const NestAccess &access);
  /// Element at `offset` of input `i`, as a payload scalar.
  mlir::Value loadAt(unsigned i, mlir::Value offset);

  using Values = llvm::SmallVector<mlir::Value>;
  /// for (i = 0; i < extent; ++i), carrying values.
  Values loop(int64_t extent, mlir::ValueRange initial,
              llvm::function_ref<Values(mlir::Value i, mlir::ValueRange)> body);
  /// Loops over `dims`, the last one innermost, setting their index.
  Values loop(llvm::ArrayRef<unsigned> dims, mlir::ValueRange initial,
              llvm::function_ref<Values(mlir::ValueRange)> body);
  /// The reduction dimensions.
  llvm::SmallVector<unsigned> reduction() const;
  /// Whether the reduction has no points.
  bool reducesNothing() const { return nest.reductionPoints() == 0; }

private:
  /// The same of an access with checks and without indices. Coordinates that
  /// are checked count as 0 where one is outside, so that the others stay
  /// apart: what lies beside each other has one test and one base.
  std::pair<mlir::Value, mlir::Value>
  resolveChecked(const NestAccess &access);
  mlir::Value toIndex(mlir::Value integer);
  mlir::Value inside(mlir::Value coordinate, int64_t extent);
  mlir::Value both(mlir::Value x, mlir::Value y);
  void store(unsigned j, mlir::Value value, Update update);
  unsigned inputBinding(unsigned i);

  Memory &memory;
};

/// The emitters; `id` is the number of the invocation.
void emitMap(Invocation &at, mlir::Value id);
void emitArgReduce(Invocation &at, mlir::Value id);
void emitScan(Invocation &at, mlir::Value id);
void emitTopK(Invocation &at, mlir::Value id);
void emitScatter(Invocation &at);
mlir::LogicalResult emitAttention(Invocation &at, mlir::Value id);
mlir::LogicalResult emitGridSample(Invocation &at, mlir::Value id);

/// How many values one invocation of an attention computes.
int64_t valuesPerInvocation(DispatchOp op, const Nest &nest);

} // namespace visir::scalar

#endif // VISIR_TARGETS_COMMON_SCALAR_INVOCATION_H
