// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The CUDA driver: a program is one module, an entry is one graph.
#include "targets/cuda/abi/kernel_abi.h"
#include "targets/cuda/driver/cuda_session.h"

#include <stdio.h>

namespace visir::runtime {
namespace {

using namespace cuda;

// Kernels of the CPU's code generator are the better tested ones: without
// being asked for, a GPU runs only what the CPU cannot. Machine code goes
// before text, a newer architecture before an older one.
constexpr uint32_t kCodeRating = 500, kTextRating = 200;

uint32_t rate(const schema::Target &target, const char *which,
              Refusal *refusal) {
  if (target.abi_version() != VISIR_CUDA_ABI_VERSION) {
    snprintf(refusal->text, sizeof(refusal->text),
             "kernel ABI version is %u, expected %u", target.abi_version(),
             VISIR_CUDA_ABI_VERSION);
    return 0;
  }
  int architecture = targetArchitecture(target.name()->c_str());
  if (architecture == 0) {
    snprintf(refusal->text, sizeof(refusal->text),
             "name of the target is unknown, expected cuda:sm_ and a number");
    return 0;
  }
  DeviceList devices;
  DeviceProperties device;
  int index = 0;
  Status status = devices.open();
  if (status.ok())
    status = devices.choose(which, architecture, &index, &device);
  if (!status.ok()) {
    snprintf(refusal->text, sizeof(refusal->text), "%s", status.text());
    return 0;
  }
  bool runs = runsMachineCode(architecture, device.architecture);
  return (runs ? kCodeRating : kTextRating) +
         static_cast<uint32_t>(architecture);
}

void describeMissing(DeviceInfo *device, const Status &status) {
  device->present = false;
  snprintf(device->name, sizeof(device->name), "cuda");
  snprintf(device->description, sizeof(device->description), "none: %s",
           status.text());
}

uint32_t list(DeviceInfo *devices, uint32_t capacity) {
  DeviceList found;
  Status status = found.open();
  if (!status.ok()) {
    if (capacity != 0)
      describeMissing(devices, status);
    return 1;
  }
  uint32_t count = static_cast<uint32_t>(found.count());
  for (uint32_t i = 0; i < count && i < capacity; ++i) {
    DeviceProperties device;
    int version = 0;
    status = found.inspect(static_cast<int>(i), &device);
    if (status.ok())
      status = toStatus(found.api, found.api.DriverGetVersion(&version),
                        "cuDriverGetVersion");
    if (!status.ok()) {
      describeMissing(&devices[i], status);
      continue;
    }
    devices[i].present = true;
    snprintf(devices[i].name, sizeof(devices[i].name), "cuda:%u", i);
    snprintf(devices[i].description, sizeof(devices[i].description),
             "%.80s, sm_%d, CUDA %d.%d", device.name, device.architecture,
             version / 1000, version % 1000 / 10);
  }
  return count;
}

Code *unwrap(DriverCode *code) { return reinterpret_cast<Code *>(code); }
Session *unwrap(DriverSession *session) {
  return reinterpret_cast<Session *>(session);
}

void unload(DriverCode *opaque) {
  Code *code = unwrap(opaque);
  destroy(code->allocator, code);
}

Status load(const Artifact &artifact, const schema::Program &program,
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

const char *describe(const DriverCode *code) {
  return reinterpret_cast<const Code *>(code)->description();
}

Status upload(DriverCode *code, const SectionBytes *sections) {
  return unwrap(code)->upload(sections);
}

void close(DriverSession *opaque) {
  Session *session = unwrap(opaque);
  destroy(session->code->allocator, session);
}

Status open(DriverCode *opaque, uint64_t memoryLimit, DriverSession **out) {
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

uint64_t memoryBytes(const DriverSession *session) {
  return reinterpret_cast<const Session *>(session)->memoryBytes();
}

uint8_t *tensor(DriverSession *session, uint32_t entry, uint32_t index) {
  return unwrap(session)->hostTensor(entry, index);
}

uint8_t *state(DriverSession *session, uint32_t index) {
  return unwrap(session)->state(index);
}

Status run(DriverSession *session, EntryRun *run) {
  return unwrap(session)->run(run);
}

Status enqueue(DriverSession *session, EntryRun *run, void *const *tensors,
               void *stream) {
  return unwrap(session)->enqueue(run, tensors, stream);
}

Status wait(DriverSession *session, EntryRun *run) {
  return unwrap(session)->wait(run);
}

constexpr DeviceSessions kSessions = {upload,      open,   close, describe,
                                      memoryBytes, tensor, state, run,
                                      enqueue,     wait};

} // namespace

extern const Driver cudaDriver;
const Driver cudaDriver = {"cuda",     schema::DeviceKind::cuda,
                           rate,       list,
                           load,       unload,
                           &kSessions, nullptr,
                           nullptr,    nullptr,
                           nullptr};

} // namespace visir::runtime
