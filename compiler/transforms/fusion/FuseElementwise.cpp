// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/fusion/DispatchForm.h"
#include "compiler/transforms/fusion/Fuse.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace visir;

/// Bindings that a dispatch may have; more would not fit the descriptor sets
/// of small devices and the registers of address arithmetic.
static constexpr unsigned kMaxBindings = 16;

static SmallVector<Value> cloneBlock(OpBuilder &builder, Block &source,
                                     IRMapping &mapping) {
  for (Operation &op : source.without_terminator())
    builder.clone(op, mapping);
  SmallVector<Value> values;
  for (Value value : source.getTerminator()->getOperands())
    values.push_back(mapping.lookupOrDefault(value));
  return values;
}

/// The load of a map that takes over its loads, composed with `points`.
static LoadForm composeLoad(const LoadForm &load, const LinearAccess &points) {
  LoadForm result = load;
  result.access = composeAccess(load.access, points);
  return result;
}

/// Appends the loads of `from`, but for `skip`, to `to` (with index loads
/// renumbered) and returns the new number of each, -1 for skipped ones.
static SmallVector<int64_t> takeLoads(DispatchForm &to,
                                      const DispatchForm &from,
                                      const LinearAccess &points,
                                      ArrayRef<unsigned> skip) {
  SmallVector<int64_t> numbers(from.loads.size(), -1);
  // Index loads come first, so that what they index can name them.
  auto take = [&](unsigned i) {
    LoadForm load = composeLoad(from.loads[i], points);
    for (int64_t &index : load.indexLoads)
      index = numbers[index];
    numbers[i] = to.addLoad(load);
  };
  for (bool indexed : {false, true})
    for (unsigned i = 0; i < from.loads.size(); ++i)
      if (!llvm::is_contained(skip, i) &&
          !from.loads[i].indexAxes.empty() == indexed)
        take(i);
  return numbers;
}

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

/// Loads of `form` that read `tensor`.
static SmallVector<unsigned> loadsOf(const DispatchForm &form, Value tensor) {
  SmallVector<unsigned> numbers;
  for (auto [i, load] : llvm::enumerate(form.loads))
    if (load.tensor == tensor)
      numbers.push_back(i);
  return numbers;
}

/// Whether the elements of a load are indices of other accesses: only a load
/// can be one, not a computed value.
static bool isIndex(const DispatchForm &form, unsigned load) {
  auto names = [&](const auto &access) {
    return llvm::is_contained(access.indexLoads, int64_t(load));
  };
  return llvm::any_of(form.loads, names) || llvm::any_of(form.stores, names);
}

static bool producesAtPoints(RootKind kind) {
  return kind != RootKind::Scatter && kind != RootKind::TopK;
}

