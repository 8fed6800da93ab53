// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/layout/LayOut.h"

#include "compiler/analysis/DispatchForm.h"
#include "compiler/support/Constants.h"
#include "targets/common/Layout.h"
#include "targets/common/SplitForms.h"
#include "targets/cpu/codegen/Tiled.h"
#include "targets/cpu/codegen/binary/BitProduct.h"
#include "targets/cpu/codegen/contraction/Emit.h"
#include "targets/cpu/codegen/contraction/Packing.h"
#include "targets/cpu/codegen/contraction/Prepare.h"

#include "mlir/Analysis/FlatLinearValueConstraints.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// coefficients[coordinate][domain dimension] of a linear map.
static SmallVector<SmallVector<int64_t>> coefficientsOf(AffineMap map) {
  SmallVector<SmallVector<int64_t>> rows;
  for (AffineExpr expr : map.getResults()) {
    SmallVector<int64_t> flat;
    if (failed(getFlattenedAffineExpr(expr, map.getNumDims(),
                                      map.getNumSymbols(), &flat)))
      flat.assign(map.getNumDims() + map.getNumSymbols() + 1, 0);
    flat.resize(map.getNumDims());
    rows.push_back(std::move(flat));
  }
  return rows;
}

/// The order of a tensor's dimensions by the rank of the domain dimensions
/// that move them; `rank[d]` is larger for faster dimensions.
static SmallVector<int64_t> orderByRank(AffineMap map,
                                        ArrayRef<int64_t> shape,
                                        ArrayRef<int64_t> rank) {
  auto rows = coefficientsOf(map);
  SmallVector<int64_t> key(shape.size(), -1);
  for (auto [i, row] : llvm::enumerate(rows))
    for (auto [d, coefficient] : llvm::enumerate(row))
      if (coefficient != 0)
        key[i] = std::max(key[i], rank[d]);
  // A dimension that nothing moves stays behind its left neighbour.
  for (size_t i = 1; i < key.size(); ++i)
    if (key[i] < 0)
      key[i] = key[i - 1];
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  llvm::stable_sort(order,
                    [&](int64_t a, int64_t b) { return key[a] < key[b]; });
  return order;
}

static bool isRowMajor(ArrayRef<int64_t> order) {
  return llvm::is_sorted(order);
}

static RankedTensorType withOrder(RankedTensorType type,
                                  ArrayRef<int64_t> order) {
  if (isRowMajor(order))
    return RankedTensorType::get(type.getShape(), type.getElementType());
  auto layout = LayoutAttr::get(type.getContext(), order, {}, {});
  return RankedTensorType::get(type.getShape(), type.getElementType(),
                               layout);
}

/// Whether the domain's own order says what should lie side by side; other
/// roots follow what they read.
static bool leadsLayout(DispatchOp op) {
  switch (op.getKind()) {
  case RootKind::Contract:
  case RootKind::Reduce:
  case RootKind::Attention:
    return true;
  default:
    return false;
  }
}

namespace {

class LayOut {
public:
  LayOut(func::FuncOp func, const CpuSpec &spec,
         const LayoutOptions &options)
      : func(func), spec(spec), options(options) {}

  LogicalResult run() {
    for (auto op : func.getOps<DispatchOp>())
      layOutResults(op);
    chooseWinograd(llvm::to_vector(func.getOps<DispatchOp>()), spec,
                   options.winograd);
    splitBehindFiltering();
    for (auto op : func.getOps<DispatchOp>())
      packOperands(op);
    splitForms();
    eraseUnusedConstants();
    for (auto op : func.getOps<DispatchOp>())
      if (failed(chooseConfig(op, spec)))
        return failure();
    return success();
  }

private:
  SmallVector<int64_t> domainRanks(DispatchOp op);
  void layOutResults(DispatchOp op);
  void packOperands(DispatchOp op);
  void splitBehindFiltering();
  void splitForms();
  void setLayout(DispatchOp op, unsigned operand, RankedTensorType type);
  void eraseUnusedConstants();
  bool isReturned(Value value);

  func::FuncOp func;
  const CpuSpec &spec;
  const LayoutOptions &options;
  llvm::DenseMap<std::pair<Value, Type>, Value> packed;
};

} // namespace

/// Elements in memory between neighbours along each dimension of the domain;
/// empty unless the load moves with every dimension.
static SmallVector<int64_t> stridesOfLoad(DispatchOp op, unsigned load) {
  unsigned count = op.getDomainRank();
  auto type = cast<RankedTensorType>(op.getInputs()[load].getType());
  Placement placement = placementOf(type);
  auto rows = coefficientsOf(op.getLoad(load).getMap());
  SmallVector<int64_t> strides(count, 0);
  for (auto [i, row] : llvm::enumerate(rows))
    for (unsigned d = 0; d < count; ++d)
      strides[d] += std::abs(row[d] * placement.dims[i].stride);
  for (auto [stride, extent] : llvm::zip_equal(strides, op.getExtents()))
    if (stride == 0 && extent != 1)
      return {};
  return strides;
}

/// How fast each dimension of the domain moves: its place, or for roots that
/// follow, its place among the strides of the first tensor that is read at
/// every point of its own.
SmallVector<int64_t> LayOut::domainRanks(DispatchOp op) {
  unsigned count = op.getDomainRank();
  auto ranks = llvm::to_vector(llvm::seq<int64_t>(0, count));
  if (leadsLayout(op))
    return ranks;
  SmallVector<int64_t> strides;
  for (unsigned i = 0; i < op.getInputs().size() && strides.empty(); ++i)
    if (!constantOf(op.getInputs()[i]) &&
        !llvm::is_contained(op.getTies(), int64_t(i)) &&
        op.getLoad(i).getIndexAxes().empty())
      strides = stridesOfLoad(op, i);
  if (strides.empty())
    return ranks;
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, count));
  llvm::stable_sort(order, [&](int64_t a, int64_t b) {
    return strides[a] > strides[b];
  });
  for (auto [place, dim] : llvm::enumerate(order))
    ranks[dim] = place;
  return ranks;
}

