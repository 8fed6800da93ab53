// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention one element at a time, for types and accesses that the tiled
// kernel does not take. A row's weights stay in scratch.
#include "targets/cpu/codegen/dispatch/Emitters.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <limits>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// The dimensions that an operand of the root moves with, index loads
/// included.
static SmallVector<bool> dimsOf(DispatchOp op, const Nest &nest,
                                unsigned operand) {
  SmallVector<bool> dims(nest.dims.size());
  SmallVector<Value> worklist{
      op.getPrologueBlock().getTerminator()->getOperand(operand)};
  SmallVector<unsigned> loads;
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(value))
      loads.push_back(argument.getArgNumber());
    else
      llvm::append_range(worklist, value.getDefiningOp()->getOperands());
  }
  while (!loads.empty()) {
    const LinearAccess &load = nest.loads[loads.pop_back_val()];
    for (const Coordinate &c : load.indexed)
      loads.push_back(c.indexLoad);
    for (unsigned dim = 0; dim < dims.size(); ++dim)
      dims[dim] = dims[dim] || load.dependsOn(dim);
  }
  return dims;
}

namespace {

struct PlainAttention {
  KernelBuilder &kb;
  const Nest &nest;
  Type element;
  SmallVector<unsigned> rows, values, keys, inner; ///< dimensions by role
  SmallVector<Value> index;

  int64_t points(ArrayRef<unsigned> dims) const {
    int64_t product = 1;
    for (unsigned dim : dims)
      product *= nest.dims[dim].extent;
    return product;
  }
  template <typename Op> Value make(Value a, Value b) {
    return Op::create(kb.b, kb.loc, a, b);
  }
  /// Loops over `dims` carrying values.
  SmallVector<Value>
  loop(ArrayRef<unsigned> dims, ValueRange initial,
       function_ref<SmallVector<Value>(ValueRange)> body);
  /// The number of the current point among those of `dims`.
  Value number(ArrayRef<unsigned> dims);
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

Value PlainAttention::number(ArrayRef<unsigned> dims) {
  LinearExpr expr;
  expr.factors.assign(nest.dims.size(), 0);
  int64_t stride = 1;
  for (unsigned dim : llvm::reverse(dims)) {
    expr.factors[dim] = stride;
    stride *= nest.dims[dim].extent;
  }
  return emitLinear(kb, expr, index);
}

/// Scaled product of the row's query and the current key, masked; `position`
/// is the query's place when later keys are hidden, else null.
Value PlainAttention::score(Value scale, Value position) {
  Value zero = makeConstant(kb.b, kb.loc, element, 0);
  Value sum = loop(inner, zero, [&](ValueRange running) {
    SmallVector<Value> operands = Point(kb, nest, index).prologue();
    return SmallVector<Value>{Value(math::FmaOp::create(
        kb.b, kb.loc, operands[0], operands[1], running[0]))};
  })[0];
  Value result = make<arith::MulFOp>(sum, scale);
  for (unsigned dim : inner)
    index[dim] = kb.index(0);
  SmallVector<Value> operands = Point(kb, nest, index).prologue();
  if (operands.size() > 3)
    result = make<arith::AddFOp>(result, operands[3]);
  if (!position)
    return result;
  Value hidden = arith::CmpIOp::create(
      kb.b, kb.loc, arith::CmpIPredicate::ugt, number(keys), position);
  Value lowest = makeConstant(kb.b, kb.loc, element,
                              -std::numeric_limits<double>::infinity());
  return arith::SelectOp::create(kb.b, kb.loc, hidden, lowest, result);
}

void PlainAttention::row(Value scratch, double scale, Value position) {
  Value factor = makeConstant(kb.b, kb.loc, element, scale);
  Value zero = makeConstant(kb.b, kb.loc, element, 0);
  Value lowest = makeConstant(kb.b, kb.loc, element,
                              -std::numeric_limits<double>::infinity());
  for (unsigned dim : values)
    index[dim] = kb.index(0);
  Value max = loop(keys, lowest, [&](ValueRange running) {
    Value s = score(factor, position);
    store(scratch, number(keys), s);
    Value greater = arith::CmpFOp::create(
        kb.b, kb.loc, arith::CmpFPredicate::OGT, s, running[0]);
    return SmallVector<Value>{Value(arith::SelectOp::create(
        kb.b, kb.loc, greater, s, running[0]))};
  })[0];
  Value sum = loop(keys, zero, [&](ValueRange running) {
    Value shifted = make<arith::SubFOp>(load(scratch, number(keys)), max);
    Value weight = math::ExpOp::create(kb.b, kb.loc, shifted);
    store(scratch, number(keys), weight);
    return SmallVector<Value>{make<arith::AddFOp>(running[0], weight)};
  })[0];
  loop(values, {}, [&](ValueRange) {
    for (unsigned dim : inner)
      index[dim] = kb.index(0);
    Value mixed = loop(keys, zero, [&](ValueRange running) {
      Value weight = load(scratch, number(keys));
      Value value = Point(kb, nest, index).prologue()[2];
      return SmallVector<Value>{Value(math::FmaOp::create(
          kb.b, kb.loc, weight, value, running[0]))};
    })[0];
    for (unsigned dim : keys)
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
  SmallVector<bool> query = dimsOf(kb.op, *nest, 0);
  SmallVector<bool> value = dimsOf(kb.op, *nest, 2);
  PlainAttention emitter{kb, *nest, element, {}, {}, {}, {}, {}};
  SmallVector<unsigned> positions, order;
  for (auto [dim, info] : llvm::enumerate(nest->dims)) {
    if (info.reduction)
      (value[dim] || !query[dim] ? emitter.keys : emitter.inner)
          .push_back(dim);
    else if (value[dim] && !query[dim])
      emitter.values.push_back(dim);
    else
      emitter.rows.push_back(dim);
    if (!info.reduction && query[dim] && !value[dim])
      positions.push_back(dim);
  }
  // Rows come first, so that tiles are made of them.
  for (auto *list : {&emitter.rows, &emitter.values, &emitter.keys,
                     &emitter.inner})
    llvm::append_range(order, *list);
  Nest rowNest = *nest;
  permute(rowNest, order);
  unsigned depth = emitter.rows.size();
  TilePlan tiles = planTiles(rowNest, depth,
                             nest->reductionPoints() +
                                 emitter.points(emitter.values) *
                                     emitter.points(emitter.keys),
                             config->tilePoints);
  Value scratch = kb.scratch(
      std::max<int64_t>(emitter.points(emitter.keys), 1), element);
  double scale = cast<FloatAttr>(kb.op.getRootParam("scale"))
                     .getValueAsDouble();
  bool causal = bool(kb.op.getRootParam("causal"));
  SmallVector<Value> rowIndex(order.size());
  emitter.index.resize(order.size());
  emitTiles(kb, rowNest, tiles, depth, rowIndex, [&](Value, Value) {
    for (auto [i, dim] : llvm::enumerate(emitter.rows))
      emitter.index[dim] = rowIndex[i];
    for (auto *list : {&emitter.values, &emitter.keys, &emitter.inner})
      for (unsigned dim : *list)
        emitter.index[dim] = kb.index(0);
    emitter.row(scratch, scale,
                causal ? emitter.number(positions) : Value());
  });
  return kb.finish(tiles.count, 4.0 * nest->parallelPoints() *
                                    emitter.points(emitter.keys));
}
