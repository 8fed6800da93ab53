// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every thread walks the whole list. Of each parallel command it first takes
// its own share, so that a thread meets the rows it wrote before in its own
// cache, and then helps the others; commands between two barriers (a wave) are
// taken in order without waiting.
#include "runtime/exec/walk.h"

namespace visir::runtime {
namespace {

// Calls per share: fewer calls, or a finer balance at its end.
constexpr uint32_t kChunksPerShare = 4;

class Walk {
public:
  explicit Walk(const WalkRequest &request)
      : request(request), commands(*request.commands),
        threads(request.parallel ? request.context->threadCount() : 1),
        barrier(threads) {}

  uint64_t run() {
    if (threads == 1)
      return runAlone();
    return request.context->hasUserPool() ? runOnUserPool() : runOnOwnPool();
  }

private:
  struct Task {
    Walk *walk;
    uint32_t command;
  };

  uint32_t commandCount() const {
    return static_cast<uint32_t>(commands.size());
  }
  uint64_t runAlone();
  uint64_t runOnOwnPool();
  uint64_t runOnUserPool();
  bool stopped() const {
    return failure.load(std::memory_order_relaxed) != kNoFailure ||
           request.cancelled->load(std::memory_order_relaxed);
  }
  std::atomic<uint32_t> &progressOf(uint32_t thread, uint32_t command) {
    return request.progress[thread * request.progressStride + command];
  }
  // The wave that begins with command `begin` ends before this one.
  uint32_t waveEnd(uint32_t begin) const;
  void walkOn(uint32_t thread);
  void takeTiles(uint32_t thread, uint32_t command);
  void takeShare(uint32_t thread, uint32_t owner, uint32_t command);
  void execute(uint32_t thread, uint32_t command, uint32_t begin, uint32_t end);
  void executeCopy(const PlannedCommand &command, uint32_t begin,
                   uint32_t end) const;
  void fail(uint32_t command, int32_t error);
  void clearProgress(uint32_t thread, uint32_t begin, uint32_t end);
  void recordTime(uint32_t command, uint64_t begin);

