// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random numbers as maps. A payload does not know its point, so the element's
// number is a sum of loads, one of each dimension's multiples. All is integer
// arithmetic of 64 bits until the last step, which is exact.
#include "compiler/conversion/GraphToDispatch/DispatchBuilder.h"
#include "compiler/support/Constants.h"
#include "dialects/visir/Random.h"

using namespace mlir;
using namespace visir;

namespace {

/// Integers of 64 bits; words of 32 bits are held in them.
class Integers {
public:
  Integers(OpBuilder &b, Location loc) : b(b), loc(loc) {}

  Value constant(int64_t value) {
    return scalarConstant(b, loc, b.getI64Type(), value);
  }
  Value add(Value x, Value y) { return make<arith::AddIOp>(x, y); }
  Value add(Value x, int64_t y) { return add(x, constant(y)); }
  Value mul(Value x, Value y) { return make<arith::MulIOp>(x, y); }
  Value mul(Value x, int64_t y) { return mul(x, constant(y)); }
  Value both(Value x, int64_t mask) {
    return make<arith::AndIOp>(x, constant(mask));
  }
  Value either(Value x, int64_t bits) {
    return make<arith::OrIOp>(x, constant(bits));
  }
  Value differ(Value x, Value y) { return make<arith::XOrIOp>(x, y); }
  /// Zeros come in; for what is not negative.
  Value high(Value x, int64_t by) {
    return make<arith::ShRUIOp>(x, constant(by));
  }
  /// Rounds down.
  Value scale(Value x, int64_t by) {
    return make<arith::ShRSIOp>(x, constant(by));
  }
  Value low(Value x) { return both(x, random::kMask32); }
  Value left(Value x, int64_t by) {
    return make<arith::ShLIOp>(x, constant(by));
  }
  Value sub(Value x, Value y) { return make<arith::SubIOp>(x, y); }
  Value less(Value x, Value y) {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, x, y);
  }
  Value isSet(Value x, int64_t mask) {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                 both(x, mask), constant(0));
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, loc, condition, x, y);
  }
  /// `x`, below 2^31 in size, times 2^-bits as f32.
  Value toFloat(Value x, unsigned bits) {
    Value narrow = arith::TruncIOp::create(b, loc, b.getI32Type(), x);
    Value number = arith::SIToFPOp::create(b, loc, b.getF32Type(), narrow);
    Value unit = scalarConstant(b, loc, b.getF32Type(),
                                1.0 / double(int64_t(1) << bits));
    return arith::MulFOp::create(b, loc, number, unit);
  }

private:
  template <typename OpT> Value make(Value x, Value y) {
    return OpT::create(b, loc, x, y);
  }

  OpBuilder &b;
  Location loc;
};

/// The words of the block that element `index` belongs to.
struct Words {
  Value words[4];
};

} // namespace

static Words philox(Integers &n, Value index, Value seed, int64_t stream) {
  Value block = n.high(index, 2);
  Words state{{n.low(block), n.high(block, 32),
               n.constant(stream & random::kMask32),
               n.constant(int64_t(uint64_t(stream) >> 32))}};
  Value keys[2] = {n.low(seed), n.high(seed, 32)};
  auto &c = state.words;
  for (unsigned round = 0; round < random::kRounds; ++round) {
    Value even = n.mul(c[0], random::kMultipliers[0]);
    Value odd = n.mul(c[2], random::kMultipliers[1]);
    Value first = n.differ(n.differ(n.high(odd, 32), c[1]), keys[0]);
    Value third = n.differ(n.differ(n.high(even, 32), c[3]), keys[1]);
    state = {{first, n.low(odd), third, n.low(even)}};
    for (unsigned i = 0; i < 2; ++i)
      keys[i] = n.low(n.add(keys[i], random::kKeySteps[i]));
  }
  return state;
}

static Value polynomial(Integers &n, ArrayRef<int64_t> coefficients, Value x,
                        int64_t bits) {
  Value value = n.constant(coefficients.back());
  for (int64_t coefficient : llvm::reverse(coefficients.drop_back()))
    value = n.add(n.scale(n.mul(value, x), bits), coefficient);
  return value;
}

