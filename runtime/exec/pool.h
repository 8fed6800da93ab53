// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fork-join threads: they enter a job together, meet at spin barriers inside
// it, and sleep between jobs. Waking a thread costs some 25 us, a barrier half
// a microsecond; so a job is a whole run.
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

// All of `count` threads wait for each other.
class Barrier {
public:
  explicit Barrier(uint32_t count) : count(count) {}
  void wait();

private:
  const uint32_t count;
  alignas(64) std::atomic<uint32_t> arrived{0};
  alignas(64) WaitWord phase;
};

class ForkJoinPool {
public:
  using Job = void (*)(void *argument, uint32_t thread);

  ~ForkJoinPool() { stop(); }

  // Starts threads - 1 workers; the thread that calls run is the other one.
  Status start(uint32_t threads, const Allocator &allocator);
  void stop();
  uint32_t threadCount() const { return threads; }

  // Calls job(argument, t) for every t < threadCount at the same time, t = 0
  // on the calling thread; returns when all have returned. Callers on several
  // threads take turns.
  void run(Job job, void *argument);

private:
  struct Worker {
    ForkJoinPool *pool;
    Thread thread;
    uint32_t index;
  };

  static void *workerMain(void *worker);

  uint32_t threads = 1;
  Array<Worker> workers;
  uint32_t started = 0; // workers whose thread runs
  pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
  Job job = nullptr; // null tells the workers to end
  void *argument = nullptr;
  alignas(64) WaitWord generation;
  alignas(64) std::atomic<uint32_t> running{0};
  alignas(64) WaitWord finished; // the last generation that all have finished
};

} // namespace visir::runtime

#endif // VISIR_RUNTIME_EXEC_POOL_H
