// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/conversion/GraphToDispatch/DispatchBuilder.h"
#include "dialects/visir/Bitcast.h"

using namespace mlir;
using namespace visir;

using Values = FailureOr<SmallVector<Value>>;

static Type elementOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

/// A map dispatch over the result with every operand broadcast to it.
static Values lowerMap(OpBuilder &b, Operation *op, PayloadFn payload) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  DispatchBuilder builder(b, op->getLoc(), RootKind::Map, type.getShape(),
                          type.getRank());
  auto dims = dimRange(b.getContext(), 0, type.getRank());
  SmallVector<unsigned> numbers;
  for (Value operand : op->getOperands())
    numbers.push_back(builder.loadBroadcast(operand, dims));
  builder.store(type, dims);
  DispatchOp dispatch = builder.build([&](PayloadScope &scope) {
    PayloadScope operands{scope.b, scope.loc, {}, {}};
    for (unsigned number : numbers)
      operands.loads.push_back(scope.loads[number]);
    return payload(operands);
  });
  return SmallVector<Value>(dispatch.getResults());
}

static Values lowerUnary(OpBuilder &b, Operation *op) {
  auto unary = cast<UnaryOp>(op);
  return lowerMap(b, op, [&](PayloadScope &scope) -> SmallVector<Value> {
    return {buildUnary(scope.b, scope.loc, unary.getKind(), scope.loads[0],
                       elementOf(unary.getInput()), unary.getParams())};
  });
}

static Values lowerBinary(OpBuilder &b, Operation *op) {
  auto binary = cast<BinaryOp>(op);
  return lowerMap(b, op, [&](PayloadScope &scope) -> SmallVector<Value> {
    return {buildBinary(scope.b, scope.loc, binary.getKind(), scope.loads[0],
                        scope.loads[1], elementOf(binary.getLhs()),
                        elementOf(binary.getRhs()))};
  });
}

static Values lowerCompare(OpBuilder &b, Operation *op) {
  auto compare = cast<CompareOp>(op);
  return lowerMap(b, op, [&](PayloadScope &scope) -> SmallVector<Value> {
    return {buildCompare(scope.b, scope.loc, compare.getKind(),
                         scope.loads[0], scope.loads[1],
                         elementOf(compare.getLhs()))};
  });
}

static Values lowerSelect(OpBuilder &b, Operation *op) {
  return lowerMap(b, op, [&](PayloadScope &scope) -> SmallVector<Value> {
    return {arith::SelectOp::create(scope.b, scope.loc, scope.loads[0],
                                    scope.loads[1], scope.loads[2])};
  });
}

static Values lowerCast(OpBuilder &b, Operation *op) {
  auto cast = llvm::cast<CastOp>(op);
  return lowerMap(b, op, [&](PayloadScope &scope) -> SmallVector<Value> {
    return {buildCast(scope.b, scope.loc, scope.loads[0],
                      elementOf(cast.getInput()), cast.getTo())};
  });
}

static Values lowerBitcast(OpBuilder &b, Operation *op) {
  auto cast = llvm::cast<BitcastOp>(op);
  return lowerMap(b, op, [&](PayloadScope &scope) -> SmallVector<Value> {
    return {buildBitcast(scope.b, scope.loc, scope.loads[0],
                         elementOf(cast.getInput()), cast.getTo())};
  });
}

LowerFn visir::findElementwiseLowering(Operation *op) {
  return llvm::TypeSwitch<Operation *, LowerFn>(op)
      .Case<UnaryOp>([](auto) { return lowerUnary; })
      .Case<BinaryOp>([](auto) { return lowerBinary; })
      .Case<CompareOp>([](auto) { return lowerCompare; })
      .Case<SelectOp>([](auto) { return lowerSelect; })
      .Case<CastOp>([](auto) { return lowerCast; })
      .Case<BitcastOp>([](auto) { return lowerBitcast; })
      .Default([](auto) { return nullptr; });
}
