// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/dispatch/Emitters.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// The element after `update` has come to `old`.
static Value combine(KernelBuilder &kb, ScatterKind kind, Value old,
                     Value update, bool isUnsigned) {
  OpBuilder &b = kb.b;
  Location loc = kb.loc;
  bool floating = isa<FloatType>(getElementTypeOrSelf(old.getType()));
  auto make = [&](auto op) -> Value {
    return decltype(op)::create(b, loc, old, update);
  };
  auto pick = [&](arith::CmpFPredicate number, arith::CmpIPredicate integer) {
    Value take =
        floating ? Value(arith::CmpFOp::create(b, loc, number, old, update))
                 : Value(arith::CmpIOp::create(b, loc, integer, old, update));
    return arith::SelectOp::create(b, loc, take, update, old);
  };
  switch (kind) {
  case ScatterKind::Replace:
    return update;
  case ScatterKind::Add:
    return floating ? make(arith::AddFOp()) : make(arith::AddIOp());
  case ScatterKind::Mul:
    return floating ? make(arith::MulFOp()) : make(arith::MulIOp());
  case ScatterKind::Max:
    return pick(arith::CmpFPredicate::OLT, isUnsigned
                                               ? arith::CmpIPredicate::ult
                                               : arith::CmpIPredicate::slt);
  case ScatterKind::Min:
    return pick(arith::CmpFPredicate::OGT, isUnsigned
                                               ? arith::CmpIPredicate::ugt
                                               : arith::CmpIPredicate::sgt);
  }
  llvm_unreachable("unknown scatter kind");
}

/// f16 and bf16 as f32, in which they combine.
static Value widen(KernelBuilder &kb, Value value) {
  Type element = getElementTypeOrSelf(value.getType());
  if (!element.isF16() && !element.isBF16())
    return value;
  Type wide = vectorOrScalar(kb.b.getF32Type(), lanesOf(value));
  return arith::ExtFOp::create(kb.b, kb.loc, wide, value);
}

// One tile: later updates of an element must come after earlier ones.
FailureOr<KernelInfo> cpu::emitScatter(KernelBuilder &kb) {
  FailureOr<LoopPlan> plan = makeLoopPlan(kb, /*reduces=*/false);
  if (failed(plan))
    return failure();
  const Nest &nest = plan->nest;
  auto kindAttr = cast<ScatterKindAttr>(kb.op.getRootParam("combiner"));
  bool isUnsigned = nest.stores[0].element.isUnsignedInteger();
  unsigned dim = plan->laneDim();
  SmallVector<Value> index(nest.dims.size());
  emitTiles(kb, nest, TilePlan{0, nest.dims[0].extent, 1}, dim, index,
            [&](Value low, Value high) {
              emitLanes(kb, nest, dim, low, high, plan->config.lanes,
                        [&](const Piece &piece) {
                          index[dim] = piece.start;
                          Point point(kb, nest, index, piece.lanes);
                          point.epilogue({}, [&](Value old, Value update) {
                            Value result =
                                combine(kb, kindAttr.getValue(),
                                        widen(kb, old), widen(kb, update),
                                        isUnsigned);
                            if (result.getType() == old.getType())
                              return result;
                            return Value(arith::TruncFOp::create(
                                kb.b, kb.loc, old.getType(), result));
                          });
                        });
            });
  return kb.finish(1, double(nest.parallelPoints()));
}
