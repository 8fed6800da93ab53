// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which bytes commands touch at once. A kernel may assume that what it writes
// overlaps nothing else it is given (compiled code says noalias), and commands
// without a dependency may run at the same time.
#include "runtime/artifact/verify_parts.h"

#include <stdlib.h>

namespace visir::runtime {
namespace {

bool sameResource(const schema::BindingRef &a, const schema::BindingRef &b) {
  return a.kind() == b.kind() && a.index() == b.index();
}

// An empty range overlaps nothing. Ends were checked not to overflow.
bool overlap(const schema::BindingRef &a, const schema::BindingRef &b) {
  return sameResource(a, b) && a.size() != 0 && b.size() != 0 &&
         a.offset() < b.offset() + b.size() &&
         b.offset() < a.offset() + a.size();
}

bool equalRange(const schema::BindingRef &a, const schema::BindingRef &b) {
  return sameResource(a, b) && a.offset() == b.offset() && a.size() == b.size();
}

// One access of a command to a byte range.
struct Interval {
  uint64_t resource; // kind and index
  uint64_t begin, end;
  uint32_t command;
  bool written;
};

int compareIntervals(const void *left, const void *right) {
  const Interval &a = *static_cast<const Interval *>(left);
  const Interval &b = *static_cast<const Interval *>(right);
  if (a.resource != b.resource)
    return a.resource < b.resource ? -1 : 1;
  if (a.begin != b.begin)
    return a.begin < b.begin ? -1 : 1;
  return a.command < b.command ? -1 : a.command > b.command;
}

// The furthest ends seen so far, of two different commands.
class FurthestEnds {
public:
  void add(const Interval &interval) {
    if (interval.command == first.command) {
      if (interval.end > first.end)
        first.end = interval.end;
    } else if (interval.end > first.end) {
      second = first;
      first = {interval.end, interval.command};
    } else if (interval.end > second.end) {
      second = {interval.end, interval.command};
    }
  }
  // A command other than the interval's that reaches into it, or -1.
  int64_t reachInto(const Interval &interval) const {
    const End &other = first.command == interval.command ? second : first;
    return other.end > interval.begin ? int64_t(other.command) : -1;
  }

private:
  struct End {
    uint64_t end = 0;
    uint32_t command = UINT32_MAX;
  };
  End first, second;
};

class Wave {
public:
  explicit Wave(Array<Interval> &storage) : storage(storage) {}

  void add(const schema::BindingRef &ref, uint32_t command, bool written) {
    // These are never written: no conflict can arise.
    if (ref.size() == 0 || ref.kind() == schema::BufferKind::input ||
        ref.kind() == schema::BufferKind::constant ||
        ref.kind() == schema::BufferKind::length)
      return;
    uint64_t resource =
        uint64_t(static_cast<uint8_t>(ref.kind())) << 32 | ref.index();
    storage[count++] = {resource, ref.offset(), ref.offset() + ref.size(),
                        command, written};
  }

  // Refuses two commands that touch a byte which one of them writes.
  Status finish() {
    if (count > 1)
      qsort(storage.data(), count, sizeof(Interval), compareIntervals);
    FurthestEnds writes, all;
    for (size_t i = 0; i < count; ++i) {
      const Interval &interval = storage[i];
      if (i == 0 || storage[i - 1].resource != interval.resource)
        writes = all = FurthestEnds();
      int64_t other = (interval.written ? all : writes).reachInto(interval);
      if (other >= 0)
        return conflict(interval, static_cast<uint32_t>(other));
      all.add(interval);
      if (interval.written)
        writes.add(interval);
    }
    count = 0;
    return Status();
  }

private:
  static Status conflict(const Interval &interval, uint32_t other) {
    auto kind = static_cast<schema::BufferKind>(interval.resource >> 32);
    uint32_t later = interval.command > other ? interval.command : other;
    uint32_t earlier = interval.command > other ? other : interval.command;
    return malformed("command %u touches the %s at offset %llu together with "
                     "command %u, expected a dependency",
                     later, schema::EnumNameBufferKind(kind),
                     wide(interval.begin), earlier);
  }

  Array<Interval> &storage;
  size_t count = 0;
};

uint32_t accessCount(const schema::Command &command) {
  const auto *dispatch = command.operation_as_Dispatch();
  if (dispatch)
    return sizeOf(dispatch->bindings());
  return command.operation_type() == schema::Operation::Copy ? 2 : 1;
}

void addAccesses(const Verification &v, const schema::Command &command,
                 uint32_t index, Wave &wave) {
  if (const auto *copy = command.operation_as_Copy()) {
    wave.add(*copy->source(), index, false);
    wave.add(*copy->destination(), index, true);
  } else if (const auto *fill = command.operation_as_Fill()) {
    wave.add(*fill->destination(), index, true);
  } else if (const auto *dispatch = command.operation_as_Dispatch()) {
    const auto *bindings =
        v.program->functions()->Get(dispatch->function())->bindings();
    for (uint32_t i = 0; i < sizeOf(bindings); ++i)
      wave.add(*dispatch->bindings()->Get(i), index,
               bindings->Get(i)->access() != schema::Access::read);
  }
}

} // namespace

Status verifyDispatchOverlap(Verification &v, const schema::Dispatch &dispatch,
                             const schema::Function &function) {
  uint32_t count = sizeOf(function.bindings());
  for (uint32_t i = 0; i < count; ++i) {
    const schema::Binding &binding = *function.bindings()->Get(i);
    if (binding.access() == schema::Access::read)
      continue;
    VISIR_RETURN_IF_ERROR(v.budget.charge(count));
    const schema::BindingRef &written = *dispatch.bindings()->Get(i);
    for (uint32_t j = 0; j < count; ++j) {
      const schema::BindingRef &other = *dispatch.bindings()->Get(j);
      if (j == i || !overlap(written, other))
        continue;
      bool tied = binding.tie() == static_cast<int64_t>(j);
      if (!tied || !equalRange(written, other))
        return malformed(
            "written binding %u overlaps binding %u, expected %s", i, j,
            tied ? "equal ranges for a tie" : "no overlap without a tie");
    }
  }
  return Status();
}

Status verifyWaves(Verification &v, const schema::Entry &entry) {
  const auto *commands = entry.commands();
  WaveRule sizing;
  size_t largest = 0, inWave = 0;
  for (uint32_t i = 0; i < sizeOf(commands); ++i) {
    if (sizing.barrierBefore(*commands->Get(i), i))
      inWave = 0;
    inWave += accessCount(*commands->Get(i));
    largest = inWave > largest ? inWave : largest;
  }
  // Every reference takes more bytes than this unless tables are shared.
  if (largest > v.manifestBytes / 8)
    return malformed("accesses between two barriers are %zu, expected at most "
                     "%llu for a manifest of %llu bytes",
                     largest, wide(v.manifestBytes / 8), wide(v.manifestBytes));
  Array<Interval> storage;
  if (!storage.allocate(v.allocator, largest))
    return Status::error(StatusCode::outOfMemory, "no memory to verify");
  Wave wave(storage);
  WaveRule rule;
  for (uint32_t i = 0; i < sizeOf(commands); ++i) {
    if (rule.barrierBefore(*commands->Get(i), i))
      VISIR_RETURN_IF_ERROR(wave.finish());
    addAccesses(v, *commands->Get(i), i, wave);
  }
  return wave.finish();
}

} // namespace visir::runtime
