// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loads, stores, shuffles and other ways between lanes.
#include "warp.h"

#include <string>
#include <unordered_map>

namespace visir::null {
namespace {

using Table = std::unordered_map<std::string, Execute>;

uint64_t addressOf(Warp &w, const Operand &operand, uint32_t lane) {
  uint64_t base = operand.width == 4 ? w.lanes<uint32_t>(operand)[lane]
                                     : w.lanes<uint64_t>(operand)[lane];
  return base + static_cast<uint64_t>(operand.offset);
}

uint32_t registerOf(const Operand &operand, uint32_t element) {
  return operand.list.empty() ? operand.at : operand.list[element];
}

// Registers may be wider than what is loaded.
void putValue(Warp &w, const Instruction &i, const Operand &to,
              uint32_t element, uint32_t lane, const uint8_t *from) {
  uint64_t value = 0;
  memcpy(&value, from, i.elementBytes);
  if (i.isSigned && i.elementBytes < 8) {
    uint32_t unused = 64 - 8 * i.elementBytes;
    value =
        static_cast<uint64_t>(static_cast<int64_t>(value << unused) >> unused);
  }
  memcpy(w.lanes<uint8_t>(registerOf(to, element)) + lane * to.width, &value,
         to.width);
}

template <bool kShared>
void load(Warp &w, const Instruction &i, uint32_t mask) {
  const Operand &to = i.operands[0];
  uint32_t bytes = i.elementBytes * i.elements;
  for (; mask; mask &= mask - 1) {
    uint32_t lane = static_cast<uint32_t>(__builtin_ctz(mask));
    uint64_t address = addressOf(w, i.operands[1], lane);
    const uint8_t *from = w.reach(i, address, bytes, false, kShared);
    if (!from)
      return;
    for (uint32_t e = 0; e < i.elements; ++e)
      putValue(w, i, to, e, lane, from + e * i.elementBytes);
  }
}

template <bool kShared>
void store(Warp &w, const Instruction &i, uint32_t mask) {
  const Operand &from = i.operands[1];
  uint32_t bytes = i.elementBytes * i.elements;
  for (; mask; mask &= mask - 1) {
    uint32_t lane = static_cast<uint32_t>(__builtin_ctz(mask));
    uint64_t address = addressOf(w, i.operands[0], lane);
    uint8_t *to = w.reach(i, address, bytes, true, kShared);
    if (!to)
      return;
    for (uint32_t e = 0; e < i.elements; ++e)
      memcpy(to + e * i.elementBytes,
             w.lanes<uint8_t>(registerOf(from, e)) + lane * from.width,
             i.elementBytes);
  }
}

// Parameters are the same for all lanes.
void loadParameter(Warp &w, const Instruction &i, uint32_t mask) {
  const Operand &to = i.operands[0];
  for (; mask; mask &= mask - 1)
    for (uint32_t e = 0; e < i.elements; ++e)
      putValue(w, i, to, e, static_cast<uint32_t>(__builtin_ctz(mask)),
               w.block.parameters + i.operands[1].offset + e * i.elementBytes);
}

enum class Shuffle { up, down, butterfly, index };

template <Shuffle kHow>
void shuffle(Warp &w, const Instruction &i, uint32_t mask) {
  const uint32_t *from = w.lanes<uint32_t>(i.operands[1]);
  const uint32_t *by = w.lanes<uint32_t>(i.operands[2]);
  const uint32_t *clamp = w.lanes<uint32_t>(i.operands[3]);
  uint32_t result[kLanes], inRange = 0;
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    uint32_t segment = clamp[lane] >> 8 & 31, bound = clamp[lane] & 31;
    uint32_t least = lane & segment, most = least | (bound & ~segment);
    int source = static_cast<int>(lane);
    int step = static_cast<int>(by[lane] & 31);
    bool valid = false;
    switch (kHow) {
    case Shuffle::up:
      source -= step;
      valid = source >= static_cast<int>(most);
      break;
    case Shuffle::down:
      source += step;
      valid = source <= static_cast<int>(most);
      break;
    case Shuffle::butterfly:
      source ^= step;
      valid = source <= static_cast<int>(most);
      break;
    case Shuffle::index:
      source = static_cast<int>(least | (by[lane] & 31 & ~segment));
      valid = source <= static_cast<int>(most);
      break;
    }
    if (!valid)
      source = static_cast<int>(lane);
    if (valid && (mask >> lane & 1) && !(mask >> source & 1))
      w.fail(i, "shuffle reads a lane that does not take part");
    inRange |= uint32_t(valid) << lane;
    result[lane] = from[source];
  }
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    if (mask >> lane & 1)
      w.lanes<uint32_t>(i.operands[0])[lane] = result[lane];
  if (i.operands[0].list.empty())
    return;
  uint32_t &flags = *w.lanes<uint32_t>(i.operands[0].list[0]);
  flags = (flags & ~mask) | (inRange & mask);
}

// Copies at once what the device may copy later: a kernel that does not wait
// is not found out.
void copyAsync(Warp &w, const Instruction &i, uint32_t mask) {
  uint32_t bytes = static_cast<uint32_t>(i.operands[2].offset);
  for (; mask; mask &= mask - 1) {
    uint32_t lane = static_cast<uint32_t>(__builtin_ctz(mask));
    uint32_t size =
        i.operandCount > 3 ? w.lanes<uint32_t>(i.operands[3])[lane] : bytes;
    uint8_t *to =
        w.reach(i, addressOf(w, i.operands[0], lane), bytes, true, true);
    if (!to)
      return;
    memset(to, 0, bytes);
    uint64_t source = addressOf(w, i.operands[1], lane);
    const uint8_t *from = size ? w.reach(i, source, bytes, false, false) : to;
    if (!from)
      return;
    memcpy(to, from, size);
  }
}

float asTf32(uint32_t bits) {
  bits &= 0xffffe000; // what the units look at
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

// D = A B + C on 16 x 8, 8 x 8 tf32 and 16 x 8 f32, spread over the lanes as
// PTX says for mma.m16n8k8: lane 4 g + t holds A's (g + 8 {0, 1}, t + 4 {0,
// 1}), B's (t + 4 {0, 1}, g) and C's (g + 8 {0, 1}, 2 t + {0, 1}).
void multiplyTf32(Warp &w, const Instruction &i, uint32_t mask) {
  if (mask != UINT32_MAX)
    return w.fail(i, "lanes are missing at a matrix product");
  float a[16][8], b[8][8], c[16][8];
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    uint32_t g = lane / 4, t = lane % 4;
    for (uint32_t e = 0; e < 4; ++e) {
      a[g + e % 2 * 8][t + e / 2 * 4] =
          asTf32(w.lanes<uint32_t>(i.operands[1].list[e])[lane]);
      c[g + e / 2 * 8][2 * t + e % 2] =
          w.lanes<float>(i.operands[3].list[e])[lane];
    }
    for (uint32_t e = 0; e < 2; ++e)
      b[t + e * 4][g] = asTf32(w.lanes<uint32_t>(i.operands[2].list[e])[lane]);
  }
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t e = 0; e < 4; ++e) {
      uint32_t row = lane / 4 + e / 2 * 8, column = lane % 4 * 2 + e % 2;
      float sum = c[row][column];
      for (uint32_t k = 0; k < 8; ++k)
        sum += a[row][k] * b[k][column];
      w.lanes<float>(i.operands[0].list[e])[lane] = sum;
    }
}

