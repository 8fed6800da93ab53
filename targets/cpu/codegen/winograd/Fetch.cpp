// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/winograd/Fetch.h"

#include "compiler/support/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

static constexpr int64_t kLineBytes = 64;

/// Bytes from the first to the last element that the access touches.
static int64_t reach(const FlatNest &nest, const FlatAccess &access) {
  int64_t last = 0;
  for (auto [loop, stride] : llvm::zip_equal(nest.loops, access.strides))
    last += stride * (loop.extent - 1);
  return (last + 1) * elementBytes(access.element);
}

TileFetcher::TileFetcher(KernelBuilder &kb, const WinogradPlan &plan)
    : kb(kb), plan(plan) {
  const FlatNest &nest = plan.nest();
  addStream(plan.scalarLoad, kb.input(plan.scalarLoad), /*input=*/true);
  Block &epilogue = kb.op.getEpilogueBlock();
  for (unsigned i = 0; i < nest.accesses.size(); ++i) {
    bool load = i < nest.loads;
    if (nest.accesses[i].strides[plan.contraction.vectorLoop] == 1 &&
        (!load || !epilogue.getArgument(i + 1).use_empty()))
      addStream(i, load ? kb.input(i) : kb.output(i - nest.loads),
                /*input=*/false);
  }
}

/// What fits the second-level cache may be there from the dispatch before.
void TileFetcher::addStream(unsigned access, Value memory, bool input) {
  const FlatAccess &flat = plan.nest().accesses[access];
  if (reach(plan.nest(), flat) <= kb.spec.l2Bytes)
    return;
  streams.push_back(
      {access, memory, kb.scratch(plan.blockTiles, kb.b.getI64Type()), input});
}

void TileFetcher::note(Value local, const Position &present,
                       const Position &next) {
  for (const Stream &stream : streams) {
    const Position &position = stream.input ? next : present;
    Value start = materialize(kb, position.accesses[stream.access]);
    start = arith::IndexCastOp::create(kb.b, kb.loc, kb.b.getI64Type(), start);
    memref::StoreOp::create(kb.b, kb.loc, start, stream.starts, local);
  }
}

void TileFetcher::fetch(Value point, Value chunk, Value first, unsigned count,
                        Value part, int64_t parts) {
  if (streams.empty())
    return;
  OpBuilder &b = kb.b;
  // Neighbours overlap in two dimensions: each fetches its middle.
  bool middle = plan.axes() == 2;
  int64_t outputs =
      plan.rows.exists() ? plan.outputs * plan.outputs : plan.outputs;
  int64_t share = llvm::divideCeil(int64_t(count), parts);
  Value low = materialize(kb, advance(kb, {}, part, share));
  low = minIndex(kb, low, kb.index(count));
  Value high =
      minIndex(kb, materialize(kb, advance(kb, {Value(), share}, part, share)),
               kb.index(count));
  forRange(kb, low, high, [&](Value i) {
    Value local = arith::AddIOp::create(b, kb.loc, first, i);
    for (const Stream &stream : streams) {
      bool all = stream.input && !middle;
      // Late points: what is fetched early may be driven out again.
      int64_t skipped = all ? 0 : plan.points() - outputs;
      Value number = arith::SubIOp::create(b, kb.loc, point, kb.index(skipped));
      Value due = arith::CmpIOp::create(b, kb.loc, arith::CmpIPredicate::sge,
                                        number, kb.index(0));
      // The input of the next block, once.
      if (stream.input && plan.chunksPerPiece > 1)
        due = arith::AndIOp::create(b, kb.loc, due, isLastOfPiece(chunk));
      auto branch = scf::IfOp::create(b, kb.loc, due, /*withElse=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      int64_t columns = all ? plan.columns.size() : plan.columns.outputs;
      int64_t rows = plan.rows.exists() ? plan.rows.outputs : 1;
      SmallVector<Value> at = unflatten(kb, number, {rows, columns});
      fetchTile(stream, local, chunk, at[0], at[1]);
    }
  });
}

Value TileFetcher::isLastOfPiece(Value chunk) {
  int64_t count = plan.chunksPerPiece;
  Value part = arith::RemUIOp::create(kb.b, kb.loc, chunk, kb.index(count));
  return arith::CmpIOp::create(kb.b, kb.loc, arith::CmpIPredicate::eq, part,
                               kb.index(count - 1));
}

/// The channels of one position of a tile.
void TileFetcher::fetchTile(const Stream &stream, Value local, Value chunk,
                            Value row, Value column) {
  OpBuilder &b = kb.b;
  const FlatAccess &access = plan.nest().accesses[stream.access];
  Value noted =
      memref::LoadOp::create(b, kb.loc, stream.starts, ValueRange{local});
  Offset start{arith::IndexCastOp::create(b, kb.loc, b.getIndexType(), noted),
               0};
  int64_t channels = stream.input ? plan.inChannels() : plan.chunk;
  if (plan.rows.exists())
    start = advance(kb, start, row, access.strides[plan.rows.outLoop]);
  start = advance(kb, start, column, access.strides[plan.columns.outLoop]);
  // The other taps of the depth were read for tiles before.
  if (stream.input && plan.depth.windowLoop >= 0)
    start = start.plus(access.strides[plan.depth.windowLoop] *
                       (plan.depth.taps - 1));
  if (stream.input && plan.axes() == 2)
    start = start.plus(access.strides[plan.rows.outLoop] +
                       access.strides[plan.columns.outLoop]);
  if (!stream.input)
    start = advance(kb, start, chunk, plan.chunk);
  int64_t line = kLineBytes / elementBytes(access.element);
  forRange(kb, kb.index(0), kb.index(llvm::divideCeil(channels, line)),
           [&](Value number) {
             Offset at = advance(kb, start, number, line);
             memref::PrefetchOp::create(
                 b, kb.loc, stream.memory, ValueRange{materialize(kb, at)},
                 /*isWrite=*/stream.access >= plan.nest().loads,
                 /*localityHint=*/2, /*isDataCache=*/true);
           });
}
