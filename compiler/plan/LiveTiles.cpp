// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/plan/LiveTiles.h"

#include "compiler/plan/LiveKeys.h"

using namespace mlir;
using namespace visir;

static unsigned rankOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getRank();
}

LiveDomains::LiveDomains(func::FuncOp func) {
  if (!func->hasAttr("visir.symbols"))
    return;
  Operation *end = func.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(end->getOperands())) {
    LiveSizes sizes(rankOf(value));
    if (auto dims = func.getResultAttrOfType<AffineMapAttr>(i, "visir.dims"))
      for (auto [size, expr] :
           llvm::zip_equal(sizes, dims.getValue().getResults()))
        if (!isa<AffineConstantExpr>(expr))
          size = expr;
    demand(value, sizes);
  }
  for (Operation &op : llvm::reverse(func.getBody().front()))
    if (auto dispatch = dyn_cast<DispatchOp>(op))
      visit(dispatch);
}

/// Adds to what is needed of a value.
void LiveDomains::demand(Value value, const LiveSizes &sizes) {
  auto [it, isNew] = demands.try_emplace(value, sizes);
  if (isNew)
    return;
  for (auto [known, size] : llvm::zip_equal(it->second, sizes))
    if (known != size)
      known = AffineExpr();
}

/// The dimension of the domain that a coordinate is, or -1.
static int dimOf(AffineExpr coordinate) {
  auto dim = dyn_cast<AffineDimExpr>(coordinate);
  return dim ? int(dim.getPosition()) : -1;
}

/// Roots whose parallel points do not see each other.
static bool hasFreePoints(RootKind kind) {
  switch (kind) {
  case RootKind::Map:
  case RootKind::Reduce:
  case RootKind::Contract:
  case RootKind::Softmax:
  case RootKind::Norm:
  case RootKind::Attention:
    return true;
  default:
    return false;
  }
}

LiveSizes LiveDomains::domainOf(DispatchOp op) {
  LiveSizes domain(op.getDomainRank());
  if (!hasFreePoints(op.getKind()))
    return domain;
  for (unsigned d = 0; d < op.getParallelRank(); ++d) {
    AffineExpr needed;
    for (auto [j, result] : llvm::enumerate(op.getResults())) {
      AffineExpr size;
      AccessAttr store = op.getStore(j);
      auto known = demands.find(result);
      if (known != demands.end() && store.getIndexAxes().empty())
        for (auto [coordinate, live] :
             llvm::zip_equal(store.getMap().getResults(), known->second))
          if (dimOf(coordinate) == int(d))
            size = live;
      if (!size || (needed && needed != size)) {
        needed = AffineExpr();
        break;
      }
      needed = size;
    }
    domain[d] = needed;
  }
  return domain;
}

void LiveDomains::visit(DispatchOp op) {
  LiveSizes domain = domainOf(op);
  domains[op] = domain;
  if (AffineExpr size = liveKeysOf(op))
    domain[*keyDim(op)] = size;
  // Indices must be right wherever a kernel may read them.
  llvm::SmallDenseSet<int64_t> indices;
  for (unsigned i = 0; i < op.getInputs().size(); ++i)
    indices.insert_range(op.getLoad(i).getIndexLoads());
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    LiveSizes sizes(rankOf(input));
    AccessAttr load = op.getLoad(i);
    if (!indices.contains(i))
      for (auto [axis, coordinate] :
           llvm::enumerate(load.getMap().getResults()))
        if (int dim = dimOf(coordinate);
            dim >= 0 && !llvm::is_contained(load.getIndexAxes(), axis))
          sizes[axis] = domain[dim];
    demand(input, sizes);
  }
  for (auto [j, tie] : llvm::enumerate(op.getTies()))
    if (tie >= 0)
      demand(op.getInputs()[tie], LiveSizes(rankOf(op.getInputs()[tie])));
}
