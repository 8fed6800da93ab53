// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stores whose places go round along some axes, by runs of lanes.
#include "targets/common/Payload.h"
#include "targets/cpu/codegen/nest/Columns.h"

#include "compiler/support/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <set>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

static Value compare(KernelBuilder &kb, arith::CmpIPredicate predicate,
                     Value a, int64_t b) {
  return arith::CmpIOp::create(kb.b, kb.loc, predicate, a, kb.index(b));
}

/// Elements from where a row is to where it is stored.
static Value stepOf(KernelBuilder &kb, const FlatWrap &wrap, Offset at,
                    int64_t delta) {
  Value to = materialize(kb, at.plus(delta));
  bool up = delta > 0;
  Value leaves = up ? compare(kb, arith::CmpIPredicate::sge, to, wrap.size)
                    : compare(kb, arith::CmpIPredicate::slt, to, 0);
  int64_t round = up ? delta - wrap.size : delta + wrap.size;
  return arith::SelectOp::create(kb.b, kb.loc, leaves,
                                 kb.index(round * wrap.stride),
                                 kb.index(delta * wrap.stride));
}

SmallVector<TileEpilogue::Run>
TileEpilogue::runsOf(const Position &position, const FlatAccess &store) const {
  if (store.wraps.empty())
    return {};
  std::set<int64_t> cuts{0};
  for (const FlatWrap &wrap : store.wraps)
    for (const ShiftSegment &segment : wrap.segments)
      cuts.insert(segment.last);
  SmallVector<Run> runs;
  for (auto cut = cuts.begin(); std::next(cut) != cuts.end(); ++cut) {
    Run run{*cut, *std::next(cut), Value()};
    for (const FlatWrap &wrap : store.wraps) {
      auto *segment = llvm::find_if(wrap.segments, [&](const ShiftSegment &s) {
        return run.first < s.last;
      });
      if (segment->delta == 0)
        continue;
      Value step =
          stepOf(kb, wrap, position.loops[wrap.axisLoop], segment->delta);
      run.step = run.step ? arith::AddIOp::create(kb.b, kb.loc, run.step, step)
                          : step;
    }
    runs.push_back(run);
  }
  return runs;
}

/// Code under a condition.
static void when(KernelBuilder &kb, Value condition,
                 function_ref<void()> body) {
  auto branch =
      scf::IfOp::create(kb.b, kb.loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(kb.b);
  kb.b.setInsertionPointToStart(branch.thenBlock());
  body();
}

void TileEpilogue::storeRuns(const Position &position, const Column &column,
                             unsigned store, ArrayRef<Run> runs, Value value) {
  const FlatAccess &access = nest.accesses[nest.loads + store];
  Offset start = position.accesses[nest.loads + store].plus(column.offset);
  Offset channel = position.loops[vectorLoop].plus(column.offset);
  int64_t extent = nest.loops[vectorLoop].extent;
  using Predicate = arith::CmpIPredicate;
  for (const Run &run : runs) {
    Offset at = run.step ? advance(kb, start, run.step, 1) : start;
    auto storeAll = [&] {
      storeLanes(kb, kb.output(store), at, 1, access.element, column.lanes(),
                 value);
    };
    Value first = materialize(kb, channel);
    Value last = materialize(kb, channel.plus(column.valid));
    auto both = [&](Value a, Value b) -> Value {
      return arith::AndIOp::create(kb.b, kb.loc, a, b);
    };
    Value whole = both(compare(kb, Predicate::sge, first, run.first),
                       compare(kb, Predicate::sle, last, run.last));
    when(kb, whole, storeAll);
    // Vectors begin at multiples of their lanes.
    if (run.first % lanes == 0 &&
        (run.last % lanes == 0 || run.last == extent))
      continue;
    Value meets = both(compare(kb, Predicate::sgt, last, run.first),
                       compare(kb, Predicate::slt, first, run.last));
    Value no = arith::ConstantIntOp::create(kb.b, kb.loc, 1, 1);
    Value some = arith::XOrIOp::create(kb.b, kb.loc, whole, no);
    when(kb, both(meets, some),
         [&] { storePart(store, at, channel, column, run, value); });
  }
}

/// Stores the lanes that lie in the run.
void TileEpilogue::storePart(unsigned store, Offset at, Offset channel,
                             const Column &column, const Run &run,
                             Value value) {
  OpBuilder &b = kb.b;
  Type element = nest.accesses[nest.loads + store].element;
  value = toMemory(b, kb.loc, toLanes(b, kb.loc, value, column.width), element);
  using Predicate = arith::CmpIPredicate;
  if (kb.spec.maskedMemory && elementBytes(element) >= 4) {
    auto type = VectorType::get({int64_t(column.width)}, b.getI32Type());
    SmallVector<int32_t> numbers;
    for (unsigned lane = 0; lane < column.width; ++lane)
      numbers.push_back(lane < column.valid ? lane : -int32_t(1 << 30));
    Value lane = arith::ConstantOp::create(
        b, kb.loc, DenseElementsAttr::get(type, ArrayRef<int32_t>(numbers)));
    Value begin = arith::IndexCastOp::create(b, kb.loc, b.getI32Type(),
                                             materialize(kb, channel));
    lane = arith::AddIOp::create(
        b, kb.loc, lane, vector::BroadcastOp::create(b, kb.loc, type, begin));
    auto limit = [&](Predicate predicate, int64_t bound) -> Value {
      Value all = arith::ConstantOp::create(
          b, kb.loc, DenseElementsAttr::get(type, int32_t(bound)));
      return arith::CmpIOp::create(b, kb.loc, predicate, lane, all);
    };
    Value mask = arith::AndIOp::create(b, kb.loc,
                                       limit(Predicate::sge, run.first),
                                       limit(Predicate::slt, run.last));
    vector::MaskedStoreOp::create(b, kb.loc, kb.output(store),
                                  ValueRange{materialize(kb, at)}, mask, value);
    return;
  }
  for (unsigned lane = 0; lane < column.valid; ++lane) {
    Value place = materialize(kb, channel.plus(lane));
    Value inside = arith::AndIOp::create(
        b, kb.loc, compare(kb, Predicate::sge, place, run.first),
        compare(kb, Predicate::slt, place, run.last));
    when(kb, inside, [&] {
      Value one = isa<VectorType>(value.getType())
                      ? vector::ExtractOp::create(b, kb.loc, value,
                                                  int64_t(lane))
                            .getResult()
                      : value;
      memref::StoreOp::create(b, kb.loc, one, kb.output(store),
                              ValueRange{materialize(kb, at.plus(lane))});
    });
  }
}
