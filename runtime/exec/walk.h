// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Carrying out a plan's commands on threads. Tiles are the unit: which thread
// takes one has no influence on its result.
#ifndef VISIR_RUNTIME_EXEC_WALK_H
#define VISIR_RUNTIME_EXEC_WALK_H

#include "runtime/exec/plan.h"

namespace visir::runtime {

// Where times go; null pointers: not measured.
struct RunProfile {
  uint32_t entry = 0;
  uint32_t commandCount = 0;
  uint64_t totalNs = 0;
  uint64_t *commandNs = nullptr;
  uint64_t *startNs = nullptr; // since the run began
};

// What a walk needs from its session.
struct WalkRequest {
  Context *context;
  const Driver *driver;
  const Array<PlannedCommand> *commands;
  const Array<Wave> *waves;
  bool parallel; // whether to wake other threads
  // Threads x progressStride (at least the commands), all zero; left all zero.
  std::atomic<uint32_t> *progress;
  uint64_t progressStride;
  uint8_t *scratch; // threads x scratchBytes
  uint64_t scratchBytes;
  const std::atomic<bool> *cancelled;
  RunProfile *profile; // null: do not measure
  uint64_t startNs;    // of the run
};

constexpr uint64_t kNoFailure = UINT64_MAX;

// Runs all commands. Returns kNoFailure, or the index of the first command
// that failed in the upper and its error in the lower half.
uint64_t walk(const WalkRequest &request);

} // namespace visir::runtime

#endif // VISIR_RUNTIME_EXEC_WALK_H
