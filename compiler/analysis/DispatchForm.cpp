// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/DispatchForm.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace visir;

bool LoadForm::operator==(const LoadForm &other) const {
  return tensor == other.tensor && access == other.access &&
         padded == other.padded && fillValue() == other.fillValue() &&
         indexAxes == other.indexAxes && indexLoads == other.indexLoads &&
         norm == other.norm;
}

/// The access without dimensions of size 1, so that equal accesses look
/// equal.
static std::optional<LinearAccess> normalAccess(AffineMap map,
                                                ArrayRef<int64_t> extents) {
  auto access = LinearAccess::fromMap(map);
  if (access)
    for (auto &row : access->coefficients)
      for (unsigned i = 0; i < extents.size(); ++i)
        if (extents[i] == 1)
          row[i] = 0;
  return access;
}

std::optional<DispatchForm> DispatchForm::of(DispatchOp op) {
  if (op.getConfig())
    return std::nullopt;
  DispatchForm form;
  form.root = op.getRoot();
  form.extents.assign(op.getExtents().begin(), op.getExtents().end());
  form.parallelRank = op.getParallelRank();
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    AccessAttr attr = op.getLoad(i);
    auto access = normalAccess(attr.getMap(), form.extents);
    if (!access)
      return std::nullopt;
    form.loads.push_back({input, *access, attr.getPadded(), attr.getFill(),
                          llvm::to_vector(attr.getIndexAxes()),
                          llvm::to_vector(attr.getIndexLoads()),
                          attr.getNorm()});
  }
  for (auto [i, result] : llvm::enumerate(op.getResults())) {
    AccessAttr attr = op.getStore(i);
    if (attr.getMap().getNumSymbols())
      return std::nullopt;
    auto access = normalAccess(attr.getMap(), form.extents);
    if (!access)
      return std::nullopt;
    form.stores.push_back({cast<RankedTensorType>(result.getType()), *access,
                           op.getTies()[i],
                           llvm::to_vector(attr.getIndexAxes()),
                           llvm::to_vector(attr.getIndexLoads()),
                           attr.getSum()});
  }
  return form;
}

void DispatchForm::refine(const DimFactors &factors) {
  int64_t parallel = 0;
  for (int64_t i = 0; i < parallelRank; ++i)
    parallel += factors[i].size();
  for (LoadForm &load : loads)
    load.access = refineAccess(load.access, factors);
  for (StoreForm &store : stores)
    store.access = refineAccess(store.access, factors);
  extents = refineSizes(factors);
  parallelRank = parallel;
}

bool DispatchForm::maySplit(const DimFactors &factors) const {
  // The first dimension that must stay whole.
  int64_t fixed = factors.size();
  switch (root.getKind()) {
  case RootKind::Attention:
    fixed = parallelRank - 2;
    break;
  case RootKind::ArgReduce:
  case RootKind::Scan:
  case RootKind::TopK:
    fixed = parallelRank;
    break;
  case RootKind::GridSample:
    fixed = 0;
    break;
  default:
    break;
  }
  for (int64_t i = fixed, e = factors.size(); i < e; ++i)
    if (factors[i].size() != 1)
      return false;
  return true;
}

unsigned DispatchForm::addLoad(const LoadForm &load) {
  for (auto [i, known] : llvm::enumerate(loads))
    if (known == load)
      return i;
  loads.push_back(load);
  return loads.size() - 1;
}

SmallVector<unsigned> DispatchForm::loadsOf(Value tensor) const {
  SmallVector<unsigned> numbers;
  for (auto [i, load] : llvm::enumerate(loads))
    if (load.tensor == tensor)
      numbers.push_back(i);
  return numbers;
}

bool DispatchForm::isIndex(unsigned load) const {
  auto names = [&](const auto &access) {
    return llvm::is_contained(access.indexLoads, int64_t(load));
  };
  return llvm::any_of(loads, names) || llvm::any_of(stores, names);
}