struct Half {
  static float value(uint16_t bits) {
    _Float16 half;
    memcpy(&half, &bits, sizeof(half));
    return float(half);
  }
};

struct Bf16 {
  static float value(uint16_t bits) {
    uint32_t wide = uint32_t(bits) << 16;
    float value;
    memcpy(&value, &wide, sizeof(value));
    return value;
  }
};

// The same for mma.m16n8k16 of narrow types: a register holds two neighbours
// along the sum, lane 4 g + t A's (g + 8 {0, 1}, 2 t + {0, 1} + 8 {0, 1}).
template <typename Type>
void multiplyNarrow(Warp &w, const Instruction &i, uint32_t mask) {
  if (mask != UINT32_MAX)
    return w.fail(i, "lanes are missing at a matrix product");
  float a[16][16], b[16][8];
  auto part = [&](const Operand &from, uint32_t e, uint32_t lane,
                  uint32_t half) {
    uint32_t both = w.lanes<uint32_t>(from.list[e])[lane];
    return Type::value(static_cast<uint16_t>(both >> (16 * half)));
  };
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t half = 0; half < 2; ++half) {
      uint32_t g = lane / 4, t = lane % 4 * 2 + half;
      for (uint32_t e = 0; e < 4; ++e)
        a[g + e % 2 * 8][t + e / 2 * 8] = part(i.operands[1], e, lane, half);
      for (uint32_t e = 0; e < 2; ++e)
        b[t + e * 8][g] = part(i.operands[2], e, lane, half);
    }
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t e = 0; e < 4; ++e) {
      uint32_t row = lane / 4 + e / 2 * 8, column = lane % 4 * 2 + e % 2;
      float sum = w.lanes<float>(i.operands[3].list[e])[lane];
      for (uint32_t k = 0; k < 16; ++k)
        sum += a[row][k] * b[k][column];
      w.lanes<float>(i.operands[0].list[e])[lane] = sum;
    }
}

