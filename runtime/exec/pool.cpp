// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/exec/pool.h"

namespace visir::runtime {
namespace {

// A worker leaves at once unless it was put to sleep inside; then the
// processor is better given to whoever keeps it from running.
constexpr uint32_t kLeaveSpins = 20000;
// Between runs: just enough to catch a caller that runs in a loop.
constexpr uint32_t kIdleSpins = 1000;

} // namespace

// The orders are sequentially consistent: either the storer sees the sleeper,
// or the sleeper's kernel call sees the new value.
void WaitWord::store(uint32_t value) {
  word.store(value, std::memory_order_seq_cst);
  if (sleepers.load(std::memory_order_seq_cst) != 0)
    futexWakeAll(&word);
}

uint32_t WaitWord::waitWhile(uint32_t old, uint32_t spins) {
  for (uint32_t i = 0; i < spins; ++i) {
    uint32_t value = word.load(std::memory_order_acquire);
    if (value != old)
      return value;
    spinPause();
  }
  sleepers.fetch_add(1, std::memory_order_seq_cst);
  uint32_t value;
  while ((value = word.load(std::memory_order_seq_cst)) == old)
    futexWait(&word, old);
  sleepers.fetch_sub(1, std::memory_order_relaxed);
  return value;
}

Status ForkJoinPool::start(uint32_t count, const Allocator &allocator) {
  if (!workers.allocate(allocator, count - 1))
    return Status::error(StatusCode::outOfMemory, "no memory for %u threads",
                         count);
  threads = count;
  home = processId();
  for (uint32_t i = 0; i + 1 < count; ++i) {
    workers[i].pool = this;
    workers[i].index = i + 1;
    Status status = workers[i].thread.start(workerMain, &workers[i]);
    if (!status.ok()) {
      stop();
      return status;
    }
    ++started;
  }
  return Status();
}

void ForkJoinPool::stop() {
  if (home != processId())
    started = 0;
  stopping.store(true, std::memory_order_relaxed);
  generation.store(generation.load() + 1);
  for (uint32_t i = 0; i < started; ++i)
    workers[i].thread.join();
  started = 0;
  threads = 1;
}

bool ForkJoinPool::enter() {
  uint32_t inside = gate.load(std::memory_order_relaxed);
  while (!(inside & kClosed))
    if (gate.compare_exchange_weak(inside, inside + 1,
                                   std::memory_order_acquire,
                                   std::memory_order_relaxed))
      return true;
  return false;
}

void ForkJoinPool::leave() {
  uint32_t before = gate.fetch_sub(1, std::memory_order_acq_rel);
  if (before == (kClosed | kCallerSleeps) + 1)
    futexWakeAll(&gate);
}

void ForkJoinPool::closeAndWait() {
  gate.fetch_or(kClosed, std::memory_order_acq_rel);
  for (uint32_t i = 0; i < kLeaveSpins; ++i) {
    if (gate.load(std::memory_order_acquire) == kClosed)
      return;
    spinPause();
  }
  uint32_t now = gate.fetch_or(kCallerSleeps, std::memory_order_acq_rel);
  now |= kCallerSleeps;
  while (now != (kClosed | kCallerSleeps)) {
    futexWait(&gate, now);
    now = gate.load(std::memory_order_acquire);
  }
}

void *ForkJoinPool::workerMain(void *opaque) {
  Worker &worker = *static_cast<Worker *>(opaque);
  ForkJoinPool &pool = *worker.pool;
  uint32_t seen = 0;
  while (true) {
    seen = pool.generation.waitWhile(seen, kIdleSpins);
    if (pool.stopping.load(std::memory_order_relaxed))
      return nullptr;
    if (pool.enter()) {
      pool.job(pool.argument, worker.index);
      pool.leave();
    }
  }
}

void ForkJoinPool::run(Job newJob, void *newArgument) {
  // Across fork the workers stay behind, and `turn` may be held for good.
  if (threads == 1 || home != processId())
    return newJob(newArgument, 0);
  pthread_mutex_lock(&turn);
  job = newJob;
  argument = newArgument;
  gate.store(0, std::memory_order_release);
  generation.store(generation.load() + 1);
  newJob(newArgument, 0);
  closeAndWait();
  pthread_mutex_unlock(&turn);
}

} // namespace visir::runtime
