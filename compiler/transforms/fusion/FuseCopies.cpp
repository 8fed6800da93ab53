// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/DispatchForm.h"
#include "compiler/transforms/fusion/Fuse.h"
#include "compiler/transforms/fusion/Padding.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace visir;

/// Clones the payloads of `from` into the empty ones of `to`, whose loads
/// have the same order.
static void clonePayloads(OpBuilder &builder, DispatchOp from, DispatchOp to) {
  OpBuilder::InsertionGuard guard(builder);
  auto clone = [&](Block &source, Block &target) {
    IRMapping mapping;
    for (auto [a, b] :
         llvm::zip(source.getArguments(), target.getArguments()))
      mapping.map(a, b);
    builder.setInsertionPointToEnd(&target);
    for (Operation &op : source)
      builder.clone(op, mapping);
  };
  clone(from.getPrologueBlock(), to.getPrologueBlock());
  clone(from.getEpilogueBlock(), to.getEpilogueBlock());
}

DispatchOp visir::foldCopyIntoLoad(RewriterBase &rewriter,
                                   DispatchOp consumer, unsigned load,
                                   StringRef &why) {
  auto copy = consumer.getInputs()[load].getDefiningOp<DispatchOp>();
  if (!copy || !isCopy(copy) || copy.getTies().front() >= 0)
    return {};
  auto form = DispatchForm::of(consumer), from = DispatchForm::of(copy);
  if (!form || !from)
    return {};
  if (form->isTied(load))
    return refuse(why, "the consumer writes into what was copied");
  LoadForm &target = form->loads[load];
  const LoadForm &source = from->loads.front();
  if (!target.indexAxes.empty() || !source.indexAxes.empty() || target.norm)
    return refuse(why, "one of the two loads is indexed or normalised");
  auto on = ontoDomain(form->extents, target.access, target.shape(),
                       from->extents, from->stores.front().access);
  if (!on || !form->maySplit(on->factors))
    return refuse(why, "no split of the consumer's loops makes it an address");
  if (target.padded) {
    if (source.padded && source.fillValue() != target.fillValue())
      return refuse(why, "both pad, with different values");
    SmallVector<int64_t> refined = refineSizes(on->factors);
    for (unsigned digit :
         outsideCoordinates(on->points, refined, from->extents))
      if (!digitIsCoordinate(source, from->extents, digit))
        return refuse(why, "what is padded is no coordinate of the source");
  }
  form->refine(on->factors);
  LoadForm &changed = form->loads[load];
  changed.tensor = source.tensor;
  changed.access = composeAccess(source.access, on->points);
  if (source.padded) {
    changed.padded = true;
    changed.fill = source.fill;
  }
  rewriter.setInsertionPoint(consumer);
  DispatchOp result =
      form->create(rewriter, fuseLocations(copy.getLoc(), consumer.getLoc()),
                   rootTypesOf(consumer));
  clonePayloads(rewriter, consumer, result);
  rewriter.replaceOp(consumer, result);
  return result;
}

DispatchOp visir::foldCopyIntoStore(RewriterBase &rewriter, DispatchOp copy,
                                    bool split, StringRef &why) {
  if (!isCopy(copy))
    return {};
  auto from = DispatchForm::of(copy);
  if (!from)
    return {};
  int64_t tie = from->stores.front().tie;
  unsigned number = tie == 0 ? 1 : 0;
  const LoadForm &source = from->loads[number];
  auto result = dyn_cast<OpResult>(source.tensor);
  auto producer = source.tensor.getDefiningOp<DispatchOp>();
  if (!producer)
    return {};
  if (!source.isPlain())
    return refuse(why, "the copy pads or gathers");
  if (!result.hasOneUse())
    return refuse(why, "others read the copied tensor, too");
  if (!readersFollow(producer, copy, copy))
    return refuse(why, "another result of the producer is read before");
  // What it writes into must be there before the producer is.
  if (tie >= 0 && from->loads[tie].tensor.getDefiningOp() == producer)
    return refuse(why, "it writes into a result of the producer");
  auto form = DispatchForm::of(producer);
  if (!form)
    return {};
  StoreForm &store = form->stores[result.getResultNumber()];
  if (store.tie >= 0 || !store.indexAxes.empty())
    return refuse(why, "the producer's store is tied or indexed");
  auto on = ontoDomain(form->extents, store.access, source.shape(),
                       from->extents, source.access);
  if (!on || !form->maySplit(on->factors))
    return refuse(why, "the copy does not move every element once, or no "
                       "split of the producer's loops makes it an address");
  bool splits = llvm::any_of(
      on->factors, [](const auto &pieces) { return pieces.size() != 1; });
  if (splits && !split)
    return {};
  form->refine(on->factors);
  StoreForm &changed = form->stores[result.getResultNumber()];
  changed.type = from->stores.front().type;
  changed.access = composeAccess(from->stores.front().access, on->points);
  if (tie >= 0) {
    LoadForm into;
    into.tensor = from->loads[tie].tensor;
    into.access = changed.access;
    form->loads.push_back(into);
    changed.tie = form->loads.size() - 1;
  }
  rewriter.setInsertionPoint(copy);
  DispatchOp fused =
      form->create(rewriter, fuseLocations(producer.getLoc(), copy.getLoc()),
                   rootTypesOf(producer));
  clonePayloads(rewriter, producer, fused);
  rewriter.replaceOp(copy, fused.getResult(result.getResultNumber()));
  SmallVector<Value> values(fused.getResults());
  rewriter.replaceOp(producer, values);
  return fused;
}
