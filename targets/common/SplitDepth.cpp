// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/SplitDepth.h"

#include "compiler/analysis/DispatchForm.h"

using namespace mlir;
using namespace visir;

/// The longest dimension of the sum.
static unsigned longestSum(DispatchOp op) {
  unsigned longest = op.getParallelRank();
  for (unsigned dim = longest; dim < op.getDomainRank(); ++dim)
    if (op.getExtents()[dim] > op.getExtents()[longest])
      longest = dim;
  return longest;
}

int64_t visir::depthParts(DispatchOp op, int64_t wanted) {
  auto form = DispatchForm::of(op);
  if (op.getKind() != RootKind::Contract || !form ||
      form->parallelRank == int64_t(form->extents.size()) ||
      form->stores[0].tie >= 0 || !form->stores[0].indexAxes.empty() ||
      llvm::any_of(form->stores, [](const StoreForm &s) { return s.sum; }) ||
      llvm::any_of(form->loads, [](const LoadForm &l) { return bool(l.norm); }))
    return 1;
  int64_t parts = 1, extent = form->extents[longestSum(op)];
  while (2 * parts <= wanted && extent % (2 * parts) == 0)
    parts *= 2;
  return parts;
}

/// The access over the dimensions `order` of its domain.
static LinearAccess reordered(const LinearAccess &access,
                              ArrayRef<unsigned> order) {
  LinearAccess result = LinearAccess::zero(access.rank(), order.size());
  result.offsets = access.offsets;
  for (unsigned j = 0; j < access.rank(); ++j)
    for (auto [i, dim] : llvm::enumerate(order))
      result.coefficients[j][i] = access.coefficients[j][dim];
  return result;
}

/// Coordinates: dimension `first`, then those of `rest`.
static LinearAccess prefixed(unsigned first, const LinearAccess &rest,
                             unsigned rank) {
  LinearAccess result = LinearAccess::zero(1, rank);
  result.coefficients[0][first] = 1;
  result.coefficients.append(rest.coefficients);
  result.offsets.append(rest.offsets);
  return result;
}

/// Keeps the loads that are used, those that index them, and those that
/// stores are tied to or indexed by; gives the new number of each, or -1.
static SmallVector<int64_t> keepLoads(DispatchForm &form,
                                      SmallVector<unsigned> used) {
  auto add = [&](int64_t load) {
    if (load >= 0 && !llvm::is_contained(used, unsigned(load)))
      used.push_back(unsigned(load));
  };
  for (const StoreForm &store : form.stores) {
    add(store.tie);
    llvm::for_each(store.indexLoads, add);
  }
  for (size_t i = 0; i < used.size(); ++i)
    llvm::for_each(form.loads[used[i]].indexLoads, add);
  SmallVector<int64_t> numbers(form.loads.size(), -1);
  std::vector<LoadForm> loads;
  for (unsigned load : used) {
    numbers[load] = loads.size();
    loads.push_back(form.loads[load]);
  }
  for (LoadForm &load : loads)
    for (int64_t &index : load.indexLoads)
      index = numbers[index];
  for (StoreForm &store : form.stores) {
    for (int64_t &index : store.indexLoads)
      index = numbers[index];
    if (store.tie >= 0)
      store.tie = numbers[store.tie];
  }
  form.loads = std::move(loads);
  return numbers;
}

/// Clones a payload; `arguments` are its first ones, the others loads.
static void transfer(RewriterBase &rewriter, Block &from, Block &to,
                     unsigned arguments, ArrayRef<int64_t> numbers) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToEnd(&to);
  IRMapping mapping;
  for (unsigned i = 0; i < arguments; ++i)
    mapping.map(from.getArgument(i), to.getArgument(i));
  for (auto [i, number] : llvm::enumerate(numbers))
    if (number >= 0)
      mapping.map(from.getArgument(arguments + i),
                  to.getArgument(arguments + number));
  auto values = clonePayloadOps(rewriter, from, mapping);
  YieldOp::create(rewriter, from.getParentOp()->getLoc(), values);
}

/// The loads that what a payload yields depends on.
static SmallVector<unsigned> loadsOf(Block &payload, unsigned firstLoad) {
  SmallVector<unsigned> loads;
  for (Value value : payload.getTerminator()->getOperands())
    for (unsigned load : loadsBehind(value, firstLoad))
      if (!llvm::is_contained(loads, load))
        loads.push_back(load);
  return loads;
}

