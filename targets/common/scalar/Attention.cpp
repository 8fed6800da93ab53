// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention in one pass over the keys: a running maximum, the sum of weights
// below it, and a few sums of weighted values, all scaled anew when a larger
// maximum comes (online softmax; Milakov and Gimelshein, 2018).
#include "targets/common/AttentionRoles.h"
#include "targets/common/Combine.h"
#include "targets/common/GridSampler.h"
#include "targets/common/Payload.h"
#include "targets/common/scalar/Invocation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace visir;
using namespace visir::scalar;

using Values = Invocation::Values;

/// The largest divisor of the last value dimension up to 8: a score then
/// serves so many values, whose sums stay in registers.
static int64_t valuesAtOnce(const Nest &nest, const AttentionRoles &roles) {
  if (roles.values.empty())
    return 1;
  int64_t extent = nest.dims[roles.values.back()].extent, count = 8;
  while (extent % count != 0)
    --count;
  return count;
}

int64_t scalar::valuesPerInvocation(DispatchOp op, const Nest &nest) {
  return valuesAtOnce(nest, attentionRoles(op, nest));
}

namespace {

struct AttentionEmitter {
  Invocation &at;
  AttentionRoles roles;
  Type type;
  int64_t count; ///< values at once
  Value firstValue;

  Value number(double value) {
    return makeConstant(at.b, at.loc, type, value);
  }
  /// Stands at value `j` of those that the invocation computes.
  void moveToValue(int64_t j) {
    if (!roles.values.empty())
      at.index[roles.values.back()] =
          at.make<arith::AddIOp>(firstValue, at.constant(j));
  }
  void place(Value id);
  Value score();
  Values step(ValueRange running);
  void emit();
};

} // namespace

void AttentionEmitter::place(Value id) {
  SmallVector<unsigned> dims(roles.rows);
  llvm::append_range(dims, roles.values);
  SmallVector<int64_t> extents;
  for (unsigned dim : dims)
    extents.push_back(at.nest.dims[dim].extent);
  if (!roles.values.empty())
    extents.back() /= count;
  at.place(id, dims, extents);
  if (!roles.values.empty())
    firstValue = at.make<arith::MulIOp>(at.index[roles.values.back()],
                                        at.constant(count));
}

/// The scaled product of the row's query and the current key, masked.
Value AttentionEmitter::score() {
  moveToValue(0);
  Value sum = at.loop(roles.inner, number(0), [&](ValueRange running) {
    Values x = at.prologue();
    return Values{emitMultiplyAdd(at.b, at.loc, x[0], x[1], running[0])};
  })[0];
  double scale =
      cast<FloatAttr>(at.op.getRootParam("scale")).getValueAsDouble();
  Value result = at.make<arith::MulFOp>(sum, number(scale));
  at.reset(roles.inner);
  Values x = at.prologue();
  if (x.size() > 3)
    result = at.make<arith::AddFOp>(result, x[3]);
  if (!at.op.getRootParam("causal"))
    return result;
  auto place = [&](ArrayRef<unsigned> dims) {
    return emitLinear(at.b, at.loc, numberAmong(at.nest, dims), at.index);
  };
  Value hidden = at.make<arith::CmpIOp>(arith::CmpIPredicate::ugt,
                                        place(roles.keys),
                                        place(roles.positions));
  return at.make<arith::SelectOp>(
      hidden, number(-std::numeric_limits<double>::infinity()), result);
}

/// One key: (maximum, sum, sums of values) to the next.
Values AttentionEmitter::step(ValueRange running) {
  Value s = score(), max = running[0];
  Value greater =
      at.make<arith::CmpFOp>(arith::CmpFPredicate::OGT, s, max);
  Value next = at.make<arith::SelectOp>(greater, s, max);
  // As long as all keys are hidden, there is nothing to subtract.
  Value none = at.make<arith::CmpFOp>(
      arith::CmpFPredicate::OEQ, next,
      number(-std::numeric_limits<double>::infinity()));
  Value base = at.make<arith::SelectOp>(none, number(0), next);
  auto weigh = [&](Value x) {
    return at.make<math::ExpOp>(at.make<arith::SubFOp>(x, base));
  };
  Value weight = weigh(s), rescale = weigh(max);
  Values result{next, emitMultiplyAdd(at.b, at.loc, running[1], rescale,
                                      weight)};
  for (int64_t j = 0; j < count; ++j) {
    moveToValue(j);
    Value old = at.make<arith::MulFOp>(running[2 + j], rescale);
    result.push_back(
        emitMultiplyAdd(at.b, at.loc, weight, at.prologue()[2], old));
  }
  return result;
}

void AttentionEmitter::emit() {
  Values initial(count + 2, number(0));
  initial[0] = number(-std::numeric_limits<double>::infinity());
  Values result = initial;
  if (pointsOf(at.nest, roles.keys) > 0)
    result = at.loop(roles.keys, initial,
                     [&](ValueRange running) { return step(running); });
  at.reset(at.reduction());
  for (int64_t j = 0; j < count; ++j) {
    moveToValue(j);
    at.epilogue(at.make<arith::DivFOp>(result[2 + j], result[1]));
  }
}

LogicalResult scalar::emitAttention(Invocation &at, Value id) {
  Type type =
      at.op.getPrologueBlock().getTerminator()->getOperand(0).getType();
  if (!isa<FloatType>(type))
    return at.op.emitError() << "type of the scores is " << type
                             << ", expected a float";
  AttentionRoles roles = attentionRoles(at.op, at.nest);
  int64_t count = valuesAtOnce(at.nest, roles);
  AttentionEmitter emitter{at, std::move(roles), type, count, Value()};
  emitter.place(id);
  emitter.emit();
  return success();
}

LogicalResult scalar::emitGridSample(Invocation &at, Value id) {
  at.placeParallel(id);
  unsigned depth = at.parallelRank();
  auto grid = [&](unsigned i) {
    at.index[depth] = at.constant(i);
    return at.load(1);
  };
  auto input = [&](Value offset) { return at.loadAt(0, offset); };
  Value base = emitLinear(at.b, at.loc, at.nest.loads[0].address, at.index);
  FailureOr<Value> value =
      visir::emitGridSample(at.b, at.op, MathTraits(), {grid, input, base});
  if (failed(value))
    return failure();
  at.reset(depth);
  at.epilogue(*value);
  return success();
}
