// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/SplitForms.h"

#include "compiler/analysis/DispatchForm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace visir;

bool visir::hasNorm(DispatchOp op) {
  return llvm::any_of(op.getLoads(), [](Attribute access) {
    return bool(cast<AccessAttr>(access).getNorm());
  });
}

bool visir::hasSums(DispatchOp op) {
  return llvm::any_of(op.getStores(), [](Attribute access) {
    return cast<AccessAttr>(access).getSum();
  });
}

static std::optional<unsigned> normalisedLoad(DispatchOp op, Value operand) {
  for (unsigned load : loadsBehind(operand))
    if (op.getLoad(load).getNorm())
      return load;
  return std::nullopt;
}

/// A load, or one converted.
static bool isPlainOperand(Value operand) {
  Operation *op = operand.getDefiningOp();
  if (!op)
    return true;
  return isa<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp>(op) &&
         isa<BlockArgument>(op->getOperand(0));
}

std::optional<unsigned> visir::computedOperand(DispatchOp op) {
  if (op.getKind() != RootKind::Contract)
    return std::nullopt;
  ValueRange operands = op.getPrologueBlock().getTerminator()->getOperands();
  for (auto [i, operand] : llvm::enumerate(operands))
    if (normalisedLoad(op, operand))
      return i;
  for (auto [i, operand] : llvm::enumerate(operands))
    if (!isPlainOperand(operand))
      return i;
  return std::nullopt;
}

/// Clones a payload but for its operand `replaced`, which becomes `value` or
/// its extension.
static void transfer(OpBuilder &builder, Block &from, Block &to,
                     IRMapping &mapping, int replaced, Value value) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&to);
  SmallVector<Value> values = clonePayloadOps(builder, from, mapping);
  if (replaced >= 0)
  {
    Type type = values[replaced].getType();
    Location loc = from.getParentOp()->getLoc();
    values[replaced] =
        value.getType() == type
            ? value
            : arith::ExtFOp::create(builder, loc, type, value).getResult();
  }
  YieldOp::create(builder, from.getParentOp()->getLoc(), values);
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(to)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// Builds the dispatch again without the loads that nothing uses.
static DispatchOp dropUnusedLoads(RewriterBase &rewriter, DispatchOp op) {
  auto form = DispatchForm::of(op);
  unsigned roots = op.getRootResultCount(), count = form->loads.size();
  SmallVector<int64_t> numbers(count, -1);
  std::vector<LoadForm> loads;
  for (unsigned i = 0; i < count; ++i) {
    bool used = !op.getPrologueBlock().getArgument(i).use_empty() ||
                !op.getEpilogueBlock().getArgument(roots + i).use_empty();
    if (!used && !form->isTied(i) && !form->isIndex(i))
      continue;
    numbers[i] = loads.size();
    loads.push_back(form->loads[i]);
  }
  if (loads.size() == count)
    return op;
  for (LoadForm &load : loads)
    for (int64_t &index : load.indexLoads)
      index = numbers[index];
  for (StoreForm &store : form->stores) {
    for (int64_t &index : store.indexLoads)
      index = numbers[index];
    if (store.tie >= 0)
      store.tie = numbers[store.tie];
  }
  form->loads = loads;
  rewriter.setInsertionPoint(op);
  DispatchOp result = form->create(rewriter, op.getLoc(), rootTypesOf(op));
  auto copy = [&](Block &from, Block &to, unsigned skip) {
    IRMapping mapping;
    for (unsigned i = 0; i < skip; ++i)
      mapping.map(from.getArgument(i), to.getArgument(i));
    for (unsigned i = 0; i < count; ++i)
      if (numbers[i] >= 0)
        mapping.map(from.getArgument(skip + i),
                    to.getArgument(skip + numbers[i]));
    transfer(rewriter, from, to, mapping, -1, Value());
  };
  copy(op.getPrologueBlock(), result.getPrologueBlock(), 0);
  copy(op.getEpilogueBlock(), result.getEpilogueBlock(), roots);
  rewriter.replaceOp(op, result);
  return result;
}

/// The access over the dimensions `dims` of its domain; others stand still.
static LinearAccess restricted(const LinearAccess &access,
                               ArrayRef<unsigned> dims) {
  LinearAccess result = LinearAccess::zero(access.rank(), dims.size());
  result.offsets = access.offsets;
  for (unsigned j = 0; j < access.rank(); ++j)
    for (auto [i, d] : llvm::enumerate(dims))
      result.coefficients[j][i] = access.coefficients[j][d];
  return result;
}

/// Coordinate i is dimension dims[i].
static LinearAccess selection(ArrayRef<unsigned> dims, unsigned rank) {
  LinearAccess access = LinearAccess::zero(dims.size(), rank);
  for (auto [i, d] : llvm::enumerate(dims))
    access.coefficients[i][d] = 1;
  return access;
}

/// The loads that a value of the prologue depends on and those that index them.
static SmallVector<unsigned> loadsOf(const DispatchForm &form, Value value) {
  SmallVector<unsigned> loads = loadsBehind(value);
  for (size_t i = 0; i < loads.size(); ++i)
    for (int64_t index : form.loads[loads[i]].indexLoads)
      if (!llvm::is_contained(loads, unsigned(index)))
        loads.push_back(unsigned(index));
  return loads;
}

