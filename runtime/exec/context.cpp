// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/exec/context.h"

#include <unistd.h>

namespace visir::runtime {
namespace {

constexpr uint32_t kMaxThreads = 1024;

uint64_t machineMemory() {
  long pages = sysconf(_SC_PHYS_PAGES);
  return pages > 0 ? static_cast<uint64_t>(pages) * pageBytes() : UINT64_MAX;
}

} // namespace

Status Context::make(const ContextOptions &options, Context **out) {
  if (options.threadCount > kMaxThreads ||
      options.userPool.threadCount > kMaxThreads)
    return Status::error(
        StatusCode::invalidArgument, "thread count is %u, expected at most %u",
        options.threadCount > kMaxThreads ? options.threadCount
                                          : options.userPool.threadCount,
        kMaxThreads);
  Context *context = create<Context>(options.allocator);
  if (!context)
    return Status::error(StatusCode::outOfMemory, "no memory for a context");
  ContextOptions &settings = context->settings;
  settings = options;
  if (!settings.drivers)
    settings.drivers = builtInDrivers(&settings.driverCount);
  if (settings.memoryLimit == 0)
    settings.memoryLimit = machineMemory();
  if (context->hasUserPool()) {
    settings.threadCount = options.userPool.threadCount;
    if (settings.threadCount == 0)
      settings.threadCount = 1;
  } else {
    if (settings.threadCount == 0)
      settings.threadCount = availableProcessors();
    Status status =
        context->ownPool.start(settings.threadCount, settings.allocator);
    if (!status.ok()) {
      context->release();
      return status;
    }
  }
  *out = context;
  return Status();
}

void Context::release() {
  if (references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    destroy(settings.allocator, this);
}

} // namespace visir::runtime
