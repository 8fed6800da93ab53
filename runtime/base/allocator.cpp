// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/base/allocator.h"

#include <algorithm>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

namespace visir::runtime {
namespace {

constexpr size_t kHugePage = size_t(2) << 20;

void *systemAllocate(void *, size_t bytes, size_t alignment) {
  // An arena on 4 KiB pages misses the TLB at every row of a tensor.
  bool huge = bytes >= kHugePage;
  if (huge) {
    if (bytes > SIZE_MAX - kHugePage)
      return nullptr;
    bytes = (bytes + kHugePage - 1) / kHugePage * kHugePage;
    alignment = std::max(alignment, kHugePage);
  }
  if (alignment < sizeof(void *))
    alignment = sizeof(void *);
  void *memory = nullptr;
  if (posix_memalign(&memory, alignment, bytes ? bytes : 1) != 0)
    return nullptr;
#ifdef MADV_HUGEPAGE
  if (huge) // Advice only: failure changes speed, not meaning.
    (void)madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

void systemRelease(void *, void *memory, size_t, size_t) { free(memory); }

} // namespace

const Allocator &systemAllocator() {
  static constexpr Allocator allocator = {systemAllocate, systemRelease,
                                          nullptr};
  return allocator;
}

} // namespace visir::runtime
