// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/DispatchForm.h"
#include "compiler/transforms/fusion/Fuse.h"
#include "compiler/transforms/fusion/Padding.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace visir;

namespace {

/// Where a fused dispatch stands: at the consumer's place if nothing between
/// the two reads the producer, at the producer's if all the consumer needs is
/// there; nowhere otherwise.
Operation *fusionPlace(DispatchOp producer, DispatchOp consumer) {
  if (readersFollow(producer, consumer, consumer))
    return consumer;
  for (Value input : consumer.getInputs()) {
    Operation *source = input.getDefiningOp();
    if (source && source != producer && !source->isBeforeInBlock(producer))
      return nullptr;
  }
  return producer;
}

} // namespace

static bool producesAtPoints(RootKind kind) {
  return kind != RootKind::Scatter && kind != RootKind::TopK;
}

DispatchOp visir::fuseIntoEpilogue(RewriterBase &rewriter,
                                   DispatchOp consumer, unsigned load,
                                   StringRef &why) {
  auto result = dyn_cast<OpResult>(consumer.getInputs()[load]);
  auto producer = result ? result.getDefiningOp<DispatchOp>() : DispatchOp();
  if (!producer || consumer.getKind() != RootKind::Map)
    return {};
  if (!producesAtPoints(producer.getKind()))
    return refuse(why, "the producer has no value per point");
  auto form = DispatchForm::of(producer), after = DispatchForm::of(consumer);
  if (!form || !after)
    return {};
  unsigned number = result.getResultNumber();
  const StoreForm &store = form->stores[number];
  SmallVector<unsigned> reads = after->loadsOf(result);
  bool anyTie = llvm::any_of(form->stores, [](const StoreForm &s) {
    return s.tie >= 0;
  });
  if (anyTie)
    return refuse(why, "the producer writes into another tensor");
  if (!after->loads[load].isPlain())
    return refuse(why, "the load is padded or indexed");
  // Every reading of the result is of the same point.
  for (unsigned other : reads)
    if (!(after->loads[other] == after->loads[load]) ||
        after->isTied(other) || after->isIndex(other))
      return refuse(why, "it is read at several points, as an index or to "
                         "be written into");
  auto on = ontoDomain(form->extents, store.access,
                       store.type.getShape(), after->extents,
                       after->loads[load].access);
  if (!on || !form->maySplit(on->factors))
    return refuse(why, "not every element is read once, or no split of the "
                       "producer's loops follows the reading");
  Operation *place = fusionPlace(producer, consumer);
  if (!place)
    return refuse(why, "another operand is made between the two");
  form->refine(on->factors);
  // Which of the producer's values a load of the consumer is, or -1.
  SmallVector<int64_t> made(after->loads.size(), -1);
  for (auto [i, read] : llvm::enumerate(after->loads)) {
    auto value = dyn_cast<OpResult>(read.tensor);
    if (!value || value.getOwner() != producer)
      continue;
    unsigned j = value.getResultNumber();
    // Reading one of its results at another point needs all of it.
    if (!read.isPlain() || after->isTied(i) || after->isIndex(i) ||
        !(composeAccess(read.access, on->points) == form->stores[j].access))
      return refuse(why, "another result is read at other points");
    made[i] = j;
    if (!llvm::is_contained(reads, i))
      reads.push_back(i);
  }
  SmallVector<int64_t> numbers =
      form->takeLoads(*after, on->points, reads);
  bool keep = llvm::any_of(result.getUsers(), [&](Operation *user) {
    return user != consumer;
  });
  std::vector<StoreForm> stores;
  for (auto [i, old] : llvm::enumerate(form->stores))
    if (i != number || keep)
      stores.push_back(old);
  for (StoreForm extra : after->stores) {
    extra.access = composeAccess(extra.access, on->points);
    if (extra.tie >= 0)
      extra.tie = numbers[extra.tie];
    for (int64_t &index : extra.indexLoads)
      index = numbers[index];
    stores.push_back(extra);
  }
  form->stores = stores;
  if (form->loads.size() + stores.size() > kMaxBindings)
    return refuse(why, "there would be more than 16 bindings");
  rewriter.setInsertionPoint(place);
  DispatchOp fused = form->create(
      rewriter, fuseLocations(producer.getLoc(), consumer.getLoc()),
      rootTypesOf(producer));
  // Payloads: the producer's, then the consumer's on its value.
  {
    OpBuilder::InsertionGuard guard(rewriter);
    IRMapping prologue;
    prologue.map(producer.getPrologueBlock().getArguments(),
                 fused.getPrologueBlock().getArguments().take_front(
                     producer.getInputs().size()));
    rewriter.setInsertionPointToEnd(&fused.getPrologueBlock());
    auto operands =
        clonePayloadOps(rewriter, producer.getPrologueBlock(), prologue);
    YieldOp::create(rewriter, fused.getLoc(), operands);
    Block &epilogue = fused.getEpilogueBlock();
    unsigned roots = producer.getRootResultCount();
    IRMapping first, second;
    first.map(producer.getEpilogueBlock().getArguments(),
              epilogue.getArguments().take_front(
                  roots + producer.getInputs().size()));
    rewriter.setInsertionPointToEnd(&epilogue);
    auto values = clonePayloadOps(rewriter, producer.getEpilogueBlock(), first);
    Block &tail = consumer.getEpilogueBlock();
    for (unsigned i = 0; i < after->loads.size(); ++i)
      second.map(tail.getArgument(i),
                 made[i] >= 0 ? values[made[i]]
                              : epilogue.getArgument(roots + numbers[i]));
    auto extra = clonePayloadOps(rewriter, tail, second);
    SmallVector<Value> yielded;
    for (auto [i, value] : llvm::enumerate(values))
      if (i != number || keep)
        yielded.push_back(value);
    yielded.append(extra);
    YieldOp::create(rewriter, fused.getLoc(), yielded);
  }
  // Results: the producer's that stay, then the consumer's.
  unsigned next = 0;
  SmallVector<Value> replacements;
  for (unsigned i = 0; i < producer.getNumResults(); ++i)
    replacements.push_back(i != number || keep
                               ? Value(fused.getResult(next++))
                               : Value());
  SmallVector<Value> consumed(fused.getResults().drop_front(next));
  rewriter.replaceOp(consumer, consumed);
  for (auto [old, value] :
       llvm::zip_equal(producer.getResults(), replacements))
    if (value)
      rewriter.replaceAllUsesWith(old, value);
  rewriter.eraseOp(producer);
  return fused;
}

