// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places for buffers with lifetimes in one arena.
#ifndef VISIR_COMPILER_PLAN_BUFFERPLAN_H
#define VISIR_COMPILER_PLAN_BUFFERPLAN_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace visir {

/// Alignment in bytes of every buffer in a CPU's arena.
inline constexpr int64_t kBufferAlignment = 64;

/// A buffer that lives from command `first` to command `last`, both included.
struct BufferLife {
  int64_t bytes;
  int64_t first, last;
};

struct BufferPlan {
  llvm::SmallVector<int64_t> offsets; ///< one per buffer
  int64_t arenaBytes = 0;
};

/// Places buffers so that those alive at the same command do not overlap:
/// largest first, each at the lowest gap that fits, at multiples of
/// `alignment` (a power of two).
BufferPlan planBuffers(llvm::ArrayRef<BufferLife> buffers,
                       int64_t alignment = kBufferAlignment);

} // namespace visir

#endif // VISIR_COMPILER_PLAN_BUFFERPLAN_H
