// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What modules and sessions share: threads, allocator, logger, drivers.
#ifndef VISIR_RUNTIME_EXEC_CONTEXT_H
#define VISIR_RUNTIME_EXEC_CONTEXT_H

#include "runtime/device/driver.h"
#include "runtime/exec/pool.h"

namespace visir::runtime {

// Threads of the caller, without a promise that they run at once.
struct UserPool {
  void (*parallelFor)(void *user, uint32_t count,
                      void (*task)(void *argument, uint32_t index),
                      void *argument) = nullptr;
  void *user = nullptr;
  uint32_t threadCount = 0;
};

struct ContextOptions {
  uint32_t threadCount = 0; // 0: one for each available processor
  uint64_t memoryLimit = 0; // of a session; 0: the machine's memory
  Allocator allocator = systemAllocator();
  Logger logger;
  UserPool userPool; // used when parallelFor is set
  // Drivers in the order of trying; those built in unless a test has its own.
  const Driver *const *drivers = nullptr;
  uint32_t driverCount = 0;
};

// Reference-counted; thread-safe once made.
class Context {
public:
  static Status make(const ContextOptions &options, Context **out);
  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release();

  const ContextOptions &options() const { return settings; }
  const Allocator &allocator() const { return settings.allocator; }
  const Logger &logger() const { return settings.logger; }
  bool hasUserPool() const { return settings.userPool.parallelFor; }
  ForkJoinPool &pool() { return ownPool; }
  // Threads of a run, at least 1.
  uint32_t threadCount() const { return settings.threadCount; }

private:
  std::atomic<uint32_t> references{1};
  ContextOptions settings;
  ForkJoinPool ownPool;
};

} // namespace visir::runtime

#endif // VISIR_RUNTIME_EXEC_CONTEXT_H
