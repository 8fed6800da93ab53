// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An entry made ready to run: all pointers and scalars that do not change from
// run to run are resolved, the others are listed.
#ifndef VISIR_RUNTIME_EXEC_PLAN_H
#define VISIR_RUNTIME_EXEC_PLAN_H

#include "runtime/exec/module.h"

namespace visir::runtime {

// A command as threads carry it out: a range of tiles. Copies and fills have
// tiles of kCopyTileBytes.
struct PlannedCommand {
  const void *function; // dispatch only
  void **bindings;      // copy: destination, source; fill: destination
  uint32_t *scalars;
  uint64_t bytes; // copy and fill
  uint32_t tileBegin, tileEnd;
  // The size up to which tiles matter, or null; see schema's Dispatch.
  const uint8_t *liveSize;
  uint32_t liveDivisor, liveCount, liveStep;
  schema::Operation kind;
  uint8_t fillValue;
  bool parallel; // has tiles to share, and more than one
};

constexpr uint64_t kCopyTileBytes = 64 << 10;

// A pointer that depends on the caller's tensors: inputs first, then outputs.
struct TensorPointer {
  void **slot;
  uint32_t tensor;
  uint64_t offset;
};

// A scalar that depends on the run.
struct RunScalar {
  uint32_t *slot;
  schema::ScalarKind kind;
  uint32_t source; // symbol or input
  uint32_t min, max;
  uint32_t command, index; // for errors
};

// Memory of the session that commands may point into.
struct SessionMemory {
  // The device carries out the commands: their pointers and functions stay
  // null, and only scalars matter.
  bool onDevice;
  uint8_t *arena;
  uint8_t *const *states;
  uint8_t *lengths; // kLengthStride bytes for each symbol
};

// Distance of the lengths of two symbols: bindings are aligned.
constexpr uint64_t kLengthStride = 64;

// Commands between two barriers.
struct Wave {
  uint32_t begin, end; // commands
  uint64_t tiles;      // of all of them, at least 1
};

class EntryPlan {
public:
  Status build(const Module &module, const schema::Entry &entry,
               const SessionMemory &memory);

  const schema::Entry &entry() const { return *source; }
  // Whether more threads than one can help.
  bool isParallel() const { return parallel; }
  // Of all dispatches, one after another.
  const Array<uint32_t> &allScalars() const { return scalars; }
  Array<PlannedCommand> commands;
  Array<Wave> waves;
  Array<TensorPointer> tensorPointers;
  Array<RunScalar> runScalars;
  // Bytes that the plan takes.
  uint64_t bytes() const;

private:
  struct Counts {
    size_t pointers = 0, tensors = 0, scalars = 0, runScalars = 0;
  };

  void count(const schema::Command &command, Counts *counts) const;
  void planWaves();
  void plan(const Module &module, const SessionMemory &memory, uint32_t index);
  void planDispatch(const Module &module, const SessionMemory &memory,
                    const schema::Dispatch &dispatch, uint32_t index);
  void planScalar(const schema::Scalar &scalar,
                  const schema::ScalarRange &range, uint32_t command,
                  uint32_t index);
  void bind(const Module &module, const SessionMemory &memory,
            const schema::BindingRef &ref);

  const schema::Entry *source = nullptr;
  bool parallel = false;
  Array<void *> pointers;
  Array<uint32_t> scalars;
  Counts used;
};

} // namespace visir::runtime

#endif // VISIR_RUNTIME_EXEC_PLAN_H