/// How often a root evaluates its prologue for one element of load: the
/// payload of a producer must be cheap, or is better stored.
static bool isCheap(DispatchOp producer) {
  unsigned weight = 0;
  for (Operation &op : producer.getEpilogueBlock().without_terminator()) {
    if (isa<arith::ConstantOp>(op))
      continue;
    bool expensive = op.getDialect()->getNamespace() == "math" ||
                     isa<arith::DivFOp, arith::RemFOp>(op);
    weight += expensive ? 8 : 1;
  }
  return weight <= 4;
}

/// Whether the root of `consumer` may compute what `producer` makes.
static bool mayInline(DispatchOp consumer, DispatchOp producer,
                      StringRef &why) {
  switch (consumer.getKind()) {
  case RootKind::Map:
    return true;
  case RootKind::Reduce:
  case RootKind::Softmax:
  case RootKind::Norm:
  case RootKind::ArgReduce:
    if (isCheap(producer))
      return true;
    why = "the root would compute a long payload more than once";
    return false;
  case RootKind::Contract:
    return false;
  default:
    why = "the root takes tensors only";
    return false;
  }
}

/// Whether each element that `load` reads is read at one point only.
static bool readsOnce(const DispatchForm &form, const LoadForm &load) {
  int64_t points = 1;
  for (size_t i = 0; i < form.extents.size(); ++i) {
    int64_t extent = form.extents[i];
    bool used = llvm::any_of(load.access.coefficients,
                             [&](ArrayRef<int64_t> c) { return c[i] != 0; });
    if (!used && extent != 1)
      return false;
    points *= extent;
  }
  return points <= ShapedType::getNumElements(load.shape());
}

/// Elements of a load over the domain, each counted once.
static int64_t elementsOf(const DispatchForm &form, const LoadForm &load) {
  int64_t points = 1;
  for (size_t i = 0; i < form.extents.size(); ++i)
    if (llvm::any_of(load.access.coefficients,
                     [&](ArrayRef<int64_t> c) { return c[i] != 0; }))
      points *= form.extents[i];
  return std::min(points, ShapedType::getNumElements(load.shape()));
}

