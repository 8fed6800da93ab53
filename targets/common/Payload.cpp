// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/Payload.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace visir;

Type visir::scalarType(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), integer.getWidth());
  return element;
}

Type visir::memoryType(Type element) {
  // LLVM calls libgcc to move vectors of bf16 about.
  if (element.isF16() || element.isBF16())
    return IntegerType::get(element.getContext(), 16);
  if (element.isInteger(1))
    return IntegerType::get(element.getContext(), 8);
  return scalarType(element);
}

Type visir::vectorOrScalar(Type element, unsigned lanes) {
  return lanes ? VectorType::get({int64_t(lanes)}, element) : element;
}

unsigned visir::lanesOf(Value value) {
  auto type = dyn_cast<VectorType>(value.getType());
  return type ? type.getNumElements() : 0;
}

Value visir::toLanes(OpBuilder &b, Location loc, Value value, unsigned lanes) {
  if (lanesOf(value) == lanes)
    return value;
  assert(lanesOf(value) == 0 && "only scalars have a splat");
  return vector::BroadcastOp::create(
      b, loc, cast<VectorType>(vectorOrScalar(value.getType(), lanes)), value);
}

Value visir::makeConstant(OpBuilder &b, Location loc, Type type, double value) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr attr;
  if (auto floating = dyn_cast<FloatType>(element)) {
    attr = b.getFloatAttr(floating, value);
  } else if (element.isInteger(1)) {
    attr = b.getBoolAttr(value != 0);
  } else {
    attr = b.getIntegerAttr(element, int64_t(value));
  }
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return arith::ConstantOp::create(b, loc, attr);
}

static bool isNarrowFloat(Type element) {
  return element.isF16() || element.isBF16();
}

Value visir::fromMemory(OpBuilder &b, Location loc, Value value, Type element) {
  if (isNarrowFloat(element))
    return arith::BitcastOp::create(
        b, loc, vectorOrScalar(element, lanesOf(value)), value);
  if (!element.isInteger(1))
    return value;
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, value,
                               makeConstant(b, loc, value.getType(), 0));
}

Value visir::toMemory(OpBuilder &b, Location loc, Value value, Type element) {
  unsigned lanes = lanesOf(value);
  if (isNarrowFloat(element))
    return arith::BitcastOp::create(
        b, loc, vectorOrScalar(b.getI16Type(), lanes), value);
  if (!element.isInteger(1))
    return value;
  return arith::ExtUIOp::create(b, loc, vectorOrScalar(b.getI8Type(), lanes),
                                value);
}

/// Clones one elementwise op; operands that are vectors make it a vector op.
static void cloneOp(OpBuilder &b, Operation &op, IRMapping &mapping) {
  unsigned lanes = 0;
  for (Value operand : op.getOperands())
    lanes = std::max(lanes, lanesOf(mapping.lookup(operand)));
  // A select by one condition for all lanes keeps its scalar condition.
  bool scalarCondition = isa<arith::SelectOp>(op) &&
                         lanesOf(mapping.lookup(op.getOperand(0))) == 0;
  SmallVector<Value> operands;
  for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
    Value value = mapping.lookup(operand);
    bool keep = scalarCondition && i == 0;
    operands.push_back(keep ? value
                            : toLanes(b, op.getLoc(), value, lanes));
  }
  SmallVector<Type> types;
  for (Type type : op.getResultTypes())
    types.push_back(vectorOrScalar(type, lanes));
  OperationState state(op.getLoc(), op.getName(), operands, types,
                       op.getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = op.getPropertiesAsAttribute();
  Operation *clone = b.create(state);
  for (auto [from, to] : llvm::zip(op.getResults(), clone->getResults()))
    mapping.map(from, to);
}

SmallVector<Value>
visir::clonePayload(OpBuilder &b, Block &payload,
                  function_ref<Value(unsigned)> argument) {
  IRMapping mapping;
  for (BlockArgument arg : payload.getArguments())
    if (!arg.use_empty())
      mapping.map(arg, argument(arg.getArgNumber()));
  for (Operation &op : payload.without_terminator()) {
    if (op.hasTrait<OpTrait::ConstantLike>())
      b.clone(op, mapping);
    else
      cloneOp(b, op, mapping);
  }
  SmallVector<Value> results;
  for (Value value : payload.getTerminator()->getOperands())
    results.push_back(mapping.lookup(value));
  return results;
}