SmallVector<int64_t> DispatchForm::takeLoads(const DispatchForm &from,
                                             const LinearAccess &points,
                                             ArrayRef<unsigned> skip) {
  SmallVector<int64_t> numbers(from.loads.size(), -1);
  // Index loads come first, so that what they index can name them.
  auto take = [&](unsigned i) {
    LoadForm load = from.loads[i];
    load.access = composeAccess(load.access, points);
    for (int64_t &index : load.indexLoads)
      index = numbers[index];
    numbers[i] = addLoad(load);
  };
  for (bool indexed : {false, true})
    for (unsigned i = 0; i < from.loads.size(); ++i)
      if (!llvm::is_contained(skip, i) &&
          !from.loads[i].indexAxes.empty() == indexed)
        take(i);
  return numbers;
}

DispatchOp DispatchForm::create(OpBuilder &builder, Location loc,
                                TypeRange rootTypes) const {
  MLIRContext *context = builder.getContext();
  SmallVector<Value> inputs;
  SmallVector<Attribute> loadAttrs, storeAttrs;
  SmallVector<Type> results, scalars;
  SmallVector<int64_t> ties;
  for (const LoadForm &load : loads) {
    inputs.push_back(load.tensor);
    loadAttrs.push_back(AccessAttr::get(
        context, load.access.toMap(context, extents.size()), load.padded,
        load.fill, load.indexAxes, load.indexLoads, load.norm, false));
    Type element =
        cast<RankedTensorType>(load.tensor.getType()).getElementType();
    if (auto integer = dyn_cast<IntegerType>(element))
      element = builder.getIntegerType(integer.getWidth());
    scalars.push_back(element);
  }
  for (const StoreForm &store : stores) {
    results.push_back(store.type);
    ties.push_back(store.tie);
    storeAttrs.push_back(AccessAttr::get(
        context, store.access.toMap(context, extents.size()), false,
        FloatAttr(), store.indexAxes, store.indexLoads, DictionaryAttr(),
        store.sum));
  }
  auto op = DispatchOp::create(
      builder, loc, results, inputs, root, extents, parallelRank,
      builder.getArrayAttr(loadAttrs), builder.getArrayAttr(storeAttrs), ties,
      DictionaryAttr());
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Location> locations(scalars.size(), loc);
  builder.createBlock(&op.getPrologue(), {}, scalars, locations);
  SmallVector<Type> epilogue(rootTypes.begin(), rootTypes.end());
  epilogue.append(scalars);
  locations.resize(epilogue.size(), loc);
  builder.createBlock(&op.getEpilogue(), {}, epilogue, locations);
  return op;
}

std::optional<SmallVector<unsigned>>
visir::digitOrder(ArrayRef<int64_t> sizes, const LinearAccess &access,
                  ArrayRef<int64_t> shape) {
  if (llvm::is_contained(sizes, 0) || llvm::is_contained(shape, 0))
    return std::nullopt;
  SmallVector<int64_t> strides(sizes.size(), 0);
  int64_t row = 1;
  for (unsigned j = shape.size(); j-- > 0;) {
    if (access.offsets[j] != 0)
      return std::nullopt;
    for (unsigned i = 0; i < sizes.size(); ++i)
      strides[i] += access.coefficients[j][i] * row;
    row *= shape[j];
  }
  SmallVector<unsigned> order;
  for (unsigned i = 0; i < sizes.size(); ++i)
    if (sizes[i] != 1)
      order.push_back(i);
  llvm::stable_sort(
      order, [&](unsigned a, unsigned b) { return strides[a] > strides[b]; });
  int64_t expected = 1;
  for (unsigned i : llvm::reverse(order)) {
    if (strides[i] != expected)
      return std::nullopt;
    expected *= sizes[i];
  }
  if (expected != row)
    return std::nullopt;
  return order;
}

LinearAccess visir::composeAccess(const LinearAccess &outer,
                                  const LinearAccess &inner) {
  unsigned domain =
      inner.coefficients.empty() ? 0 : inner.coefficients.front().size();
  LinearAccess result = LinearAccess::zero(outer.rank(), domain);
  for (unsigned j = 0; j < outer.rank(); ++j) {
    result.offsets[j] = outer.offsets[j];
    for (unsigned i = 0; i < inner.rank(); ++i) {
      int64_t factor = outer.coefficients[j][i];
      result.offsets[j] += factor * inner.offsets[i];
      for (unsigned d = 0; d < domain; ++d)
        result.coefficients[j][d] += factor * inner.coefficients[i][d];
    }
  }
  return result;
}

