// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// visir_context_* and visir_session_*.
#include "runtime/exec/api.h"

using namespace visir::runtime;

#define VISIR_TEXT2(x) #x
#define VISIR_TEXT(x) VISIR_TEXT2(x)

namespace {

// Of one driver.
constexpr uint32_t kMaxListedDevices = 16;

static_assert(sizeof(visir_device_info_t::name) == sizeof(DeviceInfo::name) &&
                  sizeof(visir_device_info_t::description) ==
                      sizeof(DeviceInfo::description),
              "texts of devices agree");

} // namespace

const char *visir_runtime_version(void) {
  return VISIR_TEXT(VISIR_RUNTIME_VERSION_MAJOR) "." VISIR_TEXT(
      VISIR_RUNTIME_VERSION_MINOR) "." VISIR_TEXT(VISIR_RUNTIME_VERSION_PATCH);
}

visir_status_t visir_context_create(const visir_context_options_t *options,
                                    visir_context_t **out_context) {
  visir_context_options_t given = readOptions(options);
  ContextOptions settings;
  settings.threadCount = given.thread_count;
  settings.memoryLimit = given.memory_limit;
  if (given.allocator)
    settings.allocator = {given.allocator->allocate, given.allocator->release,
                          given.allocator->user};
  if (given.logger) {
    settings.logger.write = given.logger->write;
    settings.logger.user = given.logger->user;
  }
  if (given.thread_pool)
    settings.userPool = {given.thread_pool->parallel_for,
                         given.thread_pool->user,
                         given.thread_pool->thread_count};
  Context *context = nullptr;
  Status status = Context::make(settings, &context);
  *out_context = reinterpret_cast<visir_context_t *>(context);
  return toC(status);
}

void visir_context_release(visir_context_t *context) {
  if (context)
    unwrap(context)->release();
}

uint32_t visir_context_thread_count(const visir_context_t *context) {
  return unwrap(context)->threadCount();
}

uint32_t visir_list_devices(visir_device_info_t *out_devices,
                            uint32_t capacity) {
  uint32_t driverCount, found = 0;
  const Driver *const *drivers = builtInDrivers(&driverCount);
  for (uint32_t i = 0; i < driverCount; ++i) {
    DeviceInfo infos[kMaxListedDevices];
    uint32_t count = drivers[i]->list(infos, kMaxListedDevices);
    for (uint32_t d = 0; d < count && d < kMaxListedDevices; ++d, ++found) {
      if (found >= capacity)
        continue;
      visir_device_info_t &out = out_devices[found];
      memcpy(out.name, infos[d].name, sizeof(out.name));
      memcpy(out.description, infos[d].description, sizeof(out.description));
      out.present = infos[d].present;
    }
  }
  return found;
}

visir_status_t visir_session_create(visir_module_t *module,
                                    const visir_session_options_t *options,
                                    visir_session_t **out_session) {
  Session *session = nullptr;
  Status status = Session::make(*unwrap(module),
                                readOptions(options).profile != 0, &session);
  *out_session = reinterpret_cast<visir_session_t *>(session);
  return toC(status);
}

void visir_session_release(visir_session_t *session) {
  if (session)
    unwrap(session)->release();
}

visir_status_t visir_run(visir_session_t *session, uint32_t entry,
                         const visir_tensor_t *inputs, uint32_t input_count,
                         const visir_tensor_t *outputs, uint32_t output_count) {
  return toC(unwrap(session)->run(
      entry, reinterpret_cast<const TensorView *>(inputs), input_count,
      reinterpret_cast<const TensorView *>(outputs), output_count));
}

visir_status_t visir_session_enqueue(visir_session_t *session, uint32_t entry,
                                     const visir_tensor_t *inputs,
                                     uint32_t input_count,
                                     const visir_tensor_t *outputs,
                                     uint32_t output_count, void *stream) {
  return toC(unwrap(session)->enqueue(
      entry, reinterpret_cast<const TensorView *>(inputs), input_count,
      reinterpret_cast<const TensorView *>(outputs), output_count, stream));
}

visir_status_t visir_session_wait(visir_session_t *session) {
  return toC(unwrap(session)->wait());
}

void visir_session_cancel(visir_session_t *session) {
  unwrap(session)->cancel();
}

void visir_session_warmup(visir_session_t *session) {
  unwrap(session)->warmup();
}

void visir_session_reset(visir_session_t *session) { unwrap(session)->reset(); }

visir_status_t visir_session_state(visir_session_t *session, const char *name,
                                   void **out_data, uint64_t *out_bytes) {
  return toC(unwrap(session)->state(name, out_data, out_bytes));
}

namespace {

Status noState(const char *name) {
  return Status::error(StatusCode::notFound, "state \"%.64s\" does not exist",
                       name);
}

} // namespace

visir_status_t visir_session_state_length(visir_session_t *session,
                                          const char *name,
                                          uint64_t *out_length) {
  const uint64_t *length = unwrap(session)->stateLength(name);
  *out_length = length ? *length : 0;
  return toC(length ? Status() : noState(name));
}

visir_status_t visir_session_set_state_length(visir_session_t *session,
                                              const char *name,
                                              uint64_t length) {
  uint64_t *current = unwrap(session)->stateLength(name);
  if (current)
    *current = length;
  return toC(current ? Status() : noState(name));
}

visir_status_t visir_session_output_dims(visir_session_t *session,
                                         uint32_t entry,
                                         const visir_tensor_t *inputs,
                                         uint32_t input_count, uint32_t output,
                                         int64_t *out_dims) {
  return toC(unwrap(session)->outputDims(
      entry, reinterpret_cast<const TensorView *>(inputs), input_count, output,
      out_dims));
}

uint64_t visir_session_memory_bytes(const visir_session_t *session) {
  return unwrap(session)->memoryBytes();
}

void visir_session_set_profiling(visir_session_t *session, uint32_t enabled) {
  unwrap(session)->setProfiling(enabled != 0);
}

void visir_session_profile(const visir_session_t *session,
                           visir_profile_t *out_profile) {
  const RunProfile &profile = unwrap(session)->profile();
  out_profile->entry = profile.entry;
  out_profile->command_count = profile.commandCount;
  out_profile->total_ns = profile.totalNs;
  out_profile->command_ns = profile.commandNs;
  out_profile->start_ns = profile.startNs;
}
