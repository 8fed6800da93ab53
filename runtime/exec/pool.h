// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fork-join threads: they enter a job together, meet inside it by spinning,
// and sleep between jobs. Waking a thread costs some 25 us, a meeting half a
// microsecond; so a job is a whole run. Nobody waits for a thread that the
// operating system has not let in: on a busy machine that may take long.
#ifndef VISIR_RUNTIME_EXEC_POOL_H
#define VISIR_RUNTIME_EXEC_POOL_H

#include "runtime/base/allocator.h"
#include "runtime/platform/thread.h"

namespace visir::runtime {

// A word that threads wait on: first spinning, then asleep.
class WaitWord {
public:
  uint32_t load() const { return word.load(std::memory_order_acquire); }
  // Stores a new value and wakes the sleepers, if any.
  void store(uint32_t value);
  // Returns the word's value once it differs from `old`.
  uint32_t waitWhile(uint32_t old, uint32_t spins);

private:
  std::atomic<uint32_t> word{0};
  std::atomic<uint32_t> sleepers{0};
};

class ForkJoinPool {
public:
  using Job = void (*)(void *argument, uint32_t thread);

  ~ForkJoinPool() { stop(); }

  // Starts threads - 1 workers; the thread that calls run is the other one.
  Status start(uint32_t threads, const Allocator &allocator);
  void stop();
  uint32_t threadCount() const { return threads; }

  // Calls job(argument, 0) on the calling thread and, at the same time,
  // job(argument, t) on those workers t < threadCount that come before it
  // returns; then waits until they have returned, too. A worker may come
  // twice. Callers on several threads take turns. In a process that fork made
  // there are no workers: the caller does the job alone.
  void run(Job job, void *argument);

private:
  struct Worker {
    ForkJoinPool *pool;
    Thread thread;
    uint32_t index;
  };

  static void *workerMain(void *worker);
  bool enter();
  void leave();
  void closeAndWait();

  uint32_t threads = 1;
  Array<Worker> workers;
  uint32_t started = 0; // workers whose thread runs
  uint64_t home = 0;    // process that they run in
  pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
  Job job = nullptr;
  void *argument = nullptr;
  std::atomic<bool> stopping{false};
  alignas(64) WaitWord generation; // counts jobs
  // Workers inside the job, and the two flags below.
  static constexpr uint32_t kClosed = 1u << 31, kCallerSleeps = 1u << 30;
  alignas(64) std::atomic<uint32_t> gate{kClosed};
};

} // namespace visir::runtime

#endif // VISIR_RUNTIME_EXEC_POOL_H
