// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A place in a flat nest while code is written: for each access the element
// that it touches, as a run-time part and a constant.
#ifndef VISIR_TARGETS_CPU_CODEGEN_NEST_POSITION_H
#define VISIR_TARGETS_CPU_CODEGEN_NEST_POSITION_H

#include "targets/cpu/codegen/KernelBuilder.h"
#include "targets/cpu/codegen/nest/FlatNest.h"

namespace visir::cpu {

/// `dynamic` (null: 0) plus `fixed`.
struct Offset {
  mlir::Value dynamic;
  int64_t fixed = 0;

  Offset plus(int64_t more) const { return {dynamic, fixed + more}; }
};

/// offset + index * stride, folding constants.
Offset advance(KernelBuilder &kb, Offset offset, mlir::Value index,
               int64_t stride);

Offset addOffsets(KernelBuilder &kb, Offset a, Offset b);

/// The offset as one value of index type.
mlir::Value materialize(KernelBuilder &kb, Offset offset);

struct Position {
  llvm::SmallVector<Offset, 6> accesses;
  llvm::SmallVector<Offset, 2> borders; ///< values of tested coordinates
  llvm::SmallVector<Offset, 4> loops; ///< indices, where a store goes round

  /// Where every access of the nest starts; no borders.
  static Position origin(const FlatNest &nest);

  /// `index` steps further along `loop`; all tiled accesses are resolved.
  void move(KernelBuilder &kb, const FlatNest &nest, unsigned loop,
            mlir::Value index);
  void move(const FlatNest &nest, unsigned loop, int64_t steps);
};

/// The indices of `loops` (slowest first) that `flat` enumerates.
llvm::SmallVector<mlir::Value> unflatten(KernelBuilder &kb, mlir::Value flat,
                                         llvm::ArrayRef<int64_t> extents);

/// A loop from `low` to `high`; without iterations known to be one, `body`
/// stands alone.
void forRange(KernelBuilder &kb, mlir::Value low, mlir::Value high,
              llvm::function_ref<void(mlir::Value)> body);

/// A loop that carries values; `body` returns the next ones.
llvm::SmallVector<mlir::Value>
forCarry(KernelBuilder &kb, mlir::Value low, mlir::Value high, int64_t step,
         llvm::ArrayRef<mlir::Value> initial,
         llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value,
                                                           mlir::ValueRange)>
             body);

mlir::Value minIndex(KernelBuilder &kb, mlir::Value a, mlir::Value b);
mlir::Value maxIndex(KernelBuilder &kb, mlir::Value a, mlir::Value b);

/// The steps [first, second) at which offset + factor * step lies inside of
/// 0 .. size - 1, among 0 .. extent - 1; factor > 0.
std::pair<mlir::Value, mlir::Value> clipSteps(KernelBuilder &kb, Offset offset,
                                              int64_t factor, int64_t size,
                                              int64_t extent);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_NEST_POSITION_H
