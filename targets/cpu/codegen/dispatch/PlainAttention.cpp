// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention one element at a time, for types and accesses that the tiled
// kernel does not take. A row's weights stay in scratch.
#include "targets/common/AttentionRoles.h"
#include "targets/cpu/codegen/dispatch/Emitters.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <limits>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

namespace {

struct PlainAttention {
  KernelBuilder &kb;
  const Nest &nest;
  Type element;
  AttentionRoles roles;
  SmallVector<Value> index;

  template <typename Op> Value make(Value a, Value b) {
    return Op::create(kb.b, kb.loc, a, b);
  }
  /// Loops over `dims` carrying values.
  SmallVector<Value>
  loop(ArrayRef<unsigned> dims, ValueRange initial,
       function_ref<SmallVector<Value>(ValueRange)> body);
  /// The number of the current point among those of `dims`.
  Value number(ArrayRef<unsigned> dims) {
    return emitLinear(kb.b, kb.loc, numberAmong(nest, dims), index);
  }
  Value load(Value scratch, Value at) {
    return memref::LoadOp::create(kb.b, kb.loc, scratch, ValueRange{at});
  }
  void store(Value scratch, Value at, Value value) {
    memref::StoreOp::create(kb.b, kb.loc, value, scratch, ValueRange{at});
  }

  Value score(Value scale, Value position);
  void row(Value scratch, double scale, Value position);
};

} // namespace

SmallVector<Value>
PlainAttention::loop(ArrayRef<unsigned> dims, ValueRange initial,
                     function_ref<SmallVector<Value>(ValueRange)> body) {
  if (dims.empty())
    return body(initial);
  return emitForCarrying(
      kb, kb.index(0), kb.index(nest.dims[dims[0]].extent), 1, initial,
      [&](Value i, ValueRange carried) {
        index[dims[0]] = i;
        return loop(dims.drop_front(), carried, body);
      });
}

/// Scaled product of the row's query and the current key, masked; `position`
/// is the query's place when later keys are hidden, else null.
Value PlainAttention::score(Value scale, Value position) {
  Value zero = makeConstant(kb.b, kb.loc, element, 0);
  Value sum = loop(roles.inner, zero, [&](ValueRange running) {
    SmallVector<Value> operands = Point(kb, nest, index).prologue();
    return SmallVector<Value>{Value(math::FmaOp::create(
        kb.b, kb.loc, operands[0], operands[1], running[0]))};
  })[0];
  Value result = make<arith::MulFOp>(sum, scale);
  for (unsigned dim : roles.inner)
    index[dim] = kb.index(0);
  SmallVector<Value> operands = Point(kb, nest, index).prologue();
  if (operands.size() > 3)
    result = make<arith::AddFOp>(result, operands[3]);
  if (!position)
    return result;
  Value hidden = arith::CmpIOp::create(
      kb.b, kb.loc, arith::CmpIPredicate::ugt, number(roles.keys), position);
  Value lowest = makeConstant(kb.b, kb.loc, element,
                              -std::numeric_limits<double>::infinity());
  return arith::SelectOp::create(kb.b, kb.loc, hidden, lowest, result);
}

void PlainAttention::row(Value scratch, double scale, Value position) {
  Value factor = makeConstant(kb.b, kb.loc, element, scale);
  Value zero = makeConstant(kb.b, kb.loc, element, 0);
  Value lowest = makeConstant(kb.b, kb.loc, element,
                              -std::numeric_limits<double>::infinity());
  for (unsigned dim : roles.values)
    index[dim] = kb.index(0);
  Value max = loop(roles.keys, lowest, [&](ValueRange running) {
    Value s = score(factor, position);
    store(scratch, number(roles.keys), s);
    Value greater = arith::CmpFOp::create(
        kb.b, kb.loc, arith::CmpFPredicate::OGT, s, running[0]);
    return SmallVector<Value>{Value(arith::SelectOp::create(
        kb.b, kb.loc, greater, s, running[0]))};
  })[0];
  Value sum = loop(roles.keys, zero, [&](ValueRange running) {
    Value shifted = make<arith::SubFOp>(load(scratch, number(roles.keys)), max);
    Value weight = math::ExpOp::create(kb.b, kb.loc, shifted);
    store(scratch, number(roles.keys), weight);
    return SmallVector<Value>{make<arith::AddFOp>(running[0], weight)};
  })[0];
  loop(roles.values, {}, [&](ValueRange) {
    for (unsigned dim : roles.inner)
      index[dim] = kb.index(0);
    Value mixed = loop(roles.keys, zero, [&](ValueRange running) {
      Value weight = load(scratch, number(roles.keys));
      Value value = Point(kb, nest, index).prologue()[2];
      return SmallVector<Value>{Value(math::FmaOp::create(
          kb.b, kb.loc, weight, value, running[0]))};
    })[0];
    for (unsigned dim : roles.keys)
      index[dim] = kb.index(0);
    Point(kb, nest, index).epilogue(make<arith::DivFOp>(mixed, sum));
    return SmallVector<Value>();
  });
}

FailureOr<KernelInfo> cpu::emitPlainAttention(KernelBuilder &kb) {
  FailureOr<Nest> nest = buildNest(kb.op);
  FailureOr<LoopConfig> config = readLoopConfig(kb.op);
  if (failed(nest) || failed(config))
    return failure();
  Type element =
      kb.op.getPrologueBlock().getTerminator()->getOperand(0).getType();
  if (!isa<FloatType>(element))
    return kb.op.emitError() << "type of the scores is " << element
                             << ", expected a float";
  PlainAttention emitter{kb, *nest, element, attentionRoles(kb.op, *nest), {}};
  const AttentionRoles &roles = emitter.roles;
  SmallVector<unsigned> order;
  // Rows come first, so that tiles are made of them.
  for (auto *list : {&roles.rows, &roles.values, &roles.keys,
                     &roles.inner})
    llvm::append_range(order, *list);
  Nest rowNest = *nest;
  permute(rowNest, order);
  unsigned depth = roles.rows.size();
  TileSplit tiles =
      planTiles(rowNest, depth,
                nest->reductionPoints() +
                    pointsOf(*nest, roles.values) * pointsOf(*nest, roles.keys),
                config->tilePoints);
  Value scratch = kb.scratch(
      std::max<int64_t>(pointsOf(*nest, roles.keys), 1), element);
  double scale = cast<FloatAttr>(kb.op.getRootParam("scale"))
                     .getValueAsDouble();
  bool causal = bool(kb.op.getRootParam("causal"));
  SmallVector<Value> rowIndex(order.size());
  emitter.index.resize(order.size());
  emitTiles(kb, rowNest, tiles, depth, rowIndex, [&](Value, Value) {
    for (auto [i, dim] : llvm::enumerate(roles.rows))
      emitter.index[dim] = rowIndex[i];
    for (auto *list : {&roles.values, &roles.keys, &roles.inner})
      for (unsigned dim : *list)
        emitter.index[dim] = kb.index(0);
    emitter.row(scratch, scale,
                causal ? emitter.number(roles.positions) : Value());
  });
  return kb.finish(tiles.count, 4.0 * nest->parallelPoints() *
                                    pointsOf(*nest, roles.keys));
}