/// What a dispatch of its own stores of an operand: what it is extended from.
static Value storedOf(Value operand) {
  auto extension = operand.getDefiningOp<arith::ExtFOp>();
  return extension ? extension.getIn() : operand;
}

/// The norm or map that computes the operand, over the dimensions `dims` of
/// the product's domain.
static DispatchOp makeOperand(RewriterBase &rewriter, DispatchOp op,
                              const DispatchForm &product, unsigned operand,
                              ArrayRef<unsigned> dims) {
  Value value =
      storedOf(op.getPrologueBlock().getTerminator()->getOperand(operand));
  std::optional<unsigned> normal = normalisedLoad(op, value);
  MLIRContext *context = op.getContext();
  DispatchForm form;
  form.root = RootAttr::get(context, RootKind::Map, DictionaryAttr());
  for (unsigned d : dims) {
    form.extents.push_back(product.extents[d]);
    form.parallelRank += !normal || int64_t(d) < product.parallelRank;
  }
  if (normal)
    form.root =
        RootAttr::get(context, RootKind::Norm, product.loads[*normal].norm);
  SmallVector<unsigned> loads = loadsOf(product, value);
  for (unsigned load : loads) {
    form.loads.push_back(product.loads[load]);
    for (int64_t &index : form.loads.back().indexLoads)
      index = llvm::find(loads, unsigned(index)) - loads.begin();
    form.loads.back().access = restricted(product.loads[load].access, dims);
    form.loads.back().norm = {};
  }
  StoreForm store;
  store.type = RankedTensorType::get(form.extents, value.getType());
  store.access = LinearAccess::identity(dims.size());
  form.stores.push_back(store);
  SmallVector<Type> roots;
  if (normal)
    roots.push_back(op.getPrologueBlock().getArgument(*normal).getType());
  DispatchOp result = form.create(rewriter, op.getLoc(), roots);
  OpBuilder::InsertionGuard guard(rewriter);
  Block &prologue = result.getPrologueBlock();
  Block &epilogue = result.getEpilogueBlock();
  rewriter.setInsertionPointToEnd(&prologue);
  IRMapping mapping;
  SmallVector<Value> row;
  for (auto [i, load] : llvm::enumerate(loads)) {
    Value argument = epilogue.getArgument(roots.size() + i);
    if (normal == load) {
      row.push_back(prologue.getArgument(i));
      argument = epilogue.getArgument(0);
    }
    mapping.map(op.getPrologueBlock().getArgument(load), argument);
  }
  YieldOp::create(rewriter, op.getLoc(), row);
  rewriter.setInsertionPointToEnd(&epilogue);
  for (Operation &inner : op.getPrologueBlock().without_terminator())
    if (llvm::all_of(inner.getOperands(),
                     [&](Value x) { return mapping.contains(x); }))
      rewriter.clone(inner, mapping);
  YieldOp::create(rewriter, op.getLoc(), mapping.lookup(value));
  for (Operation &inner : llvm::make_early_inc_range(llvm::reverse(epilogue)))
    if (isOpTriviallyDead(&inner))
      inner.erase();
  return result;
}

DispatchOp visir::splitOperand(RewriterBase &rewriter, DispatchOp op,
                               unsigned operand) {
  auto form = DispatchForm::of(op);
  assert(form && "a product's accesses are linear and it has no config");
  Value value = op.getPrologueBlock().getTerminator()->getOperand(operand);
  SmallVector<unsigned> dims;
  for (unsigned d = 0; d < form->extents.size(); ++d)
    if (llvm::any_of(loadsOf(*form, value), [&](unsigned load) {
          return llvm::any_of(form->loads[load].access.coefficients,
                              [&](ArrayRef<int64_t> row) { return row[d]; });
        }))
      dims.push_back(d);
  rewriter.setInsertionPoint(op);
  DispatchOp made = makeOperand(rewriter, op, *form, operand, dims);
  LoadForm load;
  load.tensor = made.getResult(0);
  load.access = selection(dims, form->extents.size());
  form->loads.push_back(load);
  DispatchOp result = form->create(rewriter, op.getLoc(), rootTypesOf(op));
  IRMapping before, after;
  for (auto [from, to] : llvm::zip(op.getPrologueBlock().getArguments(),
                                   result.getPrologueBlock().getArguments()))
    before.map(from, to);
  for (auto [from, to] : llvm::zip(op.getEpilogueBlock().getArguments(),
                                   result.getEpilogueBlock().getArguments()))
    after.map(from, to);
  transfer(rewriter, op.getPrologueBlock(), result.getPrologueBlock(), before,
           operand, result.getPrologueBlock().getArguments().back());
  transfer(rewriter, op.getEpilogueBlock(), result.getEpilogueBlock(), after,
           -1, Value());
  rewriter.replaceOp(op, result);
  return dropUnusedLoads(rewriter, result);
}

