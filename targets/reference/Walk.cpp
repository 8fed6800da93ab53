// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Walk.h"

#include <atomic>
#include <thread>

using namespace mlir;
using namespace visir::reference;

Dims visir::reference::rowMajorStrides(ArrayRef<int64_t> shape) {
  Dims strides(shape.size(), 1);
  for (int64_t d = int64_t(shape.size()) - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * shape[d + 1];
  return strides;
}

Dims visir::reference::broadcastStrides(ArrayRef<int64_t> from,
                                        ArrayRef<int64_t> to) {
  Dims own = rowMajorStrides(from), strides(to.size(), 0);
  size_t missing = to.size() - from.size();
  for (size_t d = 0; d < from.size(); ++d)
    strides[d + missing] = from[d] == 1 ? 0 : own[d];
  return strides;
}

int64_t visir::reference::pointCount(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

bool visir::reference::advance(MutableArrayRef<int64_t> index,
                               ArrayRef<int64_t> shape) {
  for (int64_t d = int64_t(shape.size()) - 1; d >= 0; --d) {
    if (++index[d] < shape[d])
      return true;
    index[d] = 0;
  }
  return false;
}

SmallVector<int64_t> visir::reference::offsetsOf(ArrayRef<int64_t> shape,
                                                 ArrayRef<int64_t> strides) {
  SmallVector<int64_t> offsets(pointCount(shape));
  std::array<Dims, 1> walk{Dims(strides.begin(), strides.end())};
  forEachOffset(shape, walk,
                [&](int64_t linear, auto at) { offsets[linear] = at[0]; });
  return offsets;
}

void visir::reference::parallelFor(int64_t count, int64_t grain,
                                   function_ref<void(int64_t, int64_t)> fn) {
  if (count <= grain || std::thread::hardware_concurrency() < 2) {
    if (count > 0)
      fn(0, count);
    return;
  }
  std::atomic<int64_t> next(0);
  auto work = [&] {
    for (;;) {
      int64_t begin = next.fetch_add(grain);
      if (begin >= count)
        return;
      fn(begin, std::min(begin + grain, count));
    }
  };
  std::thread second(work);
  work();
  second.join();
}
