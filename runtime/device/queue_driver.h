// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions of a Driver and its DeviceSessions for a device with a queue of
// its own, over the two classes of the driver.
//
// Code has allocator, program, load(artifact, which), upload(sections) and
// description(); Session has code, open(code, memoryLimit), memoryBytes(),
// hostTensor(entry, index), state(index) and run(run), and, where the driver
// offers them, enqueue and wait.
#ifndef VISIR_RUNTIME_DEVICE_QUEUE_DRIVER_H
#define VISIR_RUNTIME_DEVICE_QUEUE_DRIVER_H

#include "runtime/device/driver.h"

namespace visir::runtime {

template <typename Code, typename Session> struct QueueDriver {
  static Code *unwrap(DriverCode *code) {
    return reinterpret_cast<Code *>(code);
  }
  static Session *unwrap(DriverSession *session) {
    return reinterpret_cast<Session *>(session);
  }

  static Status load(const Artifact &artifact, const schema::Program &program,
                     const LoadOptions &options, const Allocator &allocator,
                     DriverCode **out) {
    Code *code = create<Code>(allocator);
    if (!code)
      return Status::error(StatusCode::outOfMemory, "no memory to load code");
    code->allocator = allocator;
    code->program = &program;
    Status status = code->load(artifact, options.which);
    if (status.ok())
      *out = reinterpret_cast<DriverCode *>(code);
    else
      destroy(allocator, code);
    return status;
  }

  static void unload(DriverCode *opaque) {
    Code *code = unwrap(opaque);
    destroy(code->allocator, code);
  }

  static const char *describe(const DriverCode *code) {
    return reinterpret_cast<const Code *>(code)->description();
  }

  static Status upload(DriverCode *code, const SectionBytes *sections) {
    return unwrap(code)->upload(sections);
  }

  static Status open(DriverCode *opaque, uint64_t memoryLimit,
                     DriverSession **out) {
    Code *code = unwrap(opaque);
    Session *session = create<Session>(code->allocator);
    if (!session)
      return Status::error(StatusCode::outOfMemory, "no memory for a session");
    Status status = session->open(*code, memoryLimit);
    if (status.ok())
      *out = reinterpret_cast<DriverSession *>(session);
    else
      destroy(code->allocator, session);
    return status;
  }

  static void close(DriverSession *opaque) {
    Session *session = unwrap(opaque);
    destroy(session->code->allocator, session);
  }

  static uint64_t memoryBytes(const DriverSession *session) {
    return reinterpret_cast<const Session *>(session)->memoryBytes();
  }

  static uint8_t *tensor(DriverSession *session, uint32_t entry,
                         uint32_t index) {
    return unwrap(session)->hostTensor(entry, index);
  }

  static uint8_t *state(DriverSession *session, uint32_t index) {
    return unwrap(session)->state(index);
  }

  static Status run(DriverSession *session, EntryRun *run) {
    return unwrap(session)->run(run);
  }

  static Status enqueue(DriverSession *session, EntryRun *run,
                        void *const *tensors, void *stream) {
    return unwrap(session)->enqueue(run, tensors, stream);
  }

  static Status wait(DriverSession *session, EntryRun *run) {
    return unwrap(session)->wait(run);
  }
};

} // namespace visir::runtime

#endif // VISIR_RUNTIME_DEVICE_QUEUE_DRIVER_H
