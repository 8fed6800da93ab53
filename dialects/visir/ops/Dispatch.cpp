// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/Heatmap.h"
#include "dialects/visir/ops/Shape.h"

#include "mlir/Analysis/FlatLinearValueConstraints.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace visir;

/// Number of operands that the prologue yields and of results that the
/// epilogue is given, for each kind of root; -1 for a variable number.
static std::pair<int, int> rootArity(DispatchOp op) {
  switch (op.getKind()) {
  case RootKind::Map:
  case RootKind::Scatter:
    return {0, 0};
  case RootKind::GridSample:
    return {0, 1};
  case RootKind::Contract:
    return {2, 1};
  case RootKind::ArgReduce:
    return decodeOf(op) ? std::pair(2, 3) : std::pair(1, 1);
  case RootKind::TopK:
    return {1, 2};
  case RootKind::Attention:
    return {-1, 1};
  default:
    return {1, 1};
  }
}

/// Whether stores may depend on the dimensions after the parallel ones.
static bool storesWholeDomain(RootKind kind) {
  return kind == RootKind::Softmax || kind == RootKind::Norm ||
         kind == RootKind::Scan || kind == RootKind::Scatter;
}

/// Smallest and largest value of a linear expression over the domain and, if
/// it is not -1, the extent of a symbol.
static LogicalResult rangeOf(AffineExpr expr, ArrayRef<int64_t> extents,
                             int64_t symbolExtent,
                             std::pair<int64_t, int64_t> &range) {
  SmallVector<int64_t> flat;
  unsigned symbols = symbolExtent >= 0 ? 1 : 0;
  if (failed(getFlattenedAffineExpr(expr, extents.size(), symbols, &flat)) ||
      flat.size() != extents.size() + symbols + 1)
    return failure();
  range = {flat.back(), flat.back()};
  auto add = [&](int64_t factor, int64_t extent) {
    int64_t reach = factor * std::max<int64_t>(extent - 1, 0);
    (reach < 0 ? range.first : range.second) += reach;
  };
  for (auto [factor, extent] : llvm::zip(ArrayRef<int64_t>(flat), extents))
    add(factor, extent);
  if (symbols)
    add(flat[extents.size()], symbolExtent);
  return success();
}

static LogicalResult verifyAccess(DispatchOp op, AccessAttr access,
                                  Value tensor, const Twine &what,
                                  int64_t symbolExtent) {
  AffineMap map = access.getMap();
  ArrayRef<int64_t> shape = shapeOf(tensor);
  if (map.getNumDims() != op.getDomainRank() ||
      map.getNumSymbols() != (symbolExtent >= 0 ? 1u : 0u) ||
      map.getNumResults() != shape.size())
    // dispatch_c1
    return op.emitOpError()
           << what << " has the map " << AffineMapAttr::get(map)
           << ", expected " << op.getDomainRank() << " dimensions and "
           << shape.size() << " results";
  if (access.getIndexAxes().size() != access.getIndexLoads().size())
    // dispatch_c2
    return op.emitOpError()
           << what << " has " << access.getIndexLoads().size()
           << " index loads, expected " << access.getIndexAxes().size();
  for (int64_t load : access.getIndexLoads())
    if (load < 0 || load >= int64_t(op.getInputs().size()))
      // dispatch_c3
      return op.emitOpError()
             << what << " is indexed by load " << load
             << ", expected less than " << op.getInputs().size();
  if (llvm::is_contained(op.getExtents(), 0))
    return success();
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    std::pair<int64_t, int64_t> range;
    if (failed(rangeOf(expr, op.getExtents(), symbolExtent, range)))
      // dispatch_c4
      return op.emitOpError()
             << what << " is not linear: " << AffineMapAttr::get(map);
    bool indexed = llvm::is_contained(access.getIndexAxes(), int64_t(i));
    if (!access.getPadded() && !indexed && !ShapedType::isDynamic(shape[i]) &&
        (range.first < 0 || range.second >= shape[i]))
      // dispatch_c5
      return op.emitOpError() << what << " covers " << range.first << " .. "
                              << range.second << " of dimension " << i
                              << ", expected within 0 .. " << shape[i] - 1;
  }
  return success();
}

/// A normalised load is a float of f32 or f64 that moves with the whole row,
/// for the prologue of a product.
static LogicalResult verifyNorm(DispatchOp op, unsigned load) {
  AccessAttr access = op.getLoad(load);
  DictionaryAttr norm = access.getNorm();
  if (!norm)
    return success();
  if (op.getKind() != RootKind::Contract)
    // dispatch_c17
    return op.emitOpError() << "load " << load << " is normalised for a root "
                            << stringifyRootKind(op.getKind())
                            << ", expected contract";
  if (!norm.getAs<FloatAttr>("epsilon"))
    // dispatch_c18
    return op.emitOpError() << "norm of load " << load
                            << " is without an epsilon, expected one of f64";
  Type element = cast<RankedTensorType>(op.getInputs()[load].getType())
                     .getElementType();
  if (access.getPadded() || !access.getIndexAxes().empty() ||
      !(element.isF32() || element.isF64()))
    // dispatch_c19
    return op.emitOpError() << "load " << load << " is normalised and padded, "
                            << "indexed or of " << element
                            << ", expected a plain one of f32 or f64";
  for (unsigned dim = op.getParallelRank(); dim < op.getDomainRank(); ++dim)
    if (op.getExtents()[dim] > 1 && !access.getMap().isFunctionOfDim(dim))
      // dispatch_c20
      return op.emitOpError() << "load " << load << " is normalised and does "
                              << "not move with dimension " << dim
                              << ", expected all of the reduction";
  unsigned argument = op.getRootResultCount() + load;
  if (!op.getEpilogueBlock().getArgument(argument).use_empty())
    // dispatch_c21
    return op.emitOpError() << "load " << load << " is normalised and used by "
                            << "the epilogue, expected the prologue only";
  return success();
}

