// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Subgraph.h"

#include "dialects/visir/Visir.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace visir;
using visir::reference::Tensor;

func::FuncOp Subgraph::function() {
  return *module->getOps<func::FuncOp>().begin();
}

SmallVector<Operation *> visir::computedOps(func::FuncOp function) {
  SmallVector<Operation *> ops;
  for (Operation &op : function.front().without_terminator())
    if (!isa<ConstantOp>(op))
      ops.push_back(&op);
  return ops;
}

/// Whether `value` is needed outside of `ops`, or nowhere.
static bool isResult(Value value, const llvm::SetVector<Operation *> &ops) {
  if (value.use_empty())
    return true;
  return llvm::any_of(value.getUsers(),
                      [&](Operation *user) { return !ops.contains(user); });
}

/// The attribute `visir.name` of argument or result `i`.
static NamedAttrList nameAttribute(Builder &builder, StringRef kind,
                                   unsigned i) {
  NamedAttrList attributes;
  attributes.append("visir.name", builder.getStringAttr(kind + Twine(i)));
  return attributes;
}

Subgraph visir::extractSubgraph(func::FuncOp function,
                                ArrayRef<Operation *> list) {
  llvm::SetVector<Operation *> ops(list.begin(), list.end());
  llvm::SetVector<Value> arguments;
  Subgraph part;
  for (Operation *op : ops) {
    for (Value operand : op->getOperands())
      if (!operand.getDefiningOp<ConstantOp>() &&
          !ops.contains(operand.getDefiningOp()))
        arguments.insert(operand);
    for (Value result : op->getResults())
      if (isResult(result, ops))
        part.results.push_back(result);
  }
  part.arguments.assign(arguments.begin(), arguments.end());
  OpBuilder builder(function.getContext());
  Location loc = function.getLoc();
  part.module = ModuleOp::create(loc);
  builder.setInsertionPointToStart(part.module->getBody());
  auto type = builder.getFunctionType(TypeRange(ValueRange(part.arguments)),
                                      TypeRange(ValueRange(part.results)));
  auto made = func::FuncOp::create(builder, loc, "main", type);
  made->setAttr("visir.entry", builder.getUnitAttr());
  Block *body = made.addEntryBlock();
  builder.setInsertionPointToStart(body);
  IRMapping mapping;
  mapping.map(part.arguments, body->getArguments());
  for (Operation *op : ops) {
    for (Value operand : op->getOperands())
      if (auto constant = operand.getDefiningOp<ConstantOp>())
        if (!mapping.contains(operand))
          builder.clone(*constant, mapping);
    builder.clone(*op, mapping);
  }
  SmallVector<Value> returned;
  for (Value result : part.results)
    returned.push_back(mapping.lookup(result));
  func::ReturnOp::create(builder, loc, returned);
  for (unsigned i = 0; i < part.arguments.size(); ++i)
    made.setArgAttrs(i, nameAttribute(builder, "in", i));
  for (unsigned i = 0; i < part.results.size(); ++i)
    made.setResultAttrs(
        i,
        nameAttribute(builder, "out", i).getDictionary(builder.getContext()));
  return part;
}

FailureOr<SmallVector<Tensor>> visir::referenceValues(func::FuncOp function,
                                                      ArrayRef<Tensor> inputs,
                                                      ArrayRef<Value> wanted) {
  llvm::DenseMap<Value, Tensor> found;
  llvm::DenseSet<Value> missing(wanted.begin(), wanted.end());
  for (auto [argument, tensor] :
       llvm::zip_equal(function.getArguments(), inputs))
    if (missing.erase(argument))
      found[argument] = tensor;
  if (!missing.empty() &&
      failed(reference::evaluate(function, inputs,
                                 [&](OpResult result, const Tensor &tensor) {
                                   if (missing.erase(result))
                                     found[result] = tensor;
                                   return success();
                                 })))
    return failure();
  SmallVector<Tensor> tensors;
  for (Value value : wanted)
    tensors.push_back(found.lookup(value));
  return tensors;
}
