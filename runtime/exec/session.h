// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory to run a module in, and the runs.
#ifndef VISIR_RUNTIME_EXEC_SESSION_H
#define VISIR_RUNTIME_EXEC_SESSION_H

#include "runtime/exec/lengths.h"
#include "runtime/exec/plan.h"
#include "runtime/exec/tensor.h"
#include "runtime/exec/walk.h"

namespace visir::runtime {

// Used by one thread at a time; cancel may come from any.
class Session {
public:
  static Status make(Module &module, bool profile, Session **out);
  void release();
  ~Session();

  Status run(uint32_t entry, const TensorView *inputs, uint32_t inputCount,
             const TensorView *outputs, uint32_t outputCount);
  // Starts a run on tensors in the device's memory; wait ends it.
  Status enqueue(uint32_t entry, const TensorView *inputs, uint32_t inputCount,
                 const TensorView *outputs, uint32_t outputCount, void *stream);
  Status wait();
  void cancel() { cancelled.store(true, std::memory_order_relaxed); }
  void warmup();
  void reset();
  Status state(const char *name, void **data, uint64_t *bytes);
  // The run-time length of a state, or null without such a state.
  uint64_t *stateLength(const char *name);
  // The dims that an output of a run with these inputs has.
  Status outputDims(uint32_t entry, const TensorView *inputs,
                    uint32_t inputCount, uint32_t output, int64_t *dims);

  Module &module() const { return *owner; }
  uint64_t memoryBytes() const { return totalBytes; }
  void setProfiling(bool enabled) { profiling = enabled; }
  // Of the last run; empty without profiling.
  const RunProfile &profile() const { return lastProfile; }

private:
  // The least pages that hold what the session needs, in bytes.
  struct Needs {
    uint64_t arena = 0, scratch = 0, staging = 0, states = 0;
    uint32_t tensors = 0, commands = 0, symbols = 0;
  };

  Status allocateMemory();
  Status openDevice();
  Status findNeeds(Needs *needs) const;
  Status checkIndex(uint32_t entry, uint32_t inputCount) const;
  Status checkTensors(const schema::Entry &entry, const TensorView *inputs,
                      const TensorView *outputs);
  int64_t findState(const char *name) const;
  bool inPlace(const schema::Tensor &tensor, uint32_t index) const;
  void placeTensors(uint32_t index, const EntryPlan &plan);
  void setLengths(const schema::Entry &entry);
  void finishRun(const EntryPlan &plan);
  Status setScalars(const EntryPlan &plan);
  Status runPlan(uint32_t index, EntryPlan &plan);
  // Carries out the commands: on threads, or on the device.
  Status runCommands(const EntryPlan &plan, uint64_t start);
  Status runOnDevice(uint32_t index, const EntryPlan &plan);
  Status startOnDevice(uint32_t index, const EntryPlan &plan, void *stream);
  // Takes the session for a run, and checks the number of tensors.
  Status begin(uint32_t index, uint32_t inputCount, uint32_t outputCount);
  Status report(const EntryPlan &plan, uint64_t failure) const;

  // Null where threads of the host carry out the commands.
  const DeviceSessions *device() const { return owner->driver()->sessions; }

  Module *owner = nullptr;
  DriverSession *deviceSession = nullptr;
  Array<uint8_t> arena, scratch, staging, stateMemory;
  Array<uint8_t *> states;
  Array<uint64_t> stateLengths; // run-time lengths, 0 where there is none
  uint64_t scratchBytes = 0; // of one thread
  Array<EntryPlan> plans;
  Array<std::atomic<uint32_t>> progress;
  uint64_t totalBytes = 0;

  // Of the current run: inputs first, then outputs.
  Array<TensorView> views;
  Array<TensorLayout> layouts;
  Array<uint8_t *> bases; // where commands find the tensor
  Array<void *> deviceTensors;
  Array<int64_t> symbols;
  Array<uint8_t> lengths; // the symbols' values, kLengthStride bytes apart

  std::atomic<bool> running{false}, cancelled{false};
  bool profiling = false;
  RunProfile lastProfile = {};
  Array<uint64_t> commandTimes, startTimes;
};

} // namespace visir::runtime

#endif // VISIR_RUNTIME_EXEC_SESSION_H
