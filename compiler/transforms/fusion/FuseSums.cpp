// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums over positions beside the store of what is summed. The producer keeps
// one partial sum per row of positions, which one piece of work makes in a
// fixed order; the consumer adds up the rows.
#include "compiler/analysis/DispatchForm.h"
#include "compiler/transforms/fusion/Fuse.h"

using namespace mlir;
using namespace visir;

/// Positions that may be summed by one piece of work when there is one row.
static constexpr int64_t kLongestRow = 64;

namespace {

/// The dimensions of the producer's domain by what the sum does with them.
struct SumDims {
  SmallVector<unsigned> kept, summed; ///< parallel ones, in order
  unsigned row = 0;                   ///< the one that partial sums run over
};

} // namespace

/// `points` are the points of the sum's domain, `kept` of whose dimensions are
/// parallel.
static std::optional<SumDims> sumDims(const DispatchForm &producer,
                                      const LinearAccess &points, unsigned kept,
                                      StringRef &why) {
  SumDims dims;
  std::optional<unsigned> fastest;
  for (unsigned d = 0; d < producer.parallelRank; ++d) {
    bool inKept = false, inSummed = false;
    for (unsigned j = 0; j < points.rank(); ++j)
      if (points.coefficients[j][d] != 0)
        (j < kept ? inKept : inSummed) = true;
    if (inKept && inSummed) {
      why = "the sum cuts across the producer's loops";
      return std::nullopt;
    }
    (inSummed ? dims.summed : dims.kept).push_back(d);
    if (producer.extents[d] > 1)
      fastest = d;
  }
  if (dims.summed.empty()) {
    why = "there is one position only";
    return std::nullopt;
  }
  if (llvm::is_contained(dims.summed, fastest)) {
    why = "the sum runs over what the producer's vectors run over";
    return std::nullopt;
  }
  dims.row = dims.summed.back();
  if (dims.summed.size() == 1 && producer.extents[dims.row] > kLongestRow) {
    why = "one piece of work would make the whole sum";
    return std::nullopt;
  }
  return dims;
}

/// The part of an access over the producer's domain that is left over the
/// consumer's: the dimensions `order`, but for `row`, which has one point.
static LinearAccess project(const LinearAccess &access,
                            ArrayRef<unsigned> order, unsigned row) {
  LinearAccess result = LinearAccess::zero(access.rank(), order.size());
  result.offsets = access.offsets;
  for (unsigned j = 0; j < access.rank(); ++j)
    for (auto [i, d] : llvm::enumerate(order))
      if (d != row)
        result.coefficients[j][i] = access.coefficients[j][d];
  return result;
}

/// The producer with one more store for what the consumer sums, without the
/// result itself if it is to be dropped.
static DispatchOp storeSums(RewriterBase &rewriter, const DispatchForm &form,
                            DispatchOp producer, DispatchOp consumer,
                            unsigned result, unsigned load, bool drop) {
  rewriter.setInsertionPoint(producer);
  DispatchOp fused =
      form.create(rewriter, fuseLocations(producer.getLoc(), consumer.getLoc()),
                  rootTypesOf(producer));
  OpBuilder::InsertionGuard guard(rewriter);
  auto clone = [&](Block &from, Block &to) {
    IRMapping mapping;
    mapping.map(from.getArguments(), to.getArguments());
    rewriter.setInsertionPointToEnd(&to);
    return clonePayloadOps(rewriter, from, mapping);
  };
  auto operands = clone(producer.getPrologueBlock(), fused.getPrologueBlock());
  YieldOp::create(rewriter, fused.getLoc(), operands);
  auto values = clone(producer.getEpilogueBlock(), fused.getEpilogueBlock());
  IRMapping mapping;
  mapping.map(consumer.getPrologueBlock().getArgument(load), values[result]);
  auto summed = clonePayloadOps(rewriter, consumer.getPrologueBlock(), mapping);
  if (drop)
    values.erase(values.begin() + result);
  values.push_back(summed.front());
  YieldOp::create(rewriter, fused.getLoc(), values);
  return fused;
}

