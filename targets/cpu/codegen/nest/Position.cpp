// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/nest/Position.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

Offset cpu::advance(KernelBuilder &kb, Offset offset, Value index,
                    int64_t stride) {
  if (stride == 0)
    return offset;
  if (std::optional<int64_t> constant = getConstantIntValue(index))
    return offset.plus(*constant * stride);
  Value step = index;
  if (stride != 1)
    step = arith::MulIOp::create(kb.b, kb.loc, index, kb.index(stride));
  if (offset.dynamic)
    step = arith::AddIOp::create(kb.b, kb.loc, offset.dynamic, step);
  return {step, offset.fixed};
}

Offset cpu::addOffsets(KernelBuilder &kb, Offset a, Offset b) {
  if (!b.dynamic)
    return a.plus(b.fixed);
  return advance(kb, a.plus(b.fixed), b.dynamic, 1);
}

Value cpu::materialize(KernelBuilder &kb, Offset offset) {
  if (!offset.dynamic)
    return kb.index(offset.fixed);
  if (offset.fixed == 0)
    return offset.dynamic;
  return arith::AddIOp::create(kb.b, kb.loc, offset.dynamic,
                               kb.index(offset.fixed));
}

Position Position::origin(const FlatNest &nest) {
  Position position;
  for (const FlatAccess &access : nest.accesses)
    position.accesses.push_back({Value(), access.offset});
  if (llvm::any_of(nest.stores(),
                   [](const FlatAccess &a) { return !a.wraps.empty(); }))
    position.loops.resize(nest.loops.size());
  return position;
}

void Position::move(KernelBuilder &kb, const FlatNest &nest, unsigned loop,
                    Value index) {
  for (auto [offset, access] : llvm::zip_equal(accesses, nest.accesses))
    offset = advance(kb, offset, index, access.strides[loop]);
  if (!loops.empty())
    loops[loop] = advance(kb, loops[loop], index, 1);
}

void Position::move(const FlatNest &nest, unsigned loop, int64_t steps) {
  for (auto [offset, access] : llvm::zip_equal(accesses, nest.accesses))
    offset.fixed += access.strides[loop] * steps;
  if (!loops.empty())
    loops[loop].fixed += steps;
}

SmallVector<Value> cpu::unflatten(KernelBuilder &kb, Value flat,
                                  ArrayRef<int64_t> extents) {
  SmallVector<Value> indices(extents.size());
  for (size_t i = extents.size(); i-- > 0;) {
    if (i == 0) {
      indices[i] = flat;
      break;
    }
    Value extent = kb.index(extents[i]);
    indices[i] = arith::RemUIOp::create(kb.b, kb.loc, flat, extent);
    flat = arith::DivUIOp::create(kb.b, kb.loc, flat, extent);
  }
  return indices;
}

void cpu::forRange(KernelBuilder &kb, Value low, Value high,
                   function_ref<void(Value)> body) {
  std::optional<int64_t> first = getConstantIntValue(low);
  std::optional<int64_t> last = getConstantIntValue(high);
  if (first && last && *last - *first == 1)
    return body(low);
  auto loop = scf::ForOp::create(kb.b, kb.loc, low, high, kb.index(1));
  OpBuilder::InsertionGuard guard(kb.b);
  kb.b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

SmallVector<Value>
cpu::forCarry(KernelBuilder &kb, Value low, Value high, int64_t step,
              ArrayRef<Value> initial,
              function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop =
      scf::ForOp::create(kb.b, kb.loc, low, high, kb.index(step), initial);
  OpBuilder::InsertionGuard guard(kb.b);
  kb.b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next =
      body(loop.getInductionVar(), loop.getRegionIterArgs());
  // A loop that carries nothing has its yield.
  if (!initial.empty())
    scf::YieldOp::create(kb.b, kb.loc, next);
  return SmallVector<Value>(loop.getResults());
}

Value cpu::minIndex(KernelBuilder &kb, Value a, Value b) {
  return arith::MinSIOp::create(kb.b, kb.loc, a, b);
}

Value cpu::maxIndex(KernelBuilder &kb, Value a, Value b) {
  return arith::MaxSIOp::create(kb.b, kb.loc, a, b);
}

/// Steps before offset + factor * step reaches `bound`, at least 0.
static Value stepsBelow(KernelBuilder &kb, Value offset, int64_t factor,
                        int64_t bound) {
  OpBuilder &b = kb.b;
  Value distance = arith::SubIOp::create(b, kb.loc, kb.index(bound), offset);
  distance = maxIndex(kb, distance, kb.index(0));
  if (factor == 1)
    return distance;
  distance = arith::AddIOp::create(b, kb.loc, distance, kb.index(factor - 1));
  return arith::DivUIOp::create(b, kb.loc, distance, kb.index(factor));
}

std::pair<Value, Value> cpu::clipSteps(KernelBuilder &kb, Offset offset,
                                       int64_t factor, int64_t size,
                                       int64_t extent) {
  Value at = materialize(kb, offset), limit = kb.index(extent);
  Value low = minIndex(kb, stepsBelow(kb, at, factor, 0), limit);
  Value high = minIndex(kb, stepsBelow(kb, at, factor, size), limit);
  return {low, high};
}