/// The product with the parts as its last parallel dimension; its result is
/// [parts, result of the first store...].
static DispatchOp makeParts(RewriterBase &rewriter, DispatchOp op,
                            DispatchForm form, int64_t parts) {
  unsigned longest = longestSum(op), parallel = form.parallelRank;
  DimFactors factors;
  for (auto [dim, extent] : llvm::enumerate(form.extents))
    factors.push_back(dim == longest
                          ? SmallVector<int64_t>{parts, extent / parts}
                          : SmallVector<int64_t>{extent});
  form.refine(factors);
  auto order = llvm::to_vector(llvm::seq<unsigned>(0, form.extents.size()));
  std::rotate(order.begin() + parallel, order.begin() + longest,
              order.begin() + longest + 1);
  SmallVector<int64_t> extents;
  for (unsigned dim : order)
    extents.push_back(form.extents[dim]);
  form.extents = extents;
  ++form.parallelRank;
  for (LoadForm &load : form.loads)
    load.access = reordered(load.access, order);
  Type sum = rootTypesOf(op)[0];
  StoreForm store = form.stores[0];
  SmallVector<int64_t> shape{parts};
  llvm::append_range(shape, store.type.getShape());
  store.type = RankedTensorType::get(shape, sum);
  store.access =
      prefixed(parallel, reordered(store.access, order), order.size());
  form.stores = {store};
  auto numbers = keepLoads(form, loadsOf(op.getPrologueBlock(), 0));
  DispatchOp made = form.create(rewriter, op.getLoc(), sum);
  transfer(rewriter, op.getPrologueBlock(), made.getPrologueBlock(), 0,
           numbers);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToEnd(&made.getEpilogueBlock());
  YieldOp::create(rewriter, op.getLoc(),
                  ValueRange(made.getEpilogueBlock().getArgument(0)));
  return made;
}

/// What the parts add up to, with the product's epilogue.
static DispatchOp addUpParts(RewriterBase &rewriter, DispatchOp op,
                             DispatchForm form, Value partial, int64_t parts) {
  unsigned parallel = form.parallelRank;
  MLIRContext *context = op.getContext();
  NamedAttrList params;
  params.append("combiner", ReduceKindAttr::get(context, ReduceKind::Sum));
  form.root =
      RootAttr::get(context, RootKind::Reduce, params.getDictionary(context));
  form.extents.truncate(parallel);
  // Dimensions of the sum stand still: neither the epilogue's loads nor the
  // stores move with them.
  auto order = llvm::to_vector(llvm::seq<unsigned>(0, parallel));
  auto overParts = [&](const LinearAccess &access) {
    LinearAccess result = reordered(access, order);
    for (auto &row : result.coefficients)
      row.push_back(0);
    return result;
  };
  form.extents.push_back(parts);
  for (LoadForm &load : form.loads)
    load.access = overParts(load.access);
  for (StoreForm &store : form.stores)
    store.access = overParts(store.access);
  auto numbers = keepLoads(form, loadsOf(op.getEpilogueBlock(), 1));
  LoadForm load;
  load.tensor = partial;
  load.access = prefixed(parallel, form.stores[0].access, parallel + 1);
  form.loads.push_back(load);
  DispatchOp made = form.create(rewriter, op.getLoc(), rootTypesOf(op));
  transfer(rewriter, op.getEpilogueBlock(), made.getEpilogueBlock(), 1,
           numbers);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToEnd(&made.getPrologueBlock());
  YieldOp::create(rewriter, op.getLoc(),
                  ValueRange(made.getPrologueBlock().getArguments().back()));
  return made;
}

DispatchOp visir::splitDepth(RewriterBase &rewriter, DispatchOp op,
                             int64_t parts) {
  auto form = DispatchForm::of(op);
  assert(form && "depthParts admits no other dispatch");
  rewriter.setInsertionPoint(op);
  DispatchOp product = makeParts(rewriter, op, *form, parts);
  DispatchOp sum =
      addUpParts(rewriter, op, *form, product.getResult(0), parts);
  rewriter.replaceOp(op, sum);
  return product;
}
