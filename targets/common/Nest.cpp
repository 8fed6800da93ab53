// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/Nest.h"

#include "targets/common/Layout.h"

#include "mlir/Analysis/FlatLinearValueConstraints.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace visir;

bool NestAccess::dependsOn(unsigned dim) const {
  auto moves = [&](const Coordinate &c) { return c.expr.dependsOn(dim); };
  return address.dependsOn(dim) || llvm::any_of(checks, moves) ||
         llvm::any_of(indexed, moves);
}

unsigned Nest::parallelRank() const {
  return llvm::count_if(dims, [](NestDim d) { return !d.reduction; });
}

int64_t Nest::parallelPoints() const {
  int64_t points = 1;
  for (NestDim dim : dims)
    points *= dim.reduction ? 1 : dim.extent;
  return points;
}

int64_t Nest::reductionPoints() const {
  int64_t points = 1;
  for (NestDim dim : dims)
    points *= dim.reduction ? dim.extent : 1;
  return points;
}

static LinearExpr flatten(AffineExpr expr, AffineMap map) {
  SmallVector<int64_t> flat;
  LogicalResult linear = getFlattenedAffineExpr(expr, map.getNumDims(),
                                                map.getNumSymbols(), &flat);
  assert(succeeded(linear) && "the verifier admits linear maps only");
  (void)linear;
  LinearExpr result;
  result.offset = flat.pop_back_val();
  result.factors = flat;
  return result;
}

/// Whether `expr` stays within 0 .. extent - 1 over the whole domain.
static bool staysInside(const Coordinate &c, ArrayRef<NestDim> dims) {
  int64_t low = c.expr.offset, high = c.expr.offset;
  for (auto [factor, dim] : llvm::zip(c.expr.factors, dims))
    (factor < 0 ? low : high) += factor * (dim.extent - 1);
  return low >= 0 && high < c.extent;
}

FailureOr<NestAccess>
visir::nestAccess(AccessAttr access, RankedTensorType type, unsigned symbols) {
  Placement placement = placementOf(type);
  if (placement.tiled())
    return failure();
  AffineMap map = access.getMap();
  NestAccess result;
  result.element = type.getElementType();
  result.padded = access.getPadded();
  result.fill = access.getFillValue();
  result.address.factors.assign(map.getNumDims() + symbols, 0);
  for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
    Coordinate c{flatten(expr, map), type.getDimSize(axis),
                 placement.dims[axis].stride};
    c.expr.factors.resize(map.getNumDims() + symbols, 0);
    result.address.offset += c.expr.offset * c.stride;
    for (auto [sum, factor] : llvm::zip(result.address.factors,
                                        c.expr.factors))
      sum += factor * c.stride;
    auto *axes = llvm::find(access.getIndexAxes(), int64_t(axis));
    if (axes != access.getIndexAxes().end()) {
      c.indexLoad =
          access.getIndexLoads()[axes - access.getIndexAxes().begin()];
      result.indexed.push_back(c);
    } else if (access.getPadded()) {
      result.checks.push_back(c);
    }
  }
  return result;
}

FailureOr<Nest> visir::buildNest(DispatchOp op) {
  Nest nest;
  for (auto [i, extent] : llvm::enumerate(op.getExtents()))
    nest.dims.push_back({extent, i >= op.getParallelRank()});
  unsigned symbols = op.getKind() == RootKind::TopK;
  auto add = [&](std::vector<NestAccess> &list, AccessAttr access,
                 Value tensor) -> LogicalResult {
    auto type = cast<RankedTensorType>(tensor.getType());
    FailureOr<NestAccess> linear = nestAccess(access, type, symbols);
    if (failed(linear))
      return op.emitError() << "tensor " << type
                            << " has a tiled layout, expected none for a root "
                            << stringifyRootKind(op.getKind());
    llvm::erase_if(linear->checks, [&](const Coordinate &c) {
      return staysInside(c, nest.dims);
    });
    list.push_back(std::move(*linear));
    return success();
  };
  for (auto [i, input] : llvm::enumerate(op.getInputs()))
    if (failed(add(nest.loads, op.getLoad(i), input)))
      return failure();
  for (auto [j, result] : llvm::enumerate(op.getResults()))
    if (failed(add(nest.stores, op.getStore(j), result)))
      return failure();
  return nest;
}

void visir::forEachExpr(Nest &nest, function_ref<void(LinearExpr &)> visit) {
  for (auto *list : {&nest.loads, &nest.stores})
    for (NestAccess &access : *list) {
      visit(access.address);
      for (Coordinate &c : access.checks)
        visit(c.expr);
      for (Coordinate &c : access.indexed)
        visit(c.expr);
    }
}

static void eraseDim(Nest &nest, unsigned dim) {
  nest.dims.erase(nest.dims.begin() + dim);
  forEachExpr(nest, [&](LinearExpr &expr) {
    expr.factors.erase(expr.factors.begin() + dim);
  });
}

/// Whether every expression walks (dim, dim + 1) like one dimension.
static bool joins(Nest &nest, unsigned dim) {
  if (nest.dims[dim].reduction != nest.dims[dim + 1].reduction)
    return false;
  bool joined = true;
  forEachExpr(nest, [&](LinearExpr &expr) {
    joined &= expr.factors[dim] ==
              expr.factors[dim + 1] * nest.dims[dim + 1].extent;
  });
  return joined;
}

void visir::collapse(Nest &nest) {
  for (unsigned dim = nest.dims.size(); dim-- > 0;) {
    bool last = llvm::count_if(nest.dims, [&](NestDim d) {
                  return d.reduction == nest.dims[dim].reduction;
                }) == 1;
    if (nest.dims[dim].extent == 1 && !last)
      eraseDim(nest, dim);
  }
  for (unsigned dim = nest.dims.size(); dim-- > 1;)
    if (joins(nest, dim - 1)) {
      nest.dims[dim].extent *= nest.dims[dim - 1].extent;
      eraseDim(nest, dim - 1);
    }
}

void visir::permute(Nest &nest, ArrayRef<unsigned> order) {
  SmallVector<NestDim> dims;
  for (unsigned dim : order)
    dims.push_back(nest.dims[dim]);
  nest.dims = dims;
  forEachExpr(nest, [&](LinearExpr &expr) {
    SmallVector<int64_t> factors;
    for (unsigned dim : order)
      factors.push_back(expr.factors[dim]);
    factors.append(expr.factors.begin() + order.size(), expr.factors.end());
    expr.factors = factors;
  });
}

Value visir::emitLinear(OpBuilder &b, Location loc, const LinearExpr &expr,
                        ValueRange indices) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value sum;
  for (auto [factor, index] : llvm::zip(expr.factors, indices)) {
    if (factor == 0)
      continue;
    Value term = b.createOrFold<arith::MulIOp>(loc, index, constant(factor));
    sum = sum ? b.createOrFold<arith::AddIOp>(loc, sum, term) : term;
  }
  if (!sum)
    return constant(expr.offset);
  if (expr.offset == 0)
    return sum;
  return b.createOrFold<arith::AddIOp>(loc, sum, constant(expr.offset));
}
