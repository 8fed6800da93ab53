// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/Loops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Whether low < high <= low + step for sure.
static bool runsOnce(Value low, Value high, int64_t step) {
  auto from = getConstantIntValue(low), to = getConstantIntValue(high);
  return from && to && *from < *to && *to <= *from + step;
}

void cpu::emitFor(KernelBuilder &kb, Value low, Value high, int64_t step,
                  function_ref<void(Value)> body) {
  emitForCarrying(kb, low, high, step, {}, [&](Value i, ValueRange) {
    body(i);
    return SmallVector<Value>();
  });
}

SmallVector<Value> cpu::emitForCarrying(
    KernelBuilder &kb, Value low, Value high, int64_t step, ValueRange initial,
    function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  if (runsOnce(low, high, step))
    return body(low, initial);
  auto loop = scf::ForOp::create(kb.b, kb.loc, low, high, kb.index(step),
                                 initial);
  OpBuilder::InsertionGuard guard(kb.b);
  Block *block = loop.getBody();
  if (initial.empty())
    block->getTerminator()->erase();
  kb.b.setInsertionPointToEnd(block);
  scf::YieldOp::create(kb.b, kb.loc,
                       body(loop.getInductionVar(), loop.getRegionIterArgs()));
  return llvm::to_vector_of<Value>(loop.getResults());
}

void cpu::emitNest(KernelBuilder &kb, const Nest &nest, unsigned from,
                   unsigned to, SmallVectorImpl<Value> &index,
                   function_ref<void()> body) {
  emitNestCarrying(kb, nest, from, to, index, {}, [&](ValueRange) {
    body();
    return SmallVector<Value>();
  });
}

SmallVector<Value> cpu::emitNestCarrying(
    KernelBuilder &kb, const Nest &nest, unsigned from, unsigned to,
    SmallVectorImpl<Value> &index, ValueRange initial,
    function_ref<SmallVector<Value>(ValueRange)> body) {
  if (from >= to)
    return body(initial);
  return emitForCarrying(kb, kb.index(0), kb.index(nest.dims[from].extent), 1,
                         initial, [&](Value i, ValueRange carried) {
                           index[from] = i;
                           return emitNestCarrying(kb, nest, from + 1, to,
                                                   index, carried, body);
                         });
}

TileSplit cpu::planTiles(const Nest &nest, unsigned depth, int64_t inner,
                         int64_t tilePoints, int64_t granule) {
  TileSplit plan;
  int64_t wanted = std::max<int64_t>(1, tilePoints / std::max<int64_t>(
                                                         1, inner));
  // Whole dimensions from the innermost outwards, then a part of the next.
  int64_t whole = 1;
  plan.outer = depth;
  while (plan.outer > 0 && whole * nest.dims[plan.outer - 1].extent <= wanted)
    whole *= nest.dims[--plan.outer].extent;
  if (plan.outer == 0) {
    plan.chunk = depth > 0 ? nest.dims[0].extent : 1;
    return plan;
  }
  --plan.outer;
  int64_t extent = nest.dims[plan.outer].extent;
  int64_t unit = plan.outer == depth - 1 ? granule : 1;
  int64_t chunk = llvm::alignTo(std::max<int64_t>(wanted / whole, 1), unit);
  // Equal chunks rather than a small last one.
  int64_t chunks = llvm::divideCeil(extent, chunk);
  plan.chunk = llvm::alignTo(llvm::divideCeil(extent, chunks), unit);
  plan.count = llvm::divideCeil(extent, plan.chunk);
  for (unsigned dim = 0; dim < plan.outer; ++dim)
    plan.count *= nest.dims[dim].extent;
  return plan;
}