/// sqrt(-2 ln((a | 1) / 2^32)) in units of 2^-22.
static Value radius(Integers &n, Value a) {
  Value x = n.either(a, 1), halvings = n.constant(1);
  for (int64_t step : {16, 8, 4, 2, 1}) {
    Value small = n.less(x, n.constant(int64_t(1) << (32 - step)));
    x = n.select(small, n.left(x, step), x);
    halvings = n.select(small, n.add(halvings, step), halvings);
  }
  Value t = n.add(x, -(int64_t(1) << 31));
  Value log = n.scale(n.mul(polynomial(n, random::kLog, t, 31), t), 31);
  Value square = n.sub(n.mul(halvings, random::kLn2), log);
  Value zero = n.constant(0);
  square = n.left(n.select(n.less(square, zero), zero, square), 14);
  Value root = zero;
  for (int bit = 24; bit >= 0; --bit) {
    Value larger = n.either(root, int64_t(1) << bit);
    root = n.select(n.less(square, n.mul(larger, larger)), root, larger);
  }
  return root;
}

static Value normal(Integers &n, const Words &state, Value index) {
  Value second = n.isSet(index, 2), isSine = n.isSet(index, 1);
  Value a = n.select(second, state.words[2], state.words[0]);
  Value p = n.select(second, state.words[3], state.words[1]);
  Value one = n.constant(int64_t(1) << 30);
  p = n.select(isSine, p, n.low(n.add(p, one)));
  Value f = n.both(p, (int64_t(1) << 30) - 1);
  f = n.select(n.isSet(p, int64_t(1) << 30), n.sub(one, f), f);
  Value y = n.high(n.mul(f, f), 30);
  Value s = n.scale(n.mul(polynomial(n, random::kSine, y, 30), f), 30);
  Value z = n.scale(n.add(n.mul(radius(n, a), s), one), 31);
  z = n.select(n.isSet(p, int64_t(1) << 31), n.sub(n.constant(0), z), z);
  return n.toFloat(z, random::kNormalBits);
}

static Value uniform(Integers &n, const Words &state, Value index) {
  Value second = n.isSet(index, 2), isOdd = n.isSet(index, 1);
  const auto &words = state.words;
  Value word = n.select(isOdd, n.select(second, words[3], words[1]),
                        n.select(second, words[2], words[0]));
  return n.toFloat(n.high(word, 8), random::kUniformBits);
}

/// 0, stride, 2 stride ... as a tensor of si64.
static Value multiples(OpBuilder &b, Location loc, int64_t count,
                       int64_t stride) {
  auto type = RankedTensorType::get(
      {count}, IntegerType::get(b.getContext(), 64, IntegerType::Signed));
  SmallVector<int64_t> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(i * stride);
  return ConstantOp::create(b, loc,
                            makeConstant(type, ArrayRef<int64_t>(values)));
}

static FailureOr<SmallVector<Value>> lowerRandom(OpBuilder &b, Operation *op) {
  auto random = cast<RandomOp>(op);
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(random.getType());
  unsigned rank = type.getRank();
  DispatchBuilder builder(b, loc, RootKind::Map, type.getShape(), rank);
  unsigned seed = builder.load(random.getSeed(), {});
  SmallVector<unsigned> parts;
  int64_t stride = 1;
  for (unsigned i = rank; i--; stride *= type.getDimSize(i))
    if (type.getDimSize(i) != 1)
      parts.push_back(builder.load(
          multiples(b, loc, type.getDimSize(i), stride), {builder.dim(i)}));
  builder.store(type, dimRange(b.getContext(), 0, rank));
  DispatchOp dispatch =
      builder.build([&](PayloadScope &scope) -> SmallVector<Value> {
        Integers n(scope.b, scope.loc);
        // Outer dimensions first: their sum is the same along a row.
        Value index = n.constant(0);
        for (unsigned part : llvm::reverse(parts))
          index = n.add(index, scope.loads[part]);
        Words state =
            philox(n, index, scope.loads[seed], int64_t(random.getStream()));
        return {random.getKind() == "normal" ? normal(n, state, index)
                                             : uniform(n, state, index)};
      });
  return SmallVector<Value>(dispatch.getResults());
}

LowerFn visir::findRandomLowering(Operation *op) {
  return isa<RandomOp>(op) ? lowerRandom : nullptr;
}
