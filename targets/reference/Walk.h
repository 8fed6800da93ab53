// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Iteration over index spaces, shared by all families of ops.
#ifndef VISIR_TARGETS_REFERENCE_WALK_H
#define VISIR_TARGETS_REFERENCE_WALK_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/SmallVector.h"

#include <array>

namespace visir::reference {

using Dims = llvm::SmallVector<int64_t, 8>;

/// Distance in elements between neighbours of each dimension, row-major.
Dims rowMajorStrides(llvm::ArrayRef<int64_t> shape);

/// Strides that read a tensor of shape `from` as if broadcast to `to`.
Dims broadcastStrides(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to);

/// Number of points of an index space.
int64_t pointCount(llvm::ArrayRef<int64_t> shape);

/// Moves `index` to the next point in row-major order; false at the end.
bool advance(llvm::MutableArrayRef<int64_t> index,
             llvm::ArrayRef<int64_t> shape);

/// Calls `fn(linear, offsets)` for each point of `shape` in row-major order;
/// offsets[i] = sum of index[d] * strides[i][d].
template <size_t N, class Fn>
void forEachOffset(llvm::ArrayRef<int64_t> shape,
                   const std::array<Dims, N> &strides, Fn fn) {
  int64_t total = pointCount(shape);
  Dims index(shape.size(), 0);
  std::array<int64_t, N> offsets{};
  for (int64_t linear = 0; linear < total; ++linear) {
    fn(linear, offsets);
    for (int64_t d = int64_t(shape.size()) - 1; d >= 0; --d) {
      bool wraps = ++index[d] == shape[d];
      int64_t steps = wraps ? 1 - shape[d] : 1;
      for (size_t i = 0; i < N; ++i)
        offsets[i] += steps * strides[i][d];
      if (!wraps)
        break;
      index[d] = 0;
    }
  }
}

/// Calls `fn(linear, index)` for each point of `shape` in row-major order.
template <class Fn> void forEachIndex(llvm::ArrayRef<int64_t> shape, Fn fn) {
  int64_t total = pointCount(shape);
  Dims index(shape.size(), 0);
  for (int64_t linear = 0; linear < total; ++linear) {
    fn(linear, llvm::ArrayRef<int64_t>(index));
    advance(index, shape);
  }
}

/// Offsets of all points of `shape` in row-major order.
llvm::SmallVector<int64_t> offsetsOf(llvm::ArrayRef<int64_t> shape,
                                     llvm::ArrayRef<int64_t> strides);

/// Runs `fn(begin, end)` over pieces of [0, count) on at most two threads.
/// A piece starts at a multiple of `grain`.
void parallelFor(int64_t count, int64_t grain,
                 llvm::function_ref<void(int64_t, int64_t)> fn);

} // namespace visir::reference

#endif // VISIR_TARGETS_REFERENCE_WALK_H
