// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What code generators hand to those who plan and package.
#ifndef VISIR_TARGETS_COMMON_KERNELINFO_H
#define VISIR_TARGETS_COMMON_KERNELINFO_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <string>
#include <vector>

namespace visir {

/// What the planner must know of an emitted kernel.
struct KernelInfo {
  std::string symbol;
  uint32_t tileCount = 1;    ///< independent pieces of work
  uint64_t scratchBytes = 0; ///< per thread
  double flops = 0;          ///< of the whole dispatch
  /// How tiles cut the domain: [dimension, divisor, count, step] each, tile t
  /// begins at (t / divisor) % count * step of that dimension. Empty where
  /// all tiles must run whatever the run-time sizes.
  std::vector<llvm::SmallVector<int64_t, 4>> tileAxes = {};
};

/// Intermediate forms that a caller may want to see.
struct CompileDump {
  bool wantsObject = false;   ///< `object` is asked for
  bool wantsAssembly = false; ///< `assembly` is
  std::string llvmIR, assembly;
  std::vector<char> object;
};

} // namespace visir

#endif // VISIR_TARGETS_COMMON_KERNELINFO_H
