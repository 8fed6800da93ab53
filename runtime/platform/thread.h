// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads, and waiting for a word of memory to change.
#ifndef VISIR_RUNTIME_PLATFORM_THREAD_H
#define VISIR_RUNTIME_PLATFORM_THREAD_H

#include "runtime/base/status.h"

#include <pthread.h>
#include <stdint.h>

#include <atomic>

namespace visir::runtime {

// A thread that the owner joins.
class Thread {
public:
  // Starts main(argument). Signals stay with the program's own threads.
  Status start(void *(*main)(void *), void *argument);
  void join();

private:
  pthread_t handle = {};
};

// Of this process; another one after fork.
uint64_t processId();

// Processors that this process may run on; at least 1.
uint32_t availableProcessors();

// Sleeps while *word == expected; may wake without cause.
void futexWait(std::atomic<uint32_t> *word, uint32_t expected);
// Wakes all that sleep on the word.
void futexWakeAll(std::atomic<uint32_t> *word);

// Monotonic time.
uint64_t nanoseconds();

// Tells the processor that this is a spinning loop.
inline void spinPause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

} // namespace visir::runtime

#endif // VISIR_RUNTIME_PLATFORM_THREAD_H
