// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arithmetic, comparisons and conversions, by opcode.
#include "warp.h"

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <unordered_map>

namespace visir::null {

void addMemoryOps(std::unordered_map<std::string, Execute> &table);

namespace {

using Table = std::unordered_map<std::string, Execute>;
using Half = _Float16;

template <typename Body> void forLanes(uint32_t mask, Body body) {
  if (mask == UINT32_MAX) {
    for (uint32_t lane = 0; lane < kLanes; ++lane)
      body(lane);
    return;
  }
  for (; mask; mask &= mask - 1)
    body(static_cast<uint32_t>(__builtin_ctz(mask)));
}

template <typename T, typename F>
void unary(Warp &w, const Instruction &i, uint32_t mask) {
  T *to = w.lanes<T>(i.operands[0]);
  const T *a = w.lanes<T>(i.operands[1]);
  forLanes(mask, [&](uint32_t l) { to[l] = static_cast<T>(F()(a[l])); });
}

template <typename T, typename F>
void binary(Warp &w, const Instruction &i, uint32_t mask) {
  T *to = w.lanes<T>(i.operands[0]);
  const T *a = w.lanes<T>(i.operands[1]);
  const T *b = w.lanes<T>(i.operands[2]);
  forLanes(mask, [&](uint32_t l) { to[l] = static_cast<T>(F()(a[l], b[l])); });
}

template <typename T, typename F>
void ternary(Warp &w, const Instruction &i, uint32_t mask) {
  T *to = w.lanes<T>(i.operands[0]);
  const T *a = w.lanes<T>(i.operands[1]);
  const T *b = w.lanes<T>(i.operands[2]);
  const T *c = w.lanes<T>(i.operands[3]);
  forLanes(mask,
           [&](uint32_t l) { to[l] = static_cast<T>(F()(a[l], b[l], c[l])); });
}

template <typename T>
void wideMul(Warp &w, const Instruction &i, uint32_t mask) {
  using Wide = std::conditional_t<
      sizeof(T) == 4,
      std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>,
      std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>>;
  Wide *to = w.lanes<Wide>(i.operands[0]);
  const T *a = w.lanes<T>(i.operands[1]);
  const T *b = w.lanes<T>(i.operands[2]);
  const Wide *c = i.operandCount > 3 ? w.lanes<Wide>(i.operands[3]) : nullptr;
  forLanes(mask, [&](uint32_t l) {
    Wide product = static_cast<Wide>(a[l]) * static_cast<Wide>(b[l]);
    to[l] = c ? product + c[l] : product;
  });
}

template <typename T, bool kLeft>
void shift(Warp &w, const Instruction &i, uint32_t mask) {
  T *to = w.lanes<T>(i.operands[0]);
  const T *a = w.lanes<T>(i.operands[1]);
  const uint32_t *by = w.lanes<uint32_t>(i.operands[2]);
  constexpr uint32_t kBits = sizeof(T) * 8;
  forLanes(mask, [&](uint32_t l) {
    if (kLeft)
      to[l] = by[l] >= kBits
                  ? T(0)
                  : static_cast<T>(std::make_unsigned_t<T>(a[l]) << by[l]);
    else
      to[l] = static_cast<T>(
          a[l] >>
          (by[l] >= kBits ? (std::is_signed_v<T> ? kBits - 1 : 0) : by[l]));
    if (!kLeft && !std::is_signed_v<T> && by[l] >= kBits)
      to[l] = 0;
  });
}

template <typename T, typename F>
void compare(Warp &w, const Instruction &i, uint32_t mask) {
  const T *a = w.lanes<T>(i.operands[1]);
  const T *b = w.lanes<T>(i.operands[2]);
  uint32_t bits = 0;
  for (uint32_t l = 0; l < kLanes; ++l)
    bits |= uint32_t(F()(a[l], b[l])) << l;
  uint32_t &to = w.predicate(i.operands[0]);
  to = (to & ~mask) | (bits & mask);
}

template <typename T>
void select(Warp &w, const Instruction &i, uint32_t mask) {
  T *to = w.lanes<T>(i.operands[0]);
  const T *a = w.lanes<T>(i.operands[1]);
  const T *b = w.lanes<T>(i.operands[2]);
  uint32_t p = w.predicate(i.operands[3]);
  forLanes(mask, [&](uint32_t l) { to[l] = p >> l & 1 ? a[l] : b[l]; });
}

template <typename F> void logic(Warp &w, const Instruction &i, uint32_t mask) {
  uint32_t a = w.predicate(i.operands[1]);
  uint32_t b = i.operandCount > 2 ? w.predicate(i.operands[2]) : 0;
  uint32_t &to = w.predicate(i.operands[0]);
  to = (to & ~mask) | (F()(a, b) & mask);
}

// A move; lists of registers are the parts of a wider one.
template <typename T> void move(Warp &w, const Instruction &i, uint32_t mask) {
  const Operand &to = i.operands[0], &from = i.operands[1];
  uint32_t parts = static_cast<uint32_t>(to.list.empty() ? from.list.size()
                                                         : to.list.size());
  if (parts == 0)
    return forLanes(
        mask, [&](uint32_t l) { w.lanes<T>(to)[l] = w.lanes<T>(from)[l]; });
  uint32_t bytes = sizeof(T) / parts;
  forLanes(mask, [&](uint32_t l) {
    for (uint32_t p = 0; p < parts; ++p) {
      bool unpack = !to.list.empty();
      uint8_t *part =
          w.lanes<uint8_t>(unpack ? to.list[p] : from.list[p]) + l * bytes;
      uint8_t *whole =
          w.lanes<uint8_t>(unpack ? from : to) + l * sizeof(T) + p * bytes;
      memcpy(unpack ? part : whole, unpack ? whole : part, bytes);
    }
  });
}

float fromBf16(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  memcpy(&value, &wide, 4);
  return value;
}

uint16_t toBf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if (value != value)
    return 0x7fff;
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

struct Bf16 {
  uint16_t bits;
  Bf16() = default;
  explicit Bf16(double value) : bits(toBf16(static_cast<float>(value))) {}
  explicit operator double() const { return fromBf16(bits); }
};

template <typename T> constexpr bool kIsInteger = std::is_integral_v<T>;

enum class Round { none, nearest, zero, down, up };

// Of a float to a float or an integer: rounding to integers is asked for.
template <typename D, Round kRound> D fromFloat(double value) {
  switch (kRound) {
  case Round::nearest:
    value = std::nearbyint(value);
    break;
  case Round::zero:
    value = std::trunc(value);
    break;
  case Round::down:
    value = std::floor(value);
    break;
  case Round::up:
    value = std::ceil(value);
    break;
  case Round::none:
    break;
  }
  if constexpr (kIsInteger<D>) {
    if (value != value)
      return 0;
    double least = static_cast<double>(std::numeric_limits<D>::min());
    double most = static_cast<double>(std::numeric_limits<D>::max());
    if (value <= least)
      return std::numeric_limits<D>::min();
    return value >= most ? std::numeric_limits<D>::max()
                         : static_cast<D>(value);
  } else {
    return static_cast<D>(value);
  }
}

// Registers may be wider than the values in them.
template <typename D, typename S, Round kRound>
void convert(Warp &w, const Instruction &i, uint32_t mask) {
  uint32_t toWidth = i.operands[0].width, fromWidth = i.operands[1].width;
  uint8_t *to = w.lanes<uint8_t>(i.operands[0]);
  const uint8_t *from = w.lanes<uint8_t>(i.operands[1]);
  forLanes(mask, [&](uint32_t l) {
    S value;
    memcpy(&value, from + l * fromWidth, sizeof(S));
    D result;
    if constexpr (kIsInteger<S> && kIsInteger<D>)
      result = static_cast<D>(value);
    else if constexpr (kIsInteger<S> && std::is_same_v<D, float>)
      result = static_cast<float>(value);
    else if constexpr (kIsInteger<S>)
      result = static_cast<D>(static_cast<double>(value));
    else
      result = fromFloat<D, kRound>(static_cast<double>(value));
    if constexpr (kIsInteger<D>) {
      int64_t wide = static_cast<int64_t>(result);
      memcpy(to + l * toWidth, &wide, toWidth);
    } else {
      memcpy(to + l * toWidth, &result, sizeof(D));
    }
  });
}

// Two floats, the first one above the second.
template <typename Narrow>
void convertPair(Warp &w, const Instruction &i, uint32_t mask) {
  uint8_t *to = w.lanes<uint8_t>(i.operands[0]);
  const float *high = w.lanes<float>(i.operands[1]);
  const float *low = w.lanes<float>(i.operands[2]);
  forLanes(mask, [&](uint32_t l) {
    Narrow pair[2] = {static_cast<Narrow>(low[l]),
                      static_cast<Narrow>(high[l])};
    memcpy(to + l * 4, pair, 4);
  });
}

#define OP(name, expression)                                                   \
  struct name {                                                                \
    template <typename... T> auto operator()(T... v) const {                   \
      return apply(v...);                                                      \
    }                                                                          \
    template <typename T> static auto apply expression                         \
  };

OP(
    Add, (T a, T b) { return a + b; })
OP(
    Sub, (T a, T b) { return a - b; })
OP(
    Mul, (T a, T b) { return a * b; })
OP(
    Fma, (T a, T b, T c) {
      if constexpr (sizeof(T) == 8)
        return __builtin_fma(a, b, c);
      else if constexpr (sizeof(T) == 4)
        return __builtin_fmaf(a, b, c);
      else
        return static_cast<T>(__builtin_fma(double(a), double(b), double(c)));
    })
OP(
    Mad, (T a, T b, T c) { return a * b + c; })
OP(
    Div, (T a, T b) {
      if constexpr (kIsInteger<T>)
        return b == 0                              ? T(-1)
               : std::is_signed_v<T> && b == T(-1) ? T(T(0) - a)
                                                   : T(a / b);
      else
        return a / b;
    })
OP(
    Rem, (T a, T b) {
      bool isMinusOne = std::is_signed_v<T> && b == T(-1);
      return b == 0 ? a : isMinusOne ? T(0) : T(a % b);
    })
OP(
    And, (T a, T b) { return a & b; })
OP(
    Or, (T a, T b) { return a | b; })
OP(
    Xor, (T a, T b) { return a ^ b; })
OP(
    Not, (T a) { return ~a; })
OP(
    Neg, (T a) { return -a; })
OP(
    Rcp, (T a) { return T(1) / a; })
OP(
    Sqrt, (T a) { return std::sqrt(a); })
OP(
    Rsqrt, (T a) { return T(1) / std::sqrt(a); })
OP(
    Exp2, (T a) { return std::exp2(a); })
OP(
    Log2, (T a) { return std::log2(a); })
OP(
    Sin, (T a) { return std::sin(a); })
OP(
    Cos, (T a) { return std::cos(a); })
OP(
    Tanh, (T a) { return std::tanh(a); })
OP(
    Abs, (T a) {
      if constexpr (kIsInteger<T>)
        return a < 0 ? T(-a) : a;
      else
        return static_cast<T>(a < 0 || (a == 0) ? std::fabs(double(a)) : a);
    })
OP(
    CopySign, (T a, T b) { return std::copysign(b, a); })
OP(
    Clz, (T a) {
      constexpr uint32_t kBits = sizeof(T) * 8;
      return a == 0 ? kBits : uint32_t(__builtin_clzll(a)) - (64 - kBits);
    })
OP(
    Popc, (T a) { return __builtin_popcountll(a); })
OP(
    Min, (T a, T b) {
      if constexpr (kIsInteger<T>)
        return a < b ? a : b;
      else
        return a != a ? b : b != b ? a : a < b ? a : b;
    })
OP(
    Max, (T a, T b) {
      if constexpr (kIsInteger<T>)
        return a > b ? a : b;
      else
        return a != a ? b : b != b ? a : a > b ? a : b;
    })
OP(
    MinNan, (T a, T b) {
      return a != a ? a : b != b ? b : a < b ? a : b;
    })
OP(
    MaxNan, (T a, T b) {
      return a != a ? a : b != b ? b : a > b ? a : b;
    })
OP(
    Eq, (T a, T b) { return a == b; })
OP(
    Ne, (T a, T b) { return a != b && (kIsInteger<T> || (a == a && b == b)); })
OP(
    Lt, (T a, T b) { return a < b; })
OP(
    Le, (T a, T b) { return a <= b; })
OP(
    Gt, (T a, T b) { return a > b; })
OP(
    Ge, (T a, T b) { return a >= b; })
OP(
    Equ, (T a, T b) { return !(a != b) || a != a || b != b; })
OP(
    Neu, (T a, T b) { return a != b; })
OP(
    Ltu, (T a, T b) { return !(a >= b); })
OP(
    Leu, (T a, T b) { return !(a > b); })
OP(
    Gtu, (T a, T b) { return !(a <= b); })
OP(
    Geu, (T a, T b) { return !(a < b); })
OP(
    Num, (T a, T b) { return a == a && b == b; })
OP(
    Nan, (T a, T b) { return a != a || b != b; })
#undef OP

struct MulHigh {
  template <typename T> T operator()(T a, T b) const {
    using Wide =
        std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
    return static_cast<T>(static_cast<Wide>(a) * static_cast<Wide>(b) >>
                          (sizeof(T) * 8));
  }
};

// (b:a) shifted; the high half to the left, the low half to the right.
template <bool kLeft>
void funnel(Warp &w, const Instruction &i, uint32_t mask) {
  uint32_t *to = w.lanes<uint32_t>(i.operands[0]);
  const uint32_t *low = w.lanes<uint32_t>(i.operands[1]);
  const uint32_t *high = w.lanes<uint32_t>(i.operands[2]);
  const uint32_t *by = w.lanes<uint32_t>(i.operands[3]);
  forLanes(mask, [&](uint32_t l) {
    uint64_t both = uint64_t(high[l]) << 32 | low[l];
    to[l] = static_cast<uint32_t>(kLeft ? both << (by[l] & 31) >> 32
                                        : both >> (by[l] & 31));
  });
}

void permute(Warp &w, const Instruction &i, uint32_t mask) {
  uint32_t *to = w.lanes<uint32_t>(i.operands[0]);
  const uint32_t *a = w.lanes<uint32_t>(i.operands[1]);
  const uint32_t *b = w.lanes<uint32_t>(i.operands[2]);
  const uint32_t *how = w.lanes<uint32_t>(i.operands[3]);
  forLanes(mask, [&](uint32_t l) {
    uint64_t both = uint64_t(b[l]) << 32 | a[l];
    uint32_t result = 0;
    for (uint32_t byte = 0; byte < 4; ++byte) {
      uint32_t code = how[l] >> (4 * byte) & 15;
      uint32_t value = uint32_t(both >> (8 * (code & 7))) & 255;
      if (code & 8)
        value = value & 128 ? 255 : 0;
      result |= value << (8 * byte);
    }
    to[l] = result;
  });
}

template <typename T>
void extractBits(Warp &w, const Instruction &i, uint32_t mask) {
  T *to = w.lanes<T>(i.operands[0]);
  const T *a = w.lanes<T>(i.operands[1]);
  const uint32_t *at = w.lanes<uint32_t>(i.operands[2]);
  const uint32_t *count = w.lanes<uint32_t>(i.operands[3]);
  forLanes(mask, [&](uint32_t l) {
    constexpr uint32_t kBits = sizeof(T) * 8;
    uint32_t p = at[l] & 255, n = count[l] & 255;
    T value =
        p >= kBits ? T(std::is_signed_v<T> && a[l] < 0 ? -1 : 0) : T(a[l] >> p);
    if (n >= kBits) {
      to[l] = value;
      return;
    }
    T kept = n == 0 ? T(0) : T(value & T((uint64_t(1) << n) - 1));
    if (std::is_signed_v<T> && n && (kept >> (n - 1) & 1))
      kept = T(uint64_t(kept) | ~((uint64_t(1) << n) - 1));
    to[l] = kept;
  });
}

template <typename F> void addIntegers(Table &t, const std::string &name) {
  t[name + ".b16"] = t[name + ".u16"] = binary<uint16_t, F>;
  t[name + ".b32"] = t[name + ".u32"] = binary<uint32_t, F>;
  t[name + ".b64"] = t[name + ".u64"] = binary<uint64_t, F>;
  t[name + ".s16"] = binary<int16_t, F>;
  t[name + ".s32"] = binary<int32_t, F>;
  t[name + ".s64"] = binary<int64_t, F>;
}

template <typename F> void addFloats(Table &t, const std::string &name) {
  t[name + ".f32"] = binary<float, F>;
  t[name + ".f64"] = binary<double, F>;
  t[name + ".f16"] = binary<Half, F>;
}

template <typename F> void addFloatUnary(Table &t, const std::string &name) {
  t[name + ".f32"] = unary<float, F>;
  t[name + ".f64"] = unary<double, F>;
}

template <typename F> void addCompare(Table &t, const std::string &name) {
  std::string at = "setp." + name;
  t[at + ".b16"] = t[at + ".u16"] = compare<uint16_t, F>;
  t[at + ".b32"] = t[at + ".u32"] = compare<uint32_t, F>;
  t[at + ".b64"] = t[at + ".u64"] = compare<uint64_t, F>;
  t[at + ".s16"] = compare<int16_t, F>;
  t[at + ".s32"] = compare<int32_t, F>;
  t[at + ".s64"] = compare<int64_t, F>;
  t[at + ".f16"] = compare<Half, F>;
  t[at + ".f32"] = compare<float, F>;
  t[at + ".f64"] = compare<double, F>;
}

template <typename F> void addFloatCompare(Table &t, const std::string &name) {
  t["setp." + name + ".f16"] = compare<Half, F>;
  t["setp." + name + ".f32"] = compare<float, F>;
  t["setp." + name + ".f64"] = compare<double, F>;
}

template <typename D, typename S>
void addConversion(Table &t, const std::string &to, const std::string &from) {
  std::string types = "." + to + "." + from;
  t["cvt" + types] = convert<D, S, Round::none>;
  if constexpr (!kIsInteger<S>) {
    t["cvt.rni" + types] = convert<D, S, Round::nearest>;
    t["cvt.rzi" + types] = convert<D, S, Round::zero>;
    t["cvt.rmi" + types] = convert<D, S, Round::down>;
    t["cvt.rpi" + types] = convert<D, S, Round::up>;
  }
}

template <typename D> void addConversionsTo(Table &t, const std::string &to) {
  addConversion<D, uint8_t>(t, to, "u8");
  addConversion<D, int8_t>(t, to, "s8");
  addConversion<D, uint16_t>(t, to, "u16");
  addConversion<D, int16_t>(t, to, "s16");
  addConversion<D, uint32_t>(t, to, "u32");
  addConversion<D, int32_t>(t, to, "s32");
  addConversion<D, uint64_t>(t, to, "u64");
  addConversion<D, int64_t>(t, to, "s64");
  addConversion<D, float>(t, to, "f32");
  addConversion<D, double>(t, to, "f64");
  addConversion<D, Half>(t, to, "f16");
  addConversion<D, Bf16>(t, to, "bf16");
}

// Signed values wrap around as unsigned ones do.
template <typename F> void addWrapping(Table &t, const std::string &name) {
  addIntegers<F>(t, name);
  for (const char *bits : {"16", "32", "64"})
    t[name + ".s" + bits] = t[name + ".u" + bits];
}

void addArithmetic(Table &t) {
  addWrapping<Add>(t, "add");
  addWrapping<Sub>(t, "sub");
  addWrapping<Mul>(t, "mul");
  addIntegers<MulHigh>(t, "mul.hi");
  addIntegers<Div>(t, "div");
  addIntegers<Rem>(t, "rem");
  addIntegers<Min>(t, "min");
  addIntegers<Max>(t, "max");
  addIntegers<And>(t, "and");
  addIntegers<Or>(t, "or");
  addIntegers<Xor>(t, "xor");
  addFloats<Add>(t, "add");
  addFloats<Sub>(t, "sub");
  addFloats<Mul>(t, "mul");
  addFloats<Div>(t, "div");
  addFloats<Min>(t, "min");
  addFloats<Max>(t, "max");
  addFloats<MinNan>(t, "min.NaN");
  addFloats<MaxNan>(t, "max.NaN");
  t["copysign.f32"] = binary<float, CopySign>;
  t["copysign.f64"] = binary<double, CopySign>;
  addFloatUnary<Sqrt>(t, "sqrt");
  addFloatUnary<Rcp>(t, "rcp");
  addFloatUnary<Rsqrt>(t, "rsqrt");
  addFloatUnary<Exp2>(t, "ex2");
  addFloatUnary<Log2>(t, "lg2");
  addFloatUnary<Sin>(t, "sin");
  addFloatUnary<Cos>(t, "cos");
  addFloatUnary<Tanh>(t, "tanh");
  addFloatUnary<Abs>(t, "abs");
  addFloatUnary<Neg>(t, "neg");
  t["abs.f16"] = unary<Half, Abs>;
  t["neg.f16"] = unary<Half, Neg>;
  t["abs.s16"] = unary<int16_t, Abs>;
  t["abs.s32"] = unary<int32_t, Abs>;
  t["abs.s64"] = unary<int64_t, Abs>;
  t["neg.s16"] = unary<int16_t, Neg>;
  t["neg.s32"] = unary<int32_t, Neg>;
  t["neg.s64"] = unary<int64_t, Neg>;
  t["not.b16"] = unary<uint16_t, Not>;
  t["not.b32"] = unary<uint32_t, Not>;
  t["not.b64"] = unary<uint64_t, Not>;
  t["fma.f32"] = ternary<float, Fma>;
  t["fma.f64"] = ternary<double, Fma>;
  t["fma.f16"] = ternary<Half, Fma>;
  t["mad.s16"] = t["mad.u16"] = ternary<uint16_t, Mad>;
  t["mad.s32"] = t["mad.u32"] = ternary<uint32_t, Mad>;
  t["mad.s64"] = t["mad.u64"] = ternary<uint64_t, Mad>;
  t["mul.wide.u16"] = t["mad.wide.u16"] = wideMul<uint16_t>;
  t["mul.wide.s16"] = t["mad.wide.s16"] = wideMul<int16_t>;
  t["mul.wide.u32"] = t["mad.wide.u32"] = wideMul<uint32_t>;
  t["mul.wide.s32"] = t["mad.wide.s32"] = wideMul<int32_t>;
}

template <typename T, uint32_t (*kCount)(T)>
void countBits(Warp &w, const Instruction &i, uint32_t mask) {
  uint32_t *to = w.lanes<uint32_t>(i.operands[0]);
  const T *a = w.lanes<T>(i.operands[1]);
  forLanes(mask, [&](uint32_t l) { to[l] = kCount(a[l]); });
}

template <typename T> uint32_t leadingZeros(T a) {
  return static_cast<uint32_t>(Clz()(a));
}
template <typename T> uint32_t population(T a) {
  return static_cast<uint32_t>(Popc()(a));
}

void addBits(Table &t) {
  t["shl.b16"] = shift<uint16_t, true>;
  t["shl.b32"] = shift<uint32_t, true>;
  t["shl.b64"] = shift<uint64_t, true>;
  t["shr.b16"] = t["shr.u16"] = shift<uint16_t, false>;
  t["shr.b32"] = t["shr.u32"] = shift<uint32_t, false>;
  t["shr.b64"] = t["shr.u64"] = shift<uint64_t, false>;
  t["shr.s16"] = shift<int16_t, false>;
  t["shr.s32"] = shift<int32_t, false>;
  t["shr.s64"] = shift<int64_t, false>;
  t["shf.l.b32"] = funnel<true>;
  t["shf.r.b32"] = funnel<false>;
  t["prmt.b32"] = permute;
  t["bfe.u32"] = extractBits<uint32_t>;
  t["bfe.s32"] = extractBits<int32_t>;
  t["bfe.u64"] = extractBits<uint64_t>;
  t["bfe.s64"] = extractBits<int64_t>;
  t["clz.b32"] = countBits<uint32_t, leadingZeros<uint32_t>>;
  t["clz.b64"] = countBits<uint64_t, leadingZeros<uint64_t>>;
  t["popc.b32"] = countBits<uint32_t, population<uint32_t>>;
  t["popc.b64"] = countBits<uint64_t, population<uint64_t>>;
  for (const char *type : {"b16", "u16", "s16", "f16"}) {
    t[std::string("mov.") + type] = move<uint16_t>;
    t[std::string("selp.") + type] = select<uint16_t>;
  }
  for (const char *type : {"b32", "u32", "s32", "f32"}) {
    t[std::string("mov.") + type] = move<uint32_t>;
    t[std::string("selp.") + type] = select<uint32_t>;
  }
  for (const char *type : {"b64", "u64", "s64", "f64"}) {
    t[std::string("mov.") + type] = move<uint64_t>;
    t[std::string("selp.") + type] = select<uint64_t>;
  }
  t["cvta.to.global.u64"] = t["cvta.global.u64"] = move<uint64_t>;
  struct First {
    uint32_t operator()(uint32_t a, uint32_t) const { return a; }
  };
  struct Inverse {
    uint32_t operator()(uint32_t a, uint32_t) const { return ~a; }
  };
  t["mov.pred"] = logic<First>;
  t["not.pred"] = logic<Inverse>;
  t["and.pred"] = logic<And>;
  t["or.pred"] = logic<Or>;
  t["xor.pred"] = logic<Xor>;
}

void addCompares(Table &t) {
  addCompare<Eq>(t, "eq");
  addCompare<Ne>(t, "ne");
  addCompare<Lt>(t, "lt");
  addCompare<Le>(t, "le");
  addCompare<Gt>(t, "gt");
  addCompare<Ge>(t, "ge");
  addFloatCompare<Equ>(t, "equ");
  addFloatCompare<Neu>(t, "neu");
  addFloatCompare<Ltu>(t, "ltu");
  addFloatCompare<Leu>(t, "leu");
  addFloatCompare<Gtu>(t, "gtu");
  addFloatCompare<Geu>(t, "geu");
  addFloatCompare<Num>(t, "num");
  addFloatCompare<Nan>(t, "nan");
}

Table makeTable() {
  Table t;
  addArithmetic(t);
  addBits(t);
  addCompares(t);
  addConversionsTo<uint8_t>(t, "u8");
  addConversionsTo<int8_t>(t, "s8");
  addConversionsTo<uint16_t>(t, "u16");
  addConversionsTo<int16_t>(t, "s16");
  addConversionsTo<uint32_t>(t, "u32");
  addConversionsTo<int32_t>(t, "s32");
  addConversionsTo<uint64_t>(t, "u64");
  addConversionsTo<int64_t>(t, "s64");
  addConversionsTo<float>(t, "f32");
  addConversionsTo<double>(t, "f64");
  addConversionsTo<Half>(t, "f16");
  addConversionsTo<Bf16>(t, "bf16");
  t["cvt.f16x2.f32"] = convertPair<Half>;
  t["cvt.bf16x2.f32"] = convertPair<Bf16>;
  addMemoryOps(t);
  return t;
}

} // namespace

Execute findExecute(const std::string &opcode) {
  static const Table table = makeTable();
  auto found = table.find(opcode);
  return found == table.end() ? nullptr : found->second;
}

} // namespace visir::null