/// The store that keeps the values that store `sum` adds up, or -1.
static int storeOfSame(DispatchOp op, unsigned sum) {
  ValueRange values = op.getEpilogueBlock().getTerminator()->getOperands();
  for (unsigned i = 0; i < values.size(); ++i)
    if (values[i] == values[sum] && !op.getStore(i).getSum() &&
        op.getStore(i).getIndexAxes().empty() &&
        cast<RankedTensorType>(op.getResult(i).getType()).getElementType() ==
            values[sum].getType())
      return int(i);
  return -1;
}

/// The reduction that adds up what `values` has at the points of the domain
/// through `access`.
static Value addUp(RewriterBase &rewriter, DispatchOp op,
                   const DispatchForm &from, const StoreForm &sum, Value values,
                   const LinearAccess &access) {
  SmallVector<unsigned> dims, summed;
  for (unsigned d = 0; d < from.parallelRank; ++d) {
    bool kept =
        llvm::any_of(sum.access.coefficients,
                     [&](ArrayRef<int64_t> row) { return row[d] != 0; });
    (kept ? dims : summed).push_back(d);
  }
  MLIRContext *context = op.getContext();
  NamedAttrList params;
  params.append("combiner", ReduceKindAttr::get(context, ReduceKind::Sum));
  DispatchForm form;
  form.root =
      RootAttr::get(context, RootKind::Reduce, params.getDictionary(context));
  form.parallelRank = dims.size();
  dims.append(summed);
  for (unsigned d : dims)
    form.extents.push_back(from.extents[d]);
  LoadForm load;
  load.tensor = values;
  load.access = restricted(access, dims);
  form.loads.push_back(load);
  StoreForm store = sum;
  store.access = restricted(sum.access, dims);
  store.sum = false;
  form.stores.push_back(store);
  DispatchOp result =
      form.create(rewriter, op.getLoc(), sum.type.getElementType());
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToEnd(&result.getPrologueBlock());
  YieldOp::create(rewriter, op.getLoc(),
                  ValueRange(result.getPrologueBlock().getArgument(0)));
  rewriter.setInsertionPointToEnd(&result.getEpilogueBlock());
  YieldOp::create(rewriter, op.getLoc(),
                  ValueRange(result.getEpilogueBlock().getArgument(0)));
  return result.getResult(0);
}

DispatchOp visir::splitSums(RewriterBase &rewriter, DispatchOp op) {
  auto old = DispatchForm::of(op);
  assert(old && "a dispatch with sums has linear accesses and no config");
  DispatchForm form = *old;
  // Where the values that a sum adds up are kept: a store of its own takes
  // the sum's place unless they are stored already.
  SmallVector<int> place(form.stores.size(), -1), same(form.stores.size(), -1);
  form.stores.clear();
  for (auto [i, store] : llvm::enumerate(old->stores)) {
    StoreForm kept = store;
    if (store.sum) {
      same[i] = storeOfSame(op, i);
      if (same[i] >= 0)
        continue;
      auto points = llvm::to_vector(llvm::seq<unsigned>(0, old->parallelRank));
      kept = StoreForm();
      kept.type = RankedTensorType::get(
          ArrayRef<int64_t>(old->extents).take_front(old->parallelRank),
          store.type.getElementType());
      kept.access = selection(points, old->extents.size());
    }
    place[i] = int(form.stores.size());
    form.stores.push_back(kept);
  }
  rewriter.setInsertionPoint(op);
  DispatchOp result = form.create(rewriter, op.getLoc(), rootTypesOf(op));
  IRMapping before, after;
  before.map(op.getPrologueBlock().getArguments(),
             result.getPrologueBlock().getArguments());
  after.map(op.getEpilogueBlock().getArguments(),
            result.getEpilogueBlock().getArguments());
  transfer(rewriter, op.getPrologueBlock(), result.getPrologueBlock(), before,
           -1, Value());
  {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToEnd(&result.getEpilogueBlock());
    auto values = clonePayloadOps(rewriter, op.getEpilogueBlock(), after);
    SmallVector<Value> kept(form.stores.size());
    for (auto [i, value] : llvm::enumerate(values))
      if (place[i] >= 0)
        kept[place[i]] = value;
    YieldOp::create(rewriter, op.getLoc(), kept);
  }
  SmallVector<Value> replacements;
  for (auto [i, store] : llvm::enumerate(old->stores)) {
    if (!store.sum) {
      replacements.push_back(result.getResult(place[i]));
      continue;
    }
    int from = same[i] >= 0 ? place[same[i]] : place[i];
    replacements.push_back(addUp(rewriter, op, *old, store,
                                 result.getResult(from),
                                 form.stores[from].access));
  }
  rewriter.replaceOp(op, replacements);
  return result;
}

void visir::splitForms(func::FuncOp func) {
  IRRewriter rewriter(func.getContext());
  for (DispatchOp op : llvm::to_vector(func.getOps<DispatchOp>())) {
    if (hasSums(op))
      op = splitSums(rewriter, op);
    while (hasNorm(op))
      op = splitOperand(rewriter, op, *computedOperand(op));
  }
}
