// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/KernelBuilder.h"

#include "compiler/support/Constants.h"
#include "targets/common/Layout.h"
#include "targets/common/Payload.h"
#include "targets/cpu/abi/kernel_abi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

static MemRefType bindingType(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return MemRefType::get({placementOf(type).elements},
                         memoryType(type.getElementType()));
}

/// Attributes of a binding's argument.
static DictionaryAttr bindingAttrs(OpBuilder &b) {
  return b.getDictionaryAttr(
      {b.getNamedAttr("llvm.noalias", b.getUnitAttr()),
       b.getNamedAttr("llvm.noundef", b.getUnitAttr()),
       b.getNamedAttr("llvm.align",
                      b.getI64IntegerAttr(VISIR_CPU_BINDING_ALIGNMENT))});
}

KernelBuilder::KernelBuilder(DispatchOp op, const CpuSpec &spec,
                             ModuleOp kernels, StringRef symbol)
    : op(op), spec(spec), loc(op.getLoc()), b(op.getContext()),
      symbol(symbol) {
  SmallVector<Type> types;
  for (Value tensor : op.getInputs())
    types.push_back(bindingType(tensor));
  for (Value tensor : op.getResults())
    types.push_back(bindingType(tensor));
  unsigned bindings = types.size();
  types.append({b.getIndexType(), b.getIndexType(),
                MemRefType::get({0}, b.getI8Type())});
  b.setInsertionPointToEnd(kernels.getBody());
  func = func::FuncOp::create(b, loc, (symbol + kBodySuffix).str(),
                              b.getFunctionType(types, b.getI32Type()));
  for (unsigned i = 0; i < bindings; ++i)
    func.setArgAttrs(i, bindingAttrs(b));
  func.setArgAttrs(bindings + 2, bindingAttrs(b));
  b.setInsertionPointToStart(func.addEntryBlock());

  ValueRange arguments = func.getArguments();
  llvm::append_range(inputs, arguments.take_front(op.getInputs().size()));
  llvm::append_range(outputs, arguments.slice(op.getInputs().size(),
                                              op.getNumResults()));
  for (auto [j, tie] : llvm::enumerate(op.getTies()))
    if (tie >= 0)
      inputs[tie] = outputs[j];
  tileBegin = arguments[bindings];
  tileEnd = arguments[bindings + 1];
  scratchArgument = arguments[bindings + 2];
}

Value KernelBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value KernelBuilder::scratch(int64_t count, Type element) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&func.getBody().front());
  Value view = memref::ViewOp::create(
      b, loc, MemRefType::get({count}, memoryType(element)), scratchArgument,
      index(scratchBytes), ValueRange());
  scratchBytes += llvm::alignTo(count * elementBytes(element),
                                VISIR_CPU_BINDING_ALIGNMENT);
  return view;
}

void KernelBuilder::raiseIf(Value condition) {
  Value zero = index(0);
  if (!status) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&func.getBody().front());
    status = memref::AllocaOp::create(b, loc,
                                      MemRefType::get({1}, b.getI32Type()));
    Value ok = arith::ConstantIntOp::create(b, loc, 0, 32);
    memref::StoreOp::create(b, loc, ok, status, ValueRange{index(0)});
  }
  Value error = arith::ConstantIntOp::create(b, loc, 1, 32);
  Value old = memref::LoadOp::create(b, loc, status, ValueRange{zero});
  Value now = arith::SelectOp::create(b, loc, condition, error, old);
  memref::StoreOp::create(b, loc, now, status, ValueRange{zero});
}

KernelInfo KernelBuilder::finish(uint32_t tileCount, double flops) {
  Value result;
  if (status)
    result = memref::LoadOp::create(b, loc, status, ValueRange{index(0)});
  else
    result = arith::ConstantIntOp::create(b, loc, 0, 32);
  func::ReturnOp::create(b, loc, result);
  scratchArgument.setType(MemRefType::get({scratchBytes}, b.getI8Type()));
  func.setType(b.getFunctionType(func.getBody().getArgumentTypes(),
                                 b.getI32Type()));
  return {symbol, tileCount, uint64_t(scratchBytes), flops};
}