void cpu::emitTiles(KernelBuilder &kb, const Nest &nest, const TileSplit &plan,
                    unsigned depth, SmallVectorImpl<Value> &index,
                    function_ref<void(Value, Value)> body) {
  auto scope = scf::ForOp::create(kb.b, kb.loc, kb.tileBegin, kb.tileEnd,
                                  kb.index(1));
  OpBuilder::InsertionGuard guard(kb.b);
  kb.b.setInsertionPoint(scope.getBody()->getTerminator());
  unsigned rank = nest.dims.size();
  auto full = [&]() -> std::pair<Value, Value> {
    if (depth >= rank)
      return {Value(), Value()};
    return {kb.index(0), kb.index(nest.dims[depth].extent)};
  };
  if (plan.outer >= rank) {
    body(Value(), Value());
    return;
  }
  int64_t extent = nest.dims[plan.outer].extent;
  int64_t chunks = llvm::divideCeil(extent, plan.chunk);
  Value rest = scope.getInductionVar(), chunk = kb.index(0);
  auto split = [&](int64_t size) {
    Value part = arith::RemUIOp::create(kb.b, kb.loc, rest, kb.index(size));
    rest = arith::DivUIOp::create(kb.b, kb.loc, rest, kb.index(size));
    return part;
  };
  Value low = kb.index(0), high = kb.index(extent);
  if (chunks > 1) {
    chunk = split(chunks);
    low = arith::MulIOp::create(kb.b, kb.loc, chunk, kb.index(plan.chunk));
    Value next = arith::AddIOp::create(kb.b, kb.loc, low,
                                       kb.index(plan.chunk));
    high = arith::MinUIOp::create(kb.b, kb.loc, next, high);
  }
  for (unsigned dim = plan.outer; dim-- > 0;)
    index[dim] = split(nest.dims[dim].extent);
  if (plan.outer == depth)
    return body(low, high);
  emitFor(kb, low, high, 1, [&](Value i) {
    index[plan.outer] = i;
    emitNest(kb, nest, plan.outer + 1, depth, index, [&] {
      auto [from, to] = full();
      body(from, to);
    });
  });
}

SmallVector<std::pair<unsigned, unsigned>>
cpu::tailPieces(unsigned rest, unsigned lanes, bool masked) {
  SmallVector<std::pair<unsigned, unsigned>> pieces;
  if (masked && rest > 2 && !llvm::isPowerOf2_32(rest)) {
    pieces.push_back({unsigned(llvm::PowerOf2Ceil(rest)), rest});
    return pieces;
  }
  for (unsigned width = lanes / 2; rest > 0; width /= 2)
    if (rest >= width) {
      pieces.push_back({width, width});
      rest -= width;
    }
  return pieces;
}

Value cpu::makeMask(KernelBuilder &kb, unsigned lanes, unsigned active) {
  if (active == lanes)
    return Value();
  SmallVector<bool> bits(lanes, false);
  std::fill_n(bits.begin(), active, true);
  return arith::ConstantOp::create(kb.b, kb.loc, kb.b.getBoolVectorAttr(bits));
}

void cpu::emitLanes(KernelBuilder &kb, const Nest &nest, unsigned dim,
                    Value low, Value high, unsigned lanes,
                    function_ref<void(const Piece &)> body) {
  if (lanes <= 1)
    return emitFor(kb, low, high, 1,
                   [&](Value i) { body({i, Lanes{0, dim, Value()}}); });
  int64_t extent = nest.dims[dim].extent;
  int64_t whole = extent / lanes * lanes;
  auto to = getConstantIntValue(high);
  Value last = kb.index(whole), end = last;
  if (!to)
    end = arith::MinUIOp::create(kb.b, kb.loc, high, last);
  if (whole > 0)
    emitFor(kb, low, end, lanes,
            [&](Value i) { body({i, Lanes{lanes, dim, Value()}}); });
  if (whole == extent)
    return;
  auto tail = [&] {
    int64_t start = whole;
    for (auto [width, active] :
         tailPieces(extent - whole, lanes, kb.spec.maskedMemory)) {
      body({kb.index(start), Lanes{width > 1 ? width : 0, dim,
                                   makeMask(kb, width, active)}});
      start += active;
    }
  };
  if (to)
    return tail();
  Value atEnd = arith::CmpIOp::create(kb.b, kb.loc, arith::CmpIPredicate::eq,
                                      high, kb.index(extent));
  auto branch = scf::IfOp::create(kb.b, kb.loc, atEnd, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(kb.b);
  kb.b.setInsertionPointToStart(branch.thenBlock());
  tail();
}
