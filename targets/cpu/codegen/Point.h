// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One point of a nest, or a run of points along one dimension as the lanes of
// vectors: its loads, payloads and stores.
#ifndef VISIR_TARGETS_CPU_CODEGEN_POINT_H
#define VISIR_TARGETS_CPU_CODEGEN_POINT_H

#include "targets/common/Nest.h"
#include "targets/common/Payload.h"
#include "targets/cpu/codegen/KernelBuilder.h"

namespace visir::cpu {

/// Lane l stands at index[dim] + l. No lanes (0): a single point.
struct Lanes {
  unsigned count = 0;
  unsigned dim = 0;
  mlir::Value mask; ///< vector<count x i1>, or null for all lanes
};

class Point {
public:
  /// `index` has one value per dimension of `nest`, then one for the symbol
  /// of a topk's stores where needed. `kb` and `nest` must outlive the point.
  Point(KernelBuilder &kb, const Nest &nest, llvm::ArrayRef<mlir::Value> index,
        Lanes lanes = {});

  /// Load `i` as a payload scalar (the same for all lanes) or vector; made at
  /// most once. Inactive lanes hold anything.
  mlir::Value load(unsigned i);

  /// Makes `value` what load `i` gives.
  void provide(unsigned i, mlir::Value value) { loaded[i] = value; }

  /// What the prologue yields.
  llvm::SmallVector<mlir::Value> prologue();

  /// What becomes of an element when a value comes to it.
  using Update =
      llvm::function_ref<mlir::Value(mlir::Value old, mlir::Value value)>;

  /// Runs the epilogue on the root's results and stores what it yields, as
  /// `update` says or in place of what was there; a store of sums adds.
  void epilogue(mlir::ValueRange rootResults, Update update = {});

  /// Stores a payload scalar or vector through store `j`.
  void store(unsigned j, mlir::Value value, Update update = {});

  /// Whether `access` reads or writes neighbouring elements with neighbouring
  /// lanes, so that it is one vector access.
  static bool isUnit(const NestAccess &access, const Nest &nest, unsigned dim);

private:
  using Place = std::pair<mlir::Value, mlir::Value>; // address, valid
  mlir::Value loadScalar(const NestAccess &access, mlir::Value memory);
  mlir::Value loadUnit(const NestAccess &access, mlir::Value memory);
  mlir::Value loadLanes(const NestAccess &access, mlir::Value memory);
  Place resolve(const NestAccess &access, int64_t lane);
  Place resolveUnit(const NestAccess &access);
  mlir::Value sameIndices(const NestAccess &access);
  void storeAs(unsigned j, mlir::Value value, Update update, bool unit);
  void whenValid(mlir::Value valid, llvm::function_ref<void()> body);
  mlir::Value scalarChecks(const NestAccess &access);
  mlir::Value laneChecks(const NestAccess &access);
  mlir::Value inside(mlir::Value coordinate, int64_t extent);
  mlir::Value fill(const NestAccess &access, unsigned count);
  mlir::Value both(mlir::Value a, mlir::Value b);
  mlir::Value at(const LinearExpr &expr, int64_t lane);
  mlir::Value laneMask(int64_t lane);
  bool varies(const NestAccess &access);

  KernelBuilder &kb;
  mlir::OpBuilder &b;
  mlir::Location loc;
  const Nest &nest;
  llvm::SmallVector<mlir::Value> index;
  Lanes lanes;
  llvm::DenseMap<unsigned, mlir::Value> loaded;
};

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_POINT_H