/// The consumer over rows of partial sums.
static DispatchOp addRows(RewriterBase &rewriter, const DispatchForm &after,
                          const DomainPoints &on, const SumDims &dims,
                          DispatchOp consumer, unsigned load, Value partial,
                          ArrayRef<int64_t> extents) {
  SmallVector<unsigned> order(dims.kept);
  order.append(dims.summed);
  DispatchForm form;
  form.root = after.root;
  form.parallelRank = dims.kept.size();
  for (unsigned d : order)
    form.extents.push_back(d == dims.row ? 1 : extents[d]);
  LoadForm rows;
  rows.tensor = partial;
  rows.access = LinearAccess::zero(extents.size(), order.size());
  for (auto [i, d] : llvm::enumerate(order))
    if (d != dims.row)
      rows.access.coefficients[d][i] = 1;
  form.loads = after.loads;
  for (LoadForm &other : form.loads)
    other.access =
        project(composeAccess(other.access, on.points), order, dims.row);
  form.loads[load] = rows;
  form.stores = after.stores;
  for (StoreForm &store : form.stores)
    store.access =
        project(composeAccess(store.access, on.points), order, dims.row);
  rewriter.setInsertionPoint(consumer);
  DispatchOp result =
      form.create(rewriter, consumer.getLoc(), rootTypesOf(consumer));
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToEnd(&result.getPrologueBlock());
  YieldOp::create(rewriter, result.getLoc(),
                  ValueRange{result.getPrologueBlock().getArgument(load)});
  IRMapping mapping;
  for (auto [from, to] : llvm::zip(consumer.getEpilogueBlock().getArguments(),
                                   result.getEpilogueBlock().getArguments()))
    mapping.map(from, to);
  rewriter.setInsertionPointToEnd(&result.getEpilogueBlock());
  auto values = clonePayloadOps(rewriter, consumer.getEpilogueBlock(), mapping);
  YieldOp::create(rewriter, result.getLoc(), values);
  return result;
}

DispatchOp visir::fuseSum(RewriterBase &rewriter, DispatchOp consumer,
                          unsigned load, StringRef &why) {
  auto result = dyn_cast<OpResult>(consumer.getInputs()[load]);
  auto producer = result ? result.getDefiningOp<DispatchOp>() : DispatchOp();
  if (!producer || !isSum(consumer))
    return {};
  // Windows multiply by weights or overlap; they are no sums of one tensor.
  Value summed = consumer.getPrologueBlock().getTerminator()->getOperand(0);
  if (loadsBehind(summed) != SmallVector<unsigned>{load})
    return {};
  auto form = DispatchForm::of(producer), after = DispatchForm::of(consumer);
  if (!form || !after)
    return {};
  unsigned number = result.getResultNumber();
  StoreForm &store = form->stores[number];
  if (store.sum || !store.indexAxes.empty())
    return {};
  if (producer.getKind() != RootKind::Contract &&
      producer.getKind() != RootKind::Reduce)
    return refuse(why, "only products and windows store sums");
  if (!summed.getType().isF32() && !summed.getType().isF64())
    return refuse(why, "the sum is neither of f32 nor of f64");
  if (!after->loads[load].isPlain() || after->isTied(load) || store.tie >= 0)
    return refuse(why, "the load is padded, or one of the two is tied");
  if (!consumer.getEpilogueBlock()
           .getArgument(consumer.getRootResultCount() + load)
           .use_empty())
    return refuse(why, "the sum's epilogue reads it, too");
  auto on = ontoDomain(form->extents, store.access, store.type.getShape(),
                       after->extents, after->loads[load].access);
  if (!on || !form->maySplit(on->factors))
    return refuse(why, "the sum does not read every element once");
  form->refine(on->factors);
  auto dims = sumDims(*form, on->points, after->parallelRank, why);
  if (!dims)
    return {};
  StoreForm partial;
  partial.sum = true;
  SmallVector<int64_t> shape(form->extents.begin(),
                             form->extents.begin() + form->parallelRank);
  shape[dims->row] = 1;
  partial.type = RankedTensorType::get(shape, summed.getType());
  partial.access = LinearAccess::zero(shape.size(), form->extents.size());
  for (unsigned d = 0; d < shape.size(); ++d)
    if (d != dims->row)
      partial.access.coefficients[d][d] = 1;
  bool drop = result.hasOneUse();
  if (drop)
    form->stores.erase(form->stores.begin() + number);
  form->stores.push_back(partial);
  if (form->loads.size() + form->stores.size() > kMaxBindings)
    return refuse(why, "there would be more than 16 bindings");
  DispatchOp fused =
      storeSums(rewriter, *form, producer, consumer, number, load, drop);
  DispatchOp rows = addRows(
      rewriter, *after, *on, *dims, consumer, load, fused->getResults().back(),
      ArrayRef<int64_t>(form->extents).take_front(form->parallelRank));
  rewriter.replaceOp(consumer, rows);
  unsigned next = 0;
  for (unsigned i = 0; i < producer.getNumResults(); ++i)
    if (!(drop && i == number))
      rewriter.replaceAllUsesWith(producer.getResult(i),
                                  fused.getResult(next++));
  rewriter.eraseOp(producer);
  return rows;
}
