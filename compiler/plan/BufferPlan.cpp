// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/plan/BufferPlan.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"

using namespace visir;

BufferPlan visir::planBuffers(llvm::ArrayRef<BufferLife> buffers,
                              int64_t alignment) {
  BufferPlan plan;
  plan.offsets.assign(buffers.size(), 0);
  auto order = llvm::to_vector(llvm::seq<size_t>(0, buffers.size()));
  llvm::stable_sort(order, [&](size_t a, size_t b) {
    return buffers[a].bytes > buffers[b].bytes;
  });
  llvm::SmallVector<size_t> placed;
  for (size_t i : order) {
    const BufferLife &buffer = buffers[i];
    // Intervals of the arena that buffers alive at the same time hold.
    llvm::SmallVector<std::pair<int64_t, int64_t>> taken;
    for (size_t j : placed)
      if (buffers[j].first <= buffer.last && buffer.first <= buffers[j].last)
        taken.emplace_back(plan.offsets[j],
                           plan.offsets[j] + buffers[j].bytes);
    llvm::sort(taken);
    int64_t offset = 0;
    for (auto [begin, end] : taken) {
      if (offset + buffer.bytes <= begin)
        break;
      offset = std::max(offset,
                        int64_t(llvm::alignTo(end, alignment)));
    }
    plan.offsets[i] = offset;
    plan.arenaBytes = std::max(plan.arenaBytes, offset + buffer.bytes);
    placed.push_back(i);
  }
  plan.arenaBytes = llvm::alignTo(plan.arenaBytes, alignment);
  return plan;
}
