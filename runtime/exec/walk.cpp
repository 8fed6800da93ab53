// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads walk the waves together: a wave has ended when all its tiles are
// done, not when all threads have come by, so that a thread which the
// operating system keeps away holds up nobody. Of each parallel command a
// thread first takes its own share, so that it meets the rows that it wrote
// before in its own cache, and then helps the others; the commands of a wave
// are taken in order without waiting.
#include "runtime/exec/walk.h"

namespace visir::runtime {
namespace {

// Long enough for the slowest tile of a wave; then the processor is better
// given to whoever keeps the other thread from running.
constexpr uint32_t kWaveSpins = 20000;

// Calls per share: fewer calls, or a finer balance at its end.
constexpr uint32_t kChunksPerShare = 4;

// Whether a tile computes anything below the run-time size.
bool isLive(const PlannedCommand &command, uint32_t tile) {
  int64_t size;
  memcpy(&size, command.liveSize, sizeof(size));
  uint64_t at = tile / command.liveDivisor % command.liveCount;
  return at * command.liveStep < static_cast<uint64_t>(size);
}

class Walk {
public:
  explicit Walk(const WalkRequest &request)
      : request(request), commands(*request.commands),
        threads(request.parallel ? request.context->threadCount() : 1) {}

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
  // Measuring makes every command a wave of its own.
  uint32_t waveCount() const {
    return request.profile ? commandCount()
                           : static_cast<uint32_t>(request.waves->size());
  }
  Wave waveAt(uint32_t index) const;
  void walkOn(uint32_t thread);
  // Each returns the number of tiles that the thread has dealt with.
  uint64_t takeWave(uint32_t thread, const Wave &wave);
  uint64_t takeTiles(uint32_t thread, uint32_t command);
  uint64_t takeShare(uint32_t thread, uint32_t owner, uint32_t command);
  void endWave(uint32_t index, const Wave &wave);
  void call(uint32_t thread, uint32_t index, uint32_t begin, uint32_t end);
  void execute(uint32_t thread, uint32_t command, uint32_t begin, uint32_t end);
  void executeCopy(const PlannedCommand &command, uint32_t begin,
                   uint32_t end) const;
  void fail(uint32_t command, int32_t error);
  void clearProgress(uint32_t begin, uint32_t end);
  void recordTime(uint32_t command, uint64_t begin);

