// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the runtime asks of a device. One driver for each folder
// targets/*/driver; CMake lists them (visir_runtime_driver).
//
// There are two kinds of drivers. Threads of the host call the kernels of one
// kind, and the runtime carries out the commands. Devices with a queue of
// their own carry out whole entries; their drivers have `sessions`.
#ifndef VISIR_RUNTIME_DEVICE_DRIVER_H
#define VISIR_RUNTIME_DEVICE_DRIVER_H

#include "runtime/artifact/artifact.h"
#include "runtime/base/log.h"

namespace visir::runtime {

// Code that a driver has loaded; its own kind of object.
struct DriverCode;

// One call of a kernel on a host thread.
struct KernelCall {
  const void *function; // from Driver::function
  void *const *bindings;
  const uint32_t *scalars;
  uint32_t tileBegin, tileEnd;
  void *scratch; // of this thread
  uint32_t threadCount;
};

// Why a program cannot run here.
struct Refusal {
  char text[160];
};

// A device that is present, or why there is none of its kind.
struct DeviceInfo {
  char name[32];         // as `which` takes it: "cpu", "vulkan:0"
  char description[160]; // for people
  bool present;
};

// When a device proves itself on the golden results of an artifact.
enum class SelfTestMode { firstUse, always, never };

struct LoadOptions {
  bool copyCode = false;       // to fresh pages
  const char *which = nullptr; // the device among the driver's; null: the best
  SelfTestMode selfTest = SelfTestMode::firstUse;
};

// Memory and recorded commands of a session; the driver's kind of object.
struct DriverSession;

// One run of an entry on a device. Tensors are in their places.
struct EntryRun {
  uint32_t entry;
  // The scalars of all dispatches, one after another.
  const uint32_t *scalars;
  uint64_t scalarCount;
  // The values of the entry's symbols, which kernels may look at.
  const int64_t *symbols;
  uint64_t symbolCount;
  // For each command, relative to the start of the first; null: not measured.
  uint64_t *startNs, *commandNs;
  // Set when a kernel failed: the command, and the kernel's positive error.
  uint32_t failedCommand;
  int32_t error;
};

// Sessions of a device that carries out entries by itself. A session is used
// by one thread at a time.
struct DeviceSessions {
  // Takes the program's constants to the device; once after load. `sections`
  // holds the bytes of those sections that have constants, by their index.
  Status (*upload)(DriverCode *code, const SectionBytes *sections);

  // Takes all memory that runs need, at most `memoryLimit` bytes, and records
  // all entries. States are zero.
  Status (*open)(DriverCode *code, uint64_t memoryLimit, DriverSession **out);
  void (*close)(DriverSession *session);
  // The device's name, for people.
  const char *(*describe)(const DriverCode *code);
  uint64_t (*memoryBytes)(const DriverSession *session);

  // Host memory that holds a tensor of an entry (inputs first, then outputs)
  // or a state, aligned to 64 bytes; changed and read between runs.
  uint8_t *(*tensor)(DriverSession *session, uint32_t entry, uint32_t index);
  uint8_t *(*state)(DriverSession *session, uint32_t index);

  // Returns when all is done. A kernel's error is no failure of the call.
  Status (*run)(DriverSession *session, EntryRun *run);

  // Both null where runs on the device's own memory cannot be had.
  // enqueue: starts a run on tensors in the device's memory (inputs first,
  // then outputs, dense), behind what is in the stream (the device's own kind
  // of object) and behind former runs of the session, and does not wait.
  // wait: returns when all that was started is done; sets the run's entry,
  // command and error to those of the first kernel that failed.
  Status (*enqueue)(DriverSession *session, EntryRun *run,
                    void *const *tensors, void *stream);
  Status (*wait)(DriverSession *session, EntryRun *run);
};

// All functions may be called from any thread, on the same code as well.
struct Driver {
  const char *name; // of its kind of device: "cpu", "cuda"
  schema::DeviceKind device;

  // How well this machine runs a target's code: 0 not at all, and then says
  // why; otherwise higher is faster. which: as in LoadOptions.
  uint32_t (*rate)(const schema::Target &target, const char *which,
                   Refusal *refusal);

  // Describes up to `capacity` devices, at least one (present or not);
  // returns how many there are.
  uint32_t (*list)(DeviceInfo *devices, uint32_t capacity);

  // Loads the code section of a program. The artifact outlives the code. Fails
  // with selfTestFailed where the device computes wrong results.
  Status (*load)(const Artifact &artifact, const schema::Program &program,
                 const LoadOptions &options, const Allocator &allocator,
                 DriverCode **out);
  void (*unload)(DriverCode *code);

  // Null for drivers whose kernels are called by threads of the host. Where
  // it is not, what follows is null.
  const DeviceSessions *sessions;

  // Where a function of the program begins.
  const void *(*function)(const DriverCode *code,
                          const schema::Function &function);

  // Sets the floating-point state that kernels rely on; returns the former
  // one for leave.
  uint64_t (*enter)();
  void (*leave)(uint64_t former);

  // 0, or the kernel's positive error.
  int32_t (*call)(const KernelCall &call);
};

// The drivers that were built in; `count` of them.
const Driver *const *builtInDrivers(uint32_t *count);

} // namespace visir::runtime

#endif // VISIR_RUNTIME_DEVICE_DRIVER_H
