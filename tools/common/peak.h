// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What this machine can compute at best.
#ifndef VISIR_TOOLS_COMMON_PEAK_H
#define VISIR_TOOLS_COMMON_PEAK_H

#include <cstdint>

namespace visir::tools {

struct Peak {
  double gflops;  // of all threads together, fp32
  uint32_t lanes; // floats in the vectors it was measured with
  // Reading, of all threads together, in GB/s: from a core's second cache,
  // from the outer cache, from memory.
  double nearGbs = 0, farGbs = 0, memoryGbs = 0;

  // Of data of so many bytes that is read again and again.
  double bandwidth(uint64_t bytes) const;
};

// Runs multiply-adds on registers and reads buffers of three sizes, on
// `threads` threads at once, and takes the best of several short rounds (about
// 0.3 s altogether).
Peak measurePeak(uint32_t threads);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_PEAK_H