  const WalkRequest &request;
  const Array<PlannedCommand> &commands;
  const uint32_t threads;
  uint64_t waveBeginNs = 0; // when measuring
  alignas(64) std::atomic<uint64_t> failure{kNoFailure};
  alignas(64) std::atomic<uint64_t> tilesDone{0}; // of the current wave
  alignas(64) WaitWord currentWave;
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

void Walk::call(uint32_t thread, uint32_t index, uint32_t begin, uint32_t end) {
  const PlannedCommand &command = commands[index];
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

void Walk::execute(uint32_t thread, uint32_t index, uint32_t begin,
                   uint32_t end) {
  const PlannedCommand &command = commands[index];
  if (command.kind != schema::Operation::Dispatch)
    return executeCopy(command, begin, end);
  if (!command.liveSize)
    return call(thread, index, begin, end);
  // Ranges of tiles below the run-time size.
  uint32_t first = begin;
  for (uint32_t tile = begin; tile < end; ++tile) {
    if (isLive(command, tile))
      continue;
    if (first < tile)
      call(thread, index, first, tile);
    first = tile + 1;
  }
  if (first < end)
    call(thread, index, first, end);
}

// Takes chunks of the part of the tiles that belongs to thread `owner`. After
// a failure they are counted but not carried out.
uint64_t Walk::takeShare(uint32_t thread, uint32_t owner, uint32_t index) {
  const PlannedCommand &command = commands[index];
  uint64_t count = command.tileEnd - command.tileBegin;
  uint32_t begin = static_cast<uint32_t>(count * owner / threads);
  uint32_t share = static_cast<uint32_t>(count * (owner + 1) / threads) - begin;
  uint32_t chunk = (share + kChunksPerShare - 1) / kChunksPerShare;
  std::atomic<uint32_t> &next = progressOf(owner, index);
  uint64_t taken = 0;
  while (next.load(std::memory_order_relaxed) < share) {
    uint32_t first = next.fetch_add(chunk, std::memory_order_relaxed);
    if (first >= share)
      break;
    uint32_t end = share - first < chunk ? share : first + chunk;
    if (!stopped())
      execute(thread, index, command.tileBegin + begin + first,
              command.tileBegin + begin + end);
    taken += end - first;
  }
  return taken;
}

uint64_t Walk::takeTiles(uint32_t thread, uint32_t index) {
  const PlannedCommand &command = commands[index];
  if (command.parallel) {
    uint64_t taken = 0;
    for (uint32_t i = 0; i < threads; ++i)
      taken += takeShare(thread, (thread + i) % threads, index);
    return taken;
  }
  std::atomic<uint32_t> &claimed = progressOf(0, index);
  if (claimed.load(std::memory_order_relaxed) != 0 ||
      claimed.exchange(1, std::memory_order_relaxed) != 0)
    return 0;
  if (!stopped())
    execute(thread, index, command.tileBegin, command.tileEnd);
  return command.tileEnd - command.tileBegin;
}

uint64_t Walk::takeWave(uint32_t thread, const Wave &wave) {
  uint64_t taken = 0;
  for (uint32_t i = wave.begin; i < wave.end; ++i)
    taken += takeTiles(thread, i);
  return taken;
}

Wave Walk::waveAt(uint32_t index) const {
  if (!request.profile)
    return (*request.waves)[index];
  return {index, index + 1,
          commands[index].tileEnd - commands[index].tileBegin};
}

void Walk::clearProgress(uint32_t begin, uint32_t end) {
  for (uint32_t thread = 0; thread < threads; ++thread)
    for (uint32_t i = begin; i < end; ++i)
      progressOf(thread, i).store(0, std::memory_order_relaxed);
}

void Walk::recordTime(uint32_t command, uint64_t begin) {
  request.profile->startNs[command] = begin - request.startNs;
  request.profile->commandNs[command] = nanoseconds() - begin;
}

// By the thread that dealt with the wave's last tile; the others wait.
void Walk::endWave(uint32_t index, const Wave &wave) {
  if (request.profile) {
    recordTime(wave.begin, waveBeginNs);
    waveBeginNs = nanoseconds();
  }
  tilesDone.store(0, std::memory_order_relaxed);
  currentWave.store(index + 1);
}

void Walk::walkOn(uint32_t thread) {
  uint64_t former = request.driver->enter();
  uint32_t index = currentWave.load();
  while (index < waveCount()) {
    Wave wave = waveAt(index);
    uint64_t taken = takeWave(thread, wave);
    uint64_t before =
        taken ? tilesDone.fetch_add(taken, std::memory_order_acq_rel) : 0;
    if (taken && before + taken == wave.tiles) {
      endWave(index, wave);
      ++index;
    } else {
      index = currentWave.waitWhile(index, kWaveSpins);
    }
  }
  request.driver->leave(former);
}

uint64_t Walk::runOnOwnPool() {
  waveBeginNs = request.profile ? nanoseconds() : 0;
  request.context->pool().run(
      [](void *walk, uint32_t thread) {
        static_cast<Walk *>(walk)->walkOn(thread);
      },
      this);
  // Late threads looked at it until the last moment.
  clearProgress(0, commandCount());
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
    clearProgress(i, i + 1);
    if (request.profile)
      recordTime(i, time);
  }
  return failure.load(std::memory_order_relaxed);
}

} // namespace

uint64_t walk(const WalkRequest &request) { return Walk(request).run(); }

} // namespace visir::runtime