bool LayOut::isReturned(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    return isa<func::ReturnOp>(user);
  });
}

/// The last value of the chain of dispatches that write one tensor.
static Value endOfChain(Value value) {
  while (true) {
    Value next;
    for (OpOperand &use : value.getUses())
      if (auto op = dyn_cast<DispatchOp>(use.getOwner()))
        for (auto [i, tie] : llvm::enumerate(op.getTies()))
          if (tie == int64_t(use.getOperandNumber()))
            next = op.getResult(i);
    if (!next)
      return value;
    value = next;
  }
}

void LayOut::layOutResults(DispatchOp op) {
  SmallVector<int64_t> ranks = domainRanks(op);
  for (auto [i, result] : llvm::enumerate(op.getResults())) {
    auto type = cast<RankedTensorType>(result.getType());
    int64_t tie = op.getTies()[i];
    Value start = tie >= 0 ? op.getInputs()[tie] : Value();
    auto empty = start ? start.getDefiningOp<EmptyOp>() : EmptyOp();
    if (start && !empty) {
      result.setType(start.getType());
      continue;
    }
    if (op.getKind() == RootKind::TopK ||
        isReturned(endOfChain(result)))
      continue;
    auto laidOut = withOrder(
        type, orderByRank(op.getStore(i).getMap(), type.getShape(), ranks));
    result.setType(laidOut);
    if (empty)
      empty.getResult().setType(laidOut);
  }
}

void LayOut::setLayout(DispatchOp op, unsigned operand,
                       RankedTensorType type) {
  Value value = op.getInputs()[operand];
  Value &replacement = packed[{value, type}];
  if (!replacement) {
    auto constant = value.getDefiningOp<ConstantOp>();
    OpBuilder builder(constant);
    replacement = ConstantOp::create(builder, constant.getLoc(), type,
                                     constant.getValue());
  }
  op->setOperand(operand, replacement);
}

void LayOut::packOperands(DispatchOp op) {
  for (unsigned i = 0; i < op.getInputs().size(); ++i) {
    Value input = op.getInputs()[i];
    auto type = cast<RankedTensorType>(input.getType());
    if (!constantOf(input) || type.getEncoding() || isBitWeight(op, i))
      continue;
    if (LayoutAttr layout = packedWeightLayout(op, i, spec)) {
      setLayout(op, i,
                RankedTensorType::get(type.getShape(), type.getElementType(),
                                      layout));
      continue;
    }
    // Tables of epilogues lie as the results that they are added to.
    auto order = orderByRank(op.getLoad(i).getMap(), type.getShape(),
                             domainRanks(op));
    if (op.getKind() != RootKind::Contract && !isRowMajor(order))
      setLayout(op, i, withOrder(type, order));
  }
}

void LayOut::eraseUnusedConstants() {
  for (auto constant :
       llvm::make_early_inc_range(func.getOps<ConstantOp>()))
    if (constant->use_empty())
      constant.erase();
}

/// Minimal filtering makes results in an order that has no rows to sum over.
void LayOut::splitBehindFiltering() {
  IRRewriter rewriter(func.getContext());
  for (DispatchOp op : llvm::to_vector(func.getOps<DispatchOp>())) {
    DictionaryAttr config = op.getConfigAttr();
    if (!config || !hasSums(op))
      continue;
    op.emitRemark("sums are a dispatch of their own: the kernel filters, "
                  "which has no rows");
    op.removeConfigAttr();
    splitSums(rewriter, op).setConfigAttr(config);
  }
}

/// Whether a value of the prologue is computed from a tensor in panels, which
/// only the product's kernel reads.
static bool isPacked(DispatchOp op, Value value) {
  return llvm::any_of(loadsBehind(value), [&](unsigned load) {
    auto type = cast<RankedTensorType>(op.getInputs()[load].getType());
    auto layout = dyn_cast_or_null<LayoutAttr>(type.getEncoding());
    return layout && !layout.getTileDims().empty();
  });
}

/// Splits what the kernels cannot do at all or not at its best.
void LayOut::splitForms() {
  IRRewriter rewriter(func.getContext());
  for (DispatchOp op : llvm::to_vector(func.getOps<DispatchOp>())) {
    if (op.getConfig())
      continue;
    std::string reason;
    if (hasSums(op) && !sumsInKernel(op, spec, reason)) {
      op.emitRemark("sums are a dispatch of their own: ") << reason;
      op = splitSums(rewriter, op);
    }
    if (hasIndexedLoad(op) && !contractionConfig(op, spec, reason)) {
      op.emitRemark("a shift is a dispatch of its own: ") << reason;
      op = splitOperand(rewriter, op, 0);
    }
    while (std::optional<unsigned> operand = computedOperand(op)) {
      Value value = op.getPrologueBlock().getTerminator()->getOperand(*operand);
      if ((!value.getType().isF32() && !value.getType().isF64()) ||
          isPacked(op, value))
        break;
      reason = reasonToSplitOperand(op, spec);
      if (reason.empty())
        break;
      op.emitRemark("a ") << (hasNorm(op) ? "norm" : "map")
                          << " is a dispatch of its own: " << reason;
      op = splitOperand(rewriter, op, *operand);
    }
  }
}

LogicalResult visir::cpu::layOut(func::FuncOp func, const CpuSpec &spec,
                                 const LayoutOptions &options) {
  return LayOut(func, spec, options).run();
}
