// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/attention/Attention.h"

#include "targets/cpu/codegen/Cost.h"
#include "targets/cpu/codegen/attention/RowBlock.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// The kernel's scalar, an argument of the body behind its scratch: the wrapper
/// loads it.
static Value addScalar(KernelBuilder &kb) {
  Block *body = cast<BlockArgument>(kb.tileBegin).getOwner();
  return body->addArgument(kb.b.getIndexType(), kb.loc);
}

namespace {

/// The loops around the row blocks, and the packing of a batch point.
class AttentionEmitter {
public:
  AttentionEmitter(KernelBuilder &kb, const AttentionPlan &plan)
      : kb(kb), plan(plan), scratch(AttentionScratch::make(kb, plan)),
        keys(plan.bounded ? addScalar(kb) : kb.index(plan.keys())),
        rows(kb, plan, scratch, keys) {}
  void emit();

private:
  void pack(const Position &position, Value fresh);
  void piece(const Position &position, Value low, Value high);

  KernelBuilder &kb;
  const AttentionPlan &plan;
  AttentionScratch scratch;
  Value keys; ///< that there are
  RowBlockEmitter rows;
};

void AttentionEmitter::emit() {
  int64_t parts = llvm::divideCeil(plan.blocks, plan.blocksPerPiece);
  int64_t batch = plan.points(plan.batchLoops);
  SmallVector<int64_t> extents;
  for (unsigned loop : plan.batchLoops)
    extents.push_back(plan.extent(loop));
  forRange(kb, kb.tileBegin, kb.tileEnd, [&](Value number) {
    SmallVector<Value> indices = unflatten(kb, number, {batch, parts});
    Position position = Position::origin(plan.nest);
    for (auto [loop, index] :
         llvm::zip_equal(plan.batchLoops, unflatten(kb, indices[0], extents)))
      position.move(kb, plan.nest, loop, index);
    if (parts == 1) {
      pack(position, {});
      return piece(position, kb.index(0), kb.index(plan.blocks));
    }
    // Neighbouring pieces of a batch point share what is packed.
    auto equal = [&](Value a, Value b) -> Value {
      return arith::CmpIOp::create(kb.b, kb.loc, arith::CmpIPredicate::eq, a,
                                   b);
    };
    pack(position,
         arith::OrIOp::create(kb.b, kb.loc, equal(indices[1], kb.index(0)),
                              equal(number, kb.tileBegin)));
    Offset low = advance(kb, {}, indices[1], plan.blocksPerPiece);
    Value high = materialize(kb, low.plus(plan.blocksPerPiece));
    if (plan.blocks % plan.blocksPerPiece)
      high = minIndex(kb, high, kb.index(plan.blocks));
    piece(position, materialize(kb, low), high);
  });
}

/// Packs keys and values of a batch point where `fresh` is true or null.
void AttentionEmitter::pack(const Position &position, Value fresh) {
  OpBuilder::InsertionGuard guard(kb.b);
  if (fresh)
    kb.b.setInsertionPointToStart(
        scf::IfOp::create(kb.b, kb.loc, fresh, /*withElse=*/false)
            .thenBlock());
  packKeys(kb, plan, scratch, position, keys);
  packValues(kb, plan, scratch, position, keys);
}

/// Row blocks [low, high) of a batch point: outer row, then tile of the row.
void AttentionEmitter::piece(const Position &position, Value low,
                             Value high) {
  SmallVector<int64_t> extents;
  for (unsigned loop : plan.outerRowLoops)
    extents.push_back(plan.extent(loop));
  int64_t outer = plan.points(plan.outerRowLoops);
  int64_t tiles = plan.blocks / outer;
  auto tile = [&](Position start, Value number, const RowClass &rowClass) {
    Value first = materialize(kb, advance(kb, {}, number, plan.rows));
    if (plan.rowLoop >= 0)
      start.move(kb, plan.nest, plan.rowLoop, first);
    rows.emit(start, first, rowClass.rows);
  };
  if (outer == 1) {
    for (const RowClass &rowClass : plan.rowClasses) {
      auto [from, to] = clipRange(kb, {low, high}, rowClass.firstTile,
                                  rowClass.tileCount, plan.blocks);
      forRange(kb, from, to,
               [&](Value number) { tile(position, number, rowClass); });
    }
    return;
  }
  // Blocks are numbered by tile, then outer row, so that each class of tiles
  // is one range.
  for (const RowClass &rowClass : plan.rowClasses) {
    auto [from, to] = clipRange(kb, {low, high}, rowClass.firstTile * outer,
                                rowClass.tileCount * outer, tiles * outer);
    forRange(kb, from, to, [&](Value number) {
      SmallVector<Value> at = unflatten(kb, number, {tiles, outer});
      Position start = position;
      for (auto [loop, index] :
           llvm::zip_equal(plan.outerRowLoops, unflatten(kb, at[1], extents)))
        start.move(kb, plan.nest, loop, index);
      tile(start, at[0], rowClass);
    });
  }
}

} // namespace

FailureOr<KernelInfo> cpu::emitAttention(DispatchOp op, const CpuSpec &spec,
                                         ModuleOp kernels, StringRef symbol,
                                         std::string &reason) {
  FailureOr<AttentionPlan> plan = planAttention(op, spec, reason);
  if (failed(plan))
    return failure();
  KernelBuilder kb(op, spec, kernels, symbol);
  AttentionEmitter(kb, *plan).emit();
  KernelWork work = workOf(op, *plan);
  setCost(op, spec, work);
  return kb.finish(plan->tileCount, work.flops);
}

DictionaryAttr cpu::attentionConfig(DispatchOp op, const CpuSpec &spec,
                                    std::string &reason) {
  FailureOr<AttentionPlan> plan = planAttention(op, spec, reason);
  if (failed(plan))
    return {};
  Builder b(op.getContext());
  return b.getDictionaryAttr(
      {b.getNamedAttr("kernel", b.getStringAttr("attention")),
       b.getNamedAttr("rows", b.getI64IntegerAttr(plan->rows)),
       b.getNamedAttr("score_vectors", b.getI64IntegerAttr(plan->scoreVectors)),
       b.getNamedAttr("value_vectors",
                      b.getI64IntegerAttr(plan->valueVectors))});
}
