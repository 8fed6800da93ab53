// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/contraction/Packing.h"

#include "targets/cpu/codegen/contraction/Classify.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

namespace {

/// The logical dimensions of a weight by what its access moves them with.
struct WeightDims {
  SmallVector<int64_t> fixed, parallel;
  SmallVector<std::pair<unsigned, int64_t>> reduction; ///< domain dim, dim
  int64_t vector = -1;
};

} // namespace

/// Sorts the dimensions; nothing if a coordinate mixes the two kinds.
static std::optional<WeightDims> weightDims(DispatchOp op, unsigned operand,
                                            ArrayRef<unsigned> vectorDims) {
  WeightDims result;
  AffineMap map = op.getLoad(operand).getMap();
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    bool parallel = false, vector = false;
    int reduction = -1;
    for (unsigned dim = 0; dim < map.getNumDims(); ++dim) {
      if (!expr.isFunctionOfDim(dim))
        continue;
      if (dim >= op.getParallelRank())
        reduction = int(dim);
      else
        parallel = true;
      vector |= llvm::is_contained(vectorDims, dim);
    }
    if (parallel && reduction >= 0)
      return std::nullopt;
    if (vector && result.vector >= 0)
      return std::nullopt;
    if (vector)
      result.vector = i;
    else if (parallel)
      result.parallel.push_back(i);
    else if (reduction >= 0)
      result.reduction.push_back({unsigned(reduction), int64_t(i)});
    else
      result.fixed.push_back(i);
  }
  llvm::sort(result.reduction);
  if (result.vector < 0)
    return std::nullopt;
  return result;
}

/// Channels last, the kernel's window before them.
static LayoutAttr channelsFastest(DispatchOp op, const WeightDims &dims) {
  SmallVector<int64_t> order(dims.fixed);
  llvm::append_range(order, dims.parallel);
  for (auto [domain, dim] : dims.reduction)
    order.push_back(dim);
  order.push_back(dims.vector);
  return LayoutAttr::get(op.getContext(), order, {}, {});
}

static LayoutAttr panels(DispatchOp op, const WeightDims &dims) {
  SmallVector<int64_t> order(dims.fixed);
  llvm::append_range(order, dims.parallel);
  order.push_back(dims.vector);
  for (auto [domain, dim] : dims.reduction)
    order.push_back(dim);
  return LayoutAttr::get(op.getContext(), order, {dims.vector}, {kPanelWidth});
}

static bool isIdentity(LayoutAttr layout) {
  for (auto [i, dim] : llvm::enumerate(layout.getOrder()))
    if (dim != int64_t(i))
      return false;
  return layout.getTileDims().empty();
}

/// Weights of a depthwise window: the loop with unit stride in the first
/// store becomes the fastest.
static LayoutAttr depthwiseLayout(DispatchOp op, unsigned operand) {
  FailureOr<FlatNest> nest = FlatNest::of(op);
  if (failed(nest) || nest->stores().empty())
    return {};
  for (auto [i, loop] : llvm::enumerate(nest->loops)) {
    if (loop.reduction || nest->stores()[0].strides[i] != 1)
      continue;
    std::optional<WeightDims> dims = weightDims(op, operand, loop.dims);
    if (!dims || dims->reduction.empty())
      return {};
    LayoutAttr layout = channelsFastest(op, *dims);
    return isIdentity(layout) ? LayoutAttr() : layout;
  }
  return {};
}

LayoutAttr cpu::packedWeightLayout(DispatchOp op, unsigned operand,
                                   const CpuSpec &spec) {
  if (op.getKind() == RootKind::Reduce)
    return depthwiseLayout(op, operand);
  if (op.getKind() != RootKind::Contract)
    return {};
  std::string reason;
  FailureOr<Contraction> plain = classify(op, spec, reason);
  if (failed(plain) || plain->vectorLoad != operand)
    return {};
  auto loop = plain->nest.loops[plain->vectorLoop];
  std::optional<WeightDims> dims = weightDims(op, operand, loop.dims);
  if (!dims)
    return {};
  // A layout serves if the kernel then reads whole vectors.
  auto serves = [&](LayoutAttr layout) {
    FailureOr<Contraction> packed =
        classify(op, spec, reason, {int(operand), layout});
    return succeeded(packed) && packed->vectorLoad == operand &&
           !packed->packVector;
  };
  if (loop.extent >= kPanelWidth / 2 && serves(panels(op, *dims)))
    return panels(op, *dims);
  LayoutAttr layout = channelsFastest(op, *dims);
  if (!isIdentity(layout) && serves(layout))
    return layout;
  return {};
}