/// Whether a map reads fewer elements than it makes.
static bool readsLess(const DispatchForm &map) {
  int64_t points = ShapedType::getNumElements(map.extents), read = 0;
  for (const LoadForm &load : map.loads)
    read += load.indexAxes.empty() ? elementsOf(map, load) : points;
  return read * 4 <= points * int64_t(map.stores.size()) * 3;
}

DispatchOp visir::fuseIntoLoad(RewriterBase &rewriter, DispatchOp consumer,
                               unsigned load, StringRef &why) {
  Value tensor = consumer.getInputs()[load];
  auto producer = tensor.getDefiningOp<DispatchOp>();
  if (!producer || producer.getKind() != RootKind::Map ||
      !mayInline(consumer, producer, why))
    return {};
  if (llvm::any_of(producer.getTies(), [](int64_t tie) { return tie >= 0; }))
    return refuse(why, "the map writes into a tensor");
  unsigned result = cast<OpResult>(tensor).getResultNumber();
  auto form = DispatchForm::of(consumer), from = DispatchForm::of(producer);
  if (!form || !from)
    return {};
  bool padded = form->loads[load].padded;
  if (!form->loads[load].indexAxes.empty() || form->loads[load].norm ||
      form->loads[load].fillValue() != 0 || form->isTied(load))
    return refuse(why, "the load is indexed, normalised, written into or "
                       "padded, not with zeros");
  SmallVector<unsigned> reads = form->loadsOf(tensor);
  if (reads.size() != 1)
    return refuse(why, "it is read at several points");
  // What others read as well is stored anyway: computing it again pays only
  // where that reads less.
  bool single = producer.getNumResults() == 1 && tensor.hasOneUse() &&
                readsOnce(*form, form->loads[load]);
  if (!single && !(isCheap(producer) && readsLess(*from)))
    return refuse(why, "its elements are read more than once, and computing "
                       "them again costs more than storing them");
  if (form->isIndex(load))
    return refuse(why, "it gives indices");
  auto on = ontoDomain(form->extents, form->loads[load].access,
                       form->loads[load].shape(), from->extents,
                       from->stores[result].access);
  if (!on || !form->maySplit(on->factors))
    return refuse(why, "no split of the consumer's loops follows the map");
  if (padded &&
      !padLoads(*from, producer, result,
                outsideCoordinates(on->points, refineSizes(on->factors),
                                   from->extents)))
    return refuse(why, "the map is not zero where the load is padded");
  form->refine(on->factors);
  unsigned before = form->loads.size();
  SmallVector<int64_t> numbers = form->takeLoads(*from, on->points, {});
  if (form->loads.size() + form->stores.size() > kMaxBindings)
    return refuse(why, "there would be more than 16 bindings");
  rewriter.setInsertionPoint(consumer);
  DispatchOp fused = form->create(
      rewriter, fuseLocations(producer.getLoc(), consumer.getLoc()),
      rootTypesOf(consumer));
  auto inlinePayload = [&](Block &source, Block &target, unsigned roots) {
    rewriter.setInsertionPointToEnd(&target);
    IRMapping made, mapping;
    for (unsigned i = 0; i < from->loads.size(); ++i)
      made.map(producer.getEpilogueBlock().getArgument(i),
               target.getArgument(roots + numbers[i]));
    auto values = clonePayloadOps(rewriter, producer.getEpilogueBlock(), made);
    for (unsigned i = 0; i < roots + before; ++i)
      mapping.map(source.getArgument(i), i == roots + load
                                             ? values[result]
                                             : target.getArgument(i));
    auto yielded = clonePayloadOps(rewriter, source, mapping);
    YieldOp::create(rewriter, fused.getLoc(), yielded);
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(target)))
      if (isOpTriviallyDead(&op))
        rewriter.eraseOp(&op);
  };
  OpBuilder::InsertionGuard guard(rewriter);
  inlinePayload(consumer.getPrologueBlock(), fused.getPrologueBlock(), 0);
  inlinePayload(consumer.getEpilogueBlock(), fused.getEpilogueBlock(),
                consumer.getRootResultCount());
  rewriter.replaceOp(consumer, fused);
  // Nothing uses the load itself any more.
  DispatchOp simplified = simplifyLoads(rewriter, fused);
  return simplified ? simplified : fused;
}