DispatchOp visir::fuseIntoEpilogue(RewriterBase &rewriter,
                                   DispatchOp consumer, unsigned load) {
  auto result = dyn_cast<OpResult>(consumer.getInputs()[load]);
  auto producer = result ? result.getDefiningOp<DispatchOp>() : DispatchOp();
  if (!producer || consumer.getKind() != RootKind::Map ||
      !producesAtPoints(producer.getKind()))
    return {};
  auto form = DispatchForm::of(producer), after = DispatchForm::of(consumer);
  if (!form || !after)
    return {};
  unsigned number = result.getResultNumber();
  const StoreForm &store = form->stores[number];
  SmallVector<unsigned> reads = loadsOf(*after, result);
  bool anyTie = llvm::any_of(form->stores, [](const StoreForm &s) {
    return s.tie >= 0;
  });
  if (anyTie || !after->loads[load].isPlain())
    return {};
  // Every reading of the result is of the same point.
  for (unsigned other : reads)
    if (!(after->loads[other] == after->loads[load]) ||
        after->isTied(other) || isIndex(*after, other))
      return {};
  auto on = ontoDomain(form->extents, store.access,
                       store.type.getShape(), after->extents,
                       after->loads[load].access);
  if (!on || !form->maySplit(on->factors))
    return {};
  Operation *place = fusionPlace(producer, consumer);
  if (!place)
    return {};
  form->refine(on->factors);
  // Which of the producer's values a load of the consumer is, or -1.
  SmallVector<int64_t> made(after->loads.size(), -1);
  for (auto [i, read] : llvm::enumerate(after->loads)) {
    auto value = dyn_cast<OpResult>(read.tensor);
    if (!value || value.getOwner() != producer)
      continue;
    unsigned j = value.getResultNumber();
    // Reading one of its results at another point needs all of it.
    if (!read.isPlain() || after->isTied(i) || isIndex(*after, i) ||
        !(composeAccess(read.access, on->points) == form->stores[j].access))
      return {};
    made[i] = j;
    if (!llvm::is_contained(reads, i))
      reads.push_back(i);
  }
  SmallVector<int64_t> numbers =
      takeLoads(*form, *after, on->points, reads);
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
    return {};
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
        cloneBlock(rewriter, producer.getPrologueBlock(), prologue);
    YieldOp::create(rewriter, fused.getLoc(), operands);
    Block &epilogue = fused.getEpilogueBlock();
    unsigned roots = producer.getRootResultCount();
    IRMapping first, second;
    first.map(producer.getEpilogueBlock().getArguments(),
              epilogue.getArguments().take_front(
                  roots + producer.getInputs().size()));
    rewriter.setInsertionPointToEnd(&epilogue);
    auto values = cloneBlock(rewriter, producer.getEpilogueBlock(), first);
    Block &tail = consumer.getEpilogueBlock();
    for (unsigned i = 0; i < after->loads.size(); ++i)
      second.map(tail.getArgument(i),
                 made[i] >= 0 ? values[made[i]]
                              : epilogue.getArgument(roots + numbers[i]));
    auto extra = cloneBlock(rewriter, tail, second);
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

static bool mayInline(DispatchOp consumer, DispatchOp producer) {
  switch (consumer.getKind()) {
  case RootKind::Map:
    return true;
  case RootKind::Reduce:
  case RootKind::Softmax:
  case RootKind::Norm:
  case RootKind::ArgReduce:
    return isCheap(producer);
  default:
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

/// Whether a map reads fewer elements than it makes.
static bool readsLess(const DispatchForm &map) {
  int64_t made = ShapedType::getNumElements(map.extents), read = 0;
  for (const LoadForm &load : map.loads)
    read += load.indexAxes.empty()
                ? ShapedType::getNumElements(load.shape())
                : made;
  return read * 2 <= made;
}

DispatchOp visir::fuseIntoLoad(RewriterBase &rewriter, DispatchOp consumer,
                               unsigned load) {
  Value tensor = consumer.getInputs()[load];
  auto producer = tensor.getDefiningOp<DispatchOp>();
  if (!producer || producer.getKind() != RootKind::Map ||
      producer.getNumResults() != 1 || producer.getTies().front() >= 0 ||
      !mayInline(consumer, producer))
    return {};
  auto form = DispatchForm::of(consumer), from = DispatchForm::of(producer);
  if (!form || !from || !form->loads[load].isPlain() || form->isTied(load))
    return {};
  SmallVector<unsigned> reads = loadsOf(*form, tensor);
  if (reads.size() != 1)
    return {};
  // What others read as well is stored anyway: computing it again pays only
  // where that reads less.
  bool single = tensor.hasOneUse() && readsOnce(*form, form->loads[load]);
  if (!single && !(isCheap(producer) && readsLess(*from)))
    return {};
  if (isIndex(*form, load))
    return {};
  auto on = ontoDomain(form->extents, form->loads[load].access,
                       form->loads[load].shape(), from->extents,
                       from->stores.front().access);
  if (!on || !form->maySplit(on->factors))
    return {};
  form->refine(on->factors);
  unsigned before = form->loads.size();
  SmallVector<int64_t> numbers = takeLoads(*form, *from, on->points, {});
  if (form->loads.size() + form->stores.size() > kMaxBindings)
    return {};
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
    auto values = cloneBlock(rewriter, producer.getEpilogueBlock(), made);
    for (unsigned i = 0; i < roots + before; ++i)
      mapping.map(source.getArgument(i), i == roots + load
                                             ? values.front()
                                             : target.getArgument(i));
    auto yielded = cloneBlock(rewriter, source, mapping);
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
