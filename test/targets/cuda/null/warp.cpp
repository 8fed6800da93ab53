// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Carries out a block: each warp runs up to the next barrier. Lanes that take
// different ways go on group by group, the group that is behind first, so that
// they meet again where the ways do.
#include "warp.h"

#include <algorithm>

namespace visir::null {

uint8_t *Warp::reach(const Instruction &at, uint64_t address, uint32_t bytes,
                     bool write, bool isShared) {
  if (address % bytes) {
    fail(at, "address is no multiple of " + std::to_string(bytes));
    return nullptr;
  }
  if (isShared) {
    if (address + bytes <= block.shared.size())
      return block.shared.data() + address;
    fail(at, "shared address is " + std::to_string(address) + ", expected " +
                 "less than " + std::to_string(block.shared.size()));
    return nullptr;
  }
  if (block.memory->access(address, bytes, write))
    return reinterpret_cast<uint8_t *>(address);
  fail(at, std::string(write ? "write to" : "read of") +
               " memory that is not the kernel's to reach");
  return nullptr;
}

namespace {

// Goes on with the group that is furthest behind.
void choose(Warp &warp) {
  auto &others = warp.others;
  if (warp.mask == 0 || !others.empty()) {
    if (warp.mask)
      others.push_back({warp.pc, warp.mask});
    if (others.empty())
      return;
    auto first = std::min_element(
        others.begin(), others.end(),
        [](const auto &a, const auto &b) { return a.pc < b.pc; });
    uint32_t pc = first->pc;
    warp.pc = pc;
    warp.mask = 0;
    for (const auto &group : others)
      warp.mask |= group.pc == pc ? group.mask : 0;
    others.erase(std::remove_if(others.begin(), others.end(),
                                [&](const auto &g) { return g.pc == pc; }),
                 others.end());
  }
}

uint32_t nextOther(const Warp &warp) {
  uint32_t least = UINT32_MAX;
  for (const auto &group : warp.others)
    least = std::min(least, group.pc);
  return least;
}

// Runs until a barrier or the end.
void run(Warp &warp) {
  uint64_t steps = 0;
  uint32_t limit = nextOther(warp);
  while (warp.block.failure.empty()) {
    if (warp.mask == 0 || warp.pc >= limit) {
      choose(warp);
      if (warp.mask == 0)
        return;
      limit = nextOther(warp);
    }
    if (++steps > (uint64_t(1) << 33)) {
      warp.block.failure = warp.kernel.name + " does not end";
      return;
    }
    const Instruction &at = warp.kernel.code[warp.pc];
    uint32_t mask = warp.mask;
    if (at.hasGuard) {
      uint32_t guard = *warp.lanes<uint32_t>(at.guard);
      mask &= at.guardNegated ? ~guard : guard;
    }
    switch (at.flow) {
    case Flow::next:
      if (mask)
        at.execute(warp, at, mask);
      ++warp.pc;
      break;
    case Flow::branch:
      if (mask == warp.mask) {
        warp.pc = at.target;
      } else {
        if (mask)
          warp.others.push_back({at.target, mask});
        warp.mask &= ~mask;
        ++warp.pc;
        limit = nextOther(warp);
      }
      break;
    case Flow::exit:
      warp.mask &= ~mask;
      ++warp.pc;
      break;
    case Flow::barrier:
      if (!warp.others.empty() || mask != warp.mask)
        warp.fail(at, "lanes of a warp are apart at a barrier");
      ++warp.pc;
      warp.atBarrier = true;
      return;
    }
  }
}

void start(Warp &warp, uint32_t first, uint32_t index, uint32_t blocks,
           const uint32_t threads[3]) {
  const Kernel &kernel = warp.kernel;
  for (const Preset &preset : kernel.presets)
    for (uint32_t lane = 0; lane < kLanes; ++lane)
      if (preset.width == 0)
        *warp.lanes<uint32_t>(preset.at) = preset.value ? ~0u : 0;
      else if (preset.width == 2)
        warp.lanes<uint16_t>(preset.at)[lane] = uint16_t(preset.value);
      else if (preset.width == 4)
        warp.lanes<uint32_t>(preset.at)[lane] = uint32_t(preset.value);
      else
        warp.lanes<uint64_t>(preset.at)[lane] = preset.value;
  uint32_t count = threads[0] * threads[1] * threads[2];
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    uint32_t thread = first + lane;
    const uint32_t values[kSpecials] = {thread % threads[0],
                                        thread / threads[0] % threads[1],
                                        thread / threads[0] / threads[1],
                                        index,
                                        threads[0],
                                        threads[1],
                                        threads[2],
                                        blocks,
                                        lane};
    for (uint32_t s = 0; s < kSpecials; ++s)
      warp.lanes<uint32_t>(kernel.special[s])[lane] = values[s];
    if (thread < count)
      warp.mask |= 1u << lane;
  }
}

} // namespace

bool runBlock(const Kernel &kernel, Block &block, uint32_t index,
              uint32_t blocks, const uint32_t threads[3]) {
  std::vector<std::unique_ptr<Warp>> warps;
  uint32_t count = threads[0] * threads[1] * threads[2];
  for (uint32_t first = 0; first < count; first += kLanes) {
    warps.push_back(std::make_unique<Warp>(kernel, block));
    start(*warps.back(), first, index, blocks, threads);
  }
  for (bool running = true; running;) {
    running = false;
    for (auto &warp : warps) {
      warp->atBarrier = false;
      run(*warp);
      if (!block.failure.empty())
        return false;
      running |= warp->atBarrier;
    }
  }
  return true;
}

} // namespace visir::null