static void flatten(Location loc, llvm::SetVector<Location> &parts) {
  if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      flatten(part, parts);
    return;
  }
  parts.insert(loc);
}

Location visir::fuseLocations(Location a, Location b) {
  llvm::SetVector<Location> parts;
  flatten(a, parts);
  flatten(b, parts);
  return FusedLoc::get(a.getContext(), parts.getArrayRef());
}

bool visir::isCopy(DispatchOp op) {
  if (op.getKind() != RootKind::Map || op.getNumResults() != 1)
    return false;
  auto yield = cast<YieldOp>(op.getEpilogueBlock().getTerminator());
  auto argument = dyn_cast<BlockArgument>(yield.getValues().front());
  if (!argument || argument.getOwner() != &op.getEpilogueBlock())
    return false;
  // Besides the load there may be the tensor that the store is tied to.
  int64_t tie = op.getTies().front();
  return op.getInputs().size() == (tie >= 0 ? 2u : 1u) &&
         int64_t(argument.getArgNumber()) != tie;
}

std::optional<DomainPoints>
visir::ontoDomain(ArrayRef<int64_t> extents,
                                        const LinearAccess &access,
                                        ArrayRef<int64_t> shape,
                                        ArrayRef<int64_t> sizes,
                                        const LinearAccess &store) {
  auto order = digitOrder(sizes, store, shape);
  if (!order)
    return std::nullopt;
  SmallVector<int64_t> digits;
  for (unsigned dim : *order)
    digits.push_back(sizes[dim]);
  auto reshaped = composeReshape(extents, access, shape, digits);
  if (!reshaped)
    return std::nullopt;
  unsigned domain = refineSizes(reshaped->factors).size();
  DomainPoints result{reshaped->factors, LinearAccess::zero(sizes.size(), domain)};
  for (auto [i, dim] : llvm::enumerate(*order)) {
    result.points.coefficients[dim] = reshaped->access.coefficients[i];
    result.points.offsets[dim] = reshaped->access.offsets[i];
  }
  return result;
}

SmallVector<Value> visir::clonePayloadOps(OpBuilder &builder, Block &payload,
                                          IRMapping &mapping) {
  for (Operation &op : payload.without_terminator())
    builder.clone(op, mapping);
  SmallVector<Value> values;
  for (Value value : payload.getTerminator()->getOperands())
    values.push_back(mapping.lookupOrDefault(value));
  return values;
}

SmallVector<unsigned> visir::loadsBehind(Value value, unsigned firstLoad) {
  llvm::SetVector<Value> values;
  values.insert(value);
  SmallVector<unsigned> loads;
  for (size_t i = 0; i < values.size(); ++i) {
    if (Operation *op = values[i].getDefiningOp()) {
      values.insert(op->operand_begin(), op->operand_end());
      continue;
    }
    unsigned number = cast<BlockArgument>(values[i]).getArgNumber();
    if (number >= firstLoad)
      loads.push_back(number - firstLoad);
  }
  llvm::sort(loads);
  return loads;
}

SmallVector<Type> visir::rootTypesOf(DispatchOp op) {
  SmallVector<Type> types;
  for (unsigned i = 0; i < op.getRootResultCount(); ++i)
    types.push_back(op.getEpilogueBlock().getArgument(i).getType());
  return types;
}

bool visir::readersFollow(DispatchOp op, Operation *position,
                          Operation *except) {
  for (Operation *user : op->getUsers())
    if (user != except && !position->isBeforeInBlock(user))
      return false;
  return true;
}

bool visir::isSum(DispatchOp op) {
  auto kind = dyn_cast_if_present<ReduceKindAttr>(op.getRootParam("combiner"));
  return op.getKind() == RootKind::Reduce && kind &&
         kind.getValue() == ReduceKind::Sum;
}