  const WalkRequest &request;
  const Array<PlannedCommand> &commands;
  const uint32_t threads;
  Barrier barrier;
  alignas(64) std::atomic<uint64_t> failure{kNoFailure};
};

void Walk::fail(uint32_t command, int32_t error) {
  uint64_t mine = uint64_t(command) << 32 | static_cast<uint32_t>(error);
  uint64_t seen = failure.load(std::memory_order_relaxed);
  while (mine < seen &&
         !failure.compare_exchange_weak(seen, mine, std::memory_order_relaxed))
    ;
}

void Walk::executeCopy(const PlannedCommand &command, uint32_t begin,
                       uint32_t end) const {
  uint64_t first = begin * kCopyTileBytes;
  uint64_t last = end * kCopyTileBytes;
  if (last > command.bytes)
    last = command.bytes;
  if (first == last)
    return;
  uint8_t *to = static_cast<uint8_t *>(command.bindings[0]) + first;
  if (command.kind == schema::Operation::Fill)
    memset(to, command.fillValue, last - first);
  else
    memcpy(to, static_cast<const uint8_t *>(command.bindings[1]) + first,
           last - first);
}

void Walk::execute(uint32_t thread, uint32_t index, uint32_t begin,
                   uint32_t end) {
  const PlannedCommand &command = commands[index];
  if (command.kind != schema::Operation::Dispatch)
    return executeCopy(command, begin, end);
  KernelCall call = {command.function,
                     command.bindings,
                     command.scalars,
                     begin,
                     end,
                     request.scratch + thread * request.scratchBytes,
                     threads};
  int32_t error = request.driver->call(call);
  if (error != 0)
    fail(index, error);
}

// Takes chunks of the part of the tiles that belongs to thread `owner`.
void Walk::takeShare(uint32_t thread, uint32_t owner, uint32_t index) {
  const PlannedCommand &command = commands[index];
  uint64_t count = command.tileEnd - command.tileBegin;
  uint32_t begin = static_cast<uint32_t>(count * owner / threads);
  uint32_t share = static_cast<uint32_t>(count * (owner + 1) / threads) - begin;
  uint32_t chunk = (share + kChunksPerShare - 1) / kChunksPerShare;
  std::atomic<uint32_t> &next = progressOf(owner, index);
  while (next.load(std::memory_order_relaxed) < share && !stopped()) {
    uint32_t taken = next.fetch_add(chunk, std::memory_order_relaxed);
    if (taken >= share)
      return;
    uint32_t end = share - taken < chunk ? share : taken + chunk;
    execute(thread, index, command.tileBegin + begin + taken,
            command.tileBegin + begin + end);
  }
}

void Walk::takeTiles(uint32_t thread, uint32_t index) {
  const PlannedCommand &command = commands[index];
  if (command.parallel) {
    for (uint32_t i = 0; i < threads; ++i)
      takeShare(thread, (thread + i) % threads, index);
  } else if (progressOf(0, index).load(std::memory_order_relaxed) == 0 &&
             progressOf(0, index).exchange(1, std::memory_order_relaxed) == 0) {
    execute(thread, index, command.tileBegin, command.tileEnd);
  }
}

uint32_t Walk::waveEnd(uint32_t begin) const {
  // Measuring makes every command a wave of its own.
  uint32_t end = begin + 1;
  while (!request.profile && end < commandCount() &&
         !commands[end].barrierBefore)
    ++end;
  return end;
}

void Walk::clearProgress(uint32_t thread, uint32_t begin, uint32_t end) {
  for (uint32_t i = begin; i < end; ++i)
    progressOf(thread, i).store(0, std::memory_order_relaxed);
}

void Walk::recordTime(uint32_t command, uint64_t begin) {
  request.profile->startNs[command] = begin - request.startNs;
  request.profile->commandNs[command] = nanoseconds() - begin;
}

// All threads pass the same barriers even after a failure.
void Walk::walkOn(uint32_t thread) {
  uint64_t former = request.driver->enter();
  bool measures = request.profile && thread == 0;
  uint64_t time = measures ? nanoseconds() : 0;
  for (uint32_t begin = 0, end; begin < commandCount(); begin = end) {
    end = waveEnd(begin);
    for (uint32_t i = begin; i < end; ++i)
      if (!stopped())
        takeTiles(thread, i);
    barrier.wait();
    // Nobody looks at this wave's progress any more.
    clearProgress(thread, begin, end);
    if (measures) {
      recordTime(begin, time);
      time = nanoseconds();
    }
  }
  request.driver->leave(former);
}

uint64_t Walk::runOnOwnPool() {
  request.context->pool().run(
      [](void *walk, uint32_t thread) {
        static_cast<Walk *>(walk)->walkOn(thread);
      },
      this);
  return failure.load(std::memory_order_relaxed);
}

uint64_t Walk::runAlone() {
  uint64_t former = request.driver->enter();
  for (uint32_t i = 0; i < commandCount() && !stopped(); ++i) {
    uint64_t time = request.profile ? nanoseconds() : 0;
    execute(0, i, commands[i].tileBegin, commands[i].tileEnd);
    if (request.profile)
      recordTime(i, time);
  }
  request.driver->leave(former);
  return failure.load(std::memory_order_relaxed);
}

uint64_t Walk::runOnUserPool() {
  const UserPool &pool = request.context->options().userPool;
  auto work = [](void *opaque, uint32_t index) {
    const Task &task = *static_cast<Task *>(opaque);
    uint64_t former = task.walk->request.driver->enter();
    task.walk->takeTiles(index, task.command);
    task.walk->request.driver->leave(former);
  };
  for (uint32_t i = 0; i < commandCount() && !stopped(); ++i) {
    uint64_t time = request.profile ? nanoseconds() : 0;
    Task task = {this, i};
    if (commands[i].parallel)
      pool.parallelFor(pool.user, threads, work, &task);
    else
      work(&task, 0);
    for (uint32_t thread = 0; thread < threads; ++thread)
      clearProgress(thread, i, i + 1);
    if (request.profile)
      recordTime(i, time);
  }
  return failure.load(std::memory_order_relaxed);
}

} // namespace

uint64_t walk(const WalkRequest &request) { return Walk(request).run(); }

} // namespace visir::runtime