// Matrices of 8 x 8 halves; lanes 8 m .. 8 m + 7 give the lines of matrix m.
template <bool kTransposed>
void loadMatrices(Warp &w, const Instruction &i, uint32_t mask) {
  if (mask != UINT32_MAX)
    return w.fail(i, "lanes are missing at a load of matrices");
  const Operand &to = i.operands[0];
  for (uint32_t m = 0; m < to.list.size(); ++m) {
    uint16_t matrix[8][8];
    for (uint32_t line = 0; line < 8; ++line) {
      uint64_t address = addressOf(w, i.operands[1], 8 * m + line);
      const uint8_t *from = w.reach(i, address, 16, false, true);
      if (!from)
        return;
      memcpy(matrix[line], from, 16);
    }
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      uint32_t line = lane / 4, place = lane % 4 * 2, both = 0;
      for (uint32_t half = 0; half < 2; ++half)
        both |= uint32_t(kTransposed ? matrix[place + half][line]
                                     : matrix[line][place + half])
                << (16 * half);
      w.lanes<uint32_t>(to.list[m])[lane] = both;
    }
  }
}

void doNothing(Warp &, const Instruction &, uint32_t) {}

template <typename T>
void atomicAdd(Warp &w, const Instruction &i, uint32_t mask) {
  for (; mask; mask &= mask - 1) {
    uint32_t lane = static_cast<uint32_t>(__builtin_ctz(mask));
    auto *at = reinterpret_cast<T *>(
        w.reach(i, addressOf(w, i.operands[1], lane), sizeof(T), true, false));
    if (!at)
      return;
    T before = *at;
    *at = before + w.lanes<T>(i.operands[2])[lane];
    w.lanes<T>(i.operands[0])[lane] = before;
  }
}

} // namespace

void addMemoryOps(std::unordered_map<std::string, Execute> &t) {
  t["ld.global"] = load<false>;
  t["st.global"] = store<false>;
  t["ld.shared"] = load<true>;
  t["st.shared"] = store<true>;
  t["ld.param"] = loadParameter;
  t["shfl.sync.up.b32"] = shuffle<Shuffle::up>;
  t["shfl.sync.down.b32"] = shuffle<Shuffle::down>;
  t["shfl.sync.bfly.b32"] = shuffle<Shuffle::butterfly>;
  t["shfl.sync.idx.b32"] = shuffle<Shuffle::index>;
  for (const char *how : {"ca", "cg"})
    t[std::string("cp.async.") + how + ".shared.global"] = copyAsync;
  t["mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"] = multiplyTf32;
  std::string product = "mma.sync.aligned.m16n8k16.row.col.f32.";
  t[product + "f16.f16.f32"] = multiplyNarrow<Half>;
  t[product + "bf16.bf16.f32"] = multiplyNarrow<Bf16>;
  std::string matrices = "ldmatrix.sync.aligned.m8n8.x4.";
  t[matrices + "shared.b16"] = loadMatrices<false>;
  t[matrices + "trans.shared.b16"] = loadMatrices<true>;
  t["cp.async.commit_group"] = t["cp.async.wait_group"] =
      t["cp.async.wait_all"] = t["bar.warp.sync"] = t["membar.cta"] =
          t["membar.gl"] = doNothing;
  t["atom.global.add.u32"] = t["atom.global.add.s32"] = atomicAdd<uint32_t>;
  t["atom.global.add.f32"] = atomicAdd<float>;
}

} // namespace visir::null
