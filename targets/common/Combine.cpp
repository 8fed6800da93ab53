// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/Combine.h"

#include "targets/common/Payload.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace visir;

Combiner visir::combinerOf(ReduceKind kind) {
  switch (kind) {
  case ReduceKind::Prod:
    return Combiner::Prod;
  case ReduceKind::Max:
    return Combiner::Max;
  case ReduceKind::Min:
    return Combiner::Min;
  default:
    return Combiner::Sum;
  }
}

static bool isFloating(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

Value visir::emitCombine(OpBuilder &b, Location loc, Combiner combiner,
                         Value x, Value y) {
  bool floating = isFloating(x);
  bool boolean = getElementTypeOrSelf(x.getType()).isInteger(1);
  auto make = [&](auto op) -> Value {
    return decltype(op)::create(b, loc, x, y);
  };
  // Which of 0 and -0 is greater would cost three instructions.
  auto makeExtreme = [&](auto op) -> Value {
    return decltype(op)::create(b, loc, x, y, arith::FastMathFlags::nsz);
  };
  switch (combiner) {
  case Combiner::Sum:
    return floating ? make(arith::AddFOp()) : make(arith::AddIOp());
  case Combiner::Prod:
    return floating ? make(arith::MulFOp()) : make(arith::MulIOp());
  case Combiner::Max:
    if (floating)
      return makeExtreme(arith::MaximumFOp());
    return boolean ? make(arith::OrIOp()) : make(arith::MaxSIOp());
  case Combiner::Min:
    if (floating)
      return makeExtreme(arith::MinimumFOp());
    return boolean ? make(arith::AndIOp()) : make(arith::MinSIOp());
  }
  llvm_unreachable("unknown combiner");
}

Value visir::emitIdentity(OpBuilder &b, Location loc, Combiner combiner,
                          Type type) {
  Type element = getElementTypeOrSelf(type);
  if (combiner == Combiner::Sum)
    return makeConstant(b, loc, type, 0);
  if (combiner == Combiner::Prod)
    return makeConstant(b, loc, type, 1);
  bool max = combiner == Combiner::Max;
  if (isa<FloatType>(element)) {
    double infinity = std::numeric_limits<double>::infinity();
    return makeConstant(b, loc, type, max ? -infinity : infinity);
  }
  unsigned width = element.getIntOrFloatBitWidth();
  APInt value(width, 0);
  if (width == 1)
    value = max ? APInt::getMinValue(width) : APInt::getMaxValue(width);
  else
    value = max ? APInt::getSignedMinValue(width)
                : APInt::getSignedMaxValue(width);
  TypedAttr attr = b.getIntegerAttr(element, value);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return arith::ConstantOp::create(b, loc, attr);
}

Value visir::emitMultiplyAdd(OpBuilder &b, Location loc, Value x, Value y,
                             Value running) {
  if (isFloating(x))
    return math::FmaOp::create(b, loc, x, y, running);
  Value product = arith::MulIOp::create(b, loc, x, y);
  return arith::AddIOp::create(b, loc, running, product);
}

/// The same for types that hold what they combine to.
static Value scattered(OpBuilder &b, Location loc, ScatterKind kind, Value old,
                       Value update, bool isUnsigned) {
  bool floating = isFloating(old);
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

Value visir::emitScattered(OpBuilder &b, Location loc, ScatterKind kind,
                           Value old, Value update, bool isUnsigned) {
  Type element = getElementTypeOrSelf(old.getType());
  if (!element.isF16() && !element.isBF16())
    return scattered(b, loc, kind, old, update, isUnsigned);
  Type wide = vectorOrScalar(b.getF32Type(), lanesOf(old));
  Value result =
      scattered(b, loc, kind, arith::ExtFOp::create(b, loc, wide, old),
                arith::ExtFOp::create(b, loc, wide, update), isUnsigned);
  return arith::TruncFOp::create(b, loc, old.getType(), result);
}

Value visir::emitIsBetter(OpBuilder &b, Location loc, Value x, Value y,
                          bool smaller) {
  if (isFloating(x))
    return arith::CmpFOp::create(b, loc,
                                 smaller ? arith::CmpFPredicate::OLT
                                         : arith::CmpFPredicate::OGT,
                                 x, y);
  return arith::CmpIOp::create(b, loc,
                               smaller ? arith::CmpIPredicate::slt
                                       : arith::CmpIPredicate::sgt,
                               x, y);
}

Value visir::emitIsEqual(OpBuilder &b, Location loc, Value x, Value y) {
  if (isFloating(x))
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, y);
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x, y);
}