static LogicalResult verifySum(DispatchOp op, unsigned store) {
  if (!op.getStore(store).getSum())
    return success();
  RootKind kind = op.getKind();
  if (kind != RootKind::Map && kind != RootKind::Reduce &&
      kind != RootKind::Contract)
    // dispatch_c22
    return op.emitOpError() << "store " << store << " is a sum of a root "
                            << stringifyRootKind(kind)
                            << ", expected map, reduce or contract";
  if (op.getTies()[store] >= 0 || !op.getStore(store).getIndexAxes().empty())
    // dispatch_c23
    return op.emitOpError() << "store " << store << " is a sum and tied or "
                            << "indexed, expected neither";
  return success();
}

static LogicalResult verifyStores(DispatchOp op) {
  int64_t k = -1;
  if (op.getKind() == RootKind::TopK)
    k = cast<IntegerAttr>(op.getRootParam("k")).getInt();
  for (auto [i, result] : llvm::enumerate(op.getResults())) {
    AccessAttr access = op.getStore(i);
    if (access.getPadded())
      // dispatch_c6
      return op.emitOpError() << "store " << i << " is padded";
    if (failed(verifyAccess(op, access, result, "store " + Twine(i), k)))
      return failure();
    if (!storesWholeDomain(op.getKind()))
      for (unsigned dim = op.getParallelRank(); dim < op.getDomainRank(); ++dim)
        if (access.getMap().isFunctionOfDim(dim))
          // dispatch_c7
          return op.emitOpError()
                 << "store " << i << " depends on reduction dimension " << dim;
    if (op.getStore(i).getNorm())
      // dispatch_c24
      return op.emitOpError() << "store " << i << " is normalised";
    if (failed(verifySum(op, i)))
      return failure();
    int64_t tie = op.getTies()[i];
    if (tie >= int64_t(op.getInputs().size()) ||
        (tie >= 0 && op.getInputs()[tie].getType() != result.getType()))
      // dispatch_c8
      return op.emitOpError() << "tie of result " << i << " is " << tie
                              << ", expected an input of its type";
  }
  return success();
}

static LogicalResult verifyPayloads(DispatchOp op) {
  auto [operands, results] = rootArity(op);
  unsigned inputs = op.getInputs().size();
  Block &prologue = op.getPrologueBlock(), &epilogue = op.getEpilogueBlock();
  if (prologue.getNumArguments() != inputs)
    // dispatch_c9
    return op.emitOpError("prologue has ")
           << prologue.getNumArguments() << " arguments, expected " << inputs;
  if (epilogue.getNumArguments() != inputs + results)
    // dispatch_c10
    return op.emitOpError("epilogue has ")
           << epilogue.getNumArguments() << " arguments, expected "
           << inputs + results;
  unsigned yielded = prologue.getTerminator()->getNumOperands();
  if (operands >= 0 && yielded != unsigned(operands))
    // dispatch_c11
    return op.emitOpError("prologue yields ")
           << yielded << " values, expected " << operands;
  if (op.getKind() == RootKind::Attention && yielded != 3 && yielded != 4)
    // dispatch_c12
    return op.emitOpError("prologue yields ")
           << yielded << " values, expected 3 or 4";
  unsigned own = op.getDomainRank() - op.getParallelRank();
  if (decodeOf(op) && own != 2)
    // dispatch_c27
    return op.emitOpError("number of reduction dimensions is ")
           << own << ", expected 2 for a decode";
  unsigned stored = epilogue.getTerminator()->getNumOperands();
  if (stored != op.getNumResults())
    // dispatch_c13
    return op.emitOpError("epilogue yields ")
           << stored << " values, expected " << op.getNumResults();
  return success();
}

LogicalResult DispatchOp::verify() {
  if (getLoads().size() != getInputs().size())
    // dispatch_c14
    return emitOpError("number of loads is ")
           << getLoads().size() << ", expected " << getInputs().size();
  if (getStores().size() != getNumResults() ||
      getTies().size() != getNumResults())
    // dispatch_c15
    return emitOpError("number of stores is ")
           << getStores().size() << " and of ties " << getTies().size()
           << ", expected " << getNumResults();
  if (getParallelRank() > getDomainRank())
    // dispatch_c16
    return emitOpError("parallel rank is ")
           << getParallelRank() << ", expected at most " << getDomainRank();
  for (auto [i, input] : llvm::enumerate(getInputs()))
    if (failed(verifyAccess(*this, getLoad(i), input, "load " + Twine(i), -1)))
      return failure();
  if (failed(verifyStores(*this)) || failed(verifyPayloads(*this)))
    return failure();
  int normalised = -1;
  for (unsigned i = 0; i < getInputs().size(); ++i) {
    if (getLoad(i).getNorm() && normalised >= 0)
      // dispatch_c26
      return emitOpError() << "loads " << normalised << " and " << i
                           << " are normalised, expected one";
    if (getLoad(i).getNorm())
      normalised = int(i);
    if (getLoad(i).getSum())
      // dispatch_c25
      return emitOpError() << "load " << i << " is a sum";
    if (failed(verifyNorm(*this, i)))
      return failure();
  }
  return success();
}
