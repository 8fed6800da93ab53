// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/scalar/ScalarKernel.h"

#include "dialects/visir/Heatmap.h"
#include "targets/common/scalar/Heatmap.h"
#include "targets/common/scalar/Order.h"
#include "targets/common/scalar/Row.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace visir;
using namespace visir::scalar;

Value ArgumentMemory::load(OpBuilder &b, Location loc, unsigned binding,
                           Value element) {
  return memref::LoadOp::create(b, loc, arguments[binding],
                                ValueRange{element});
}

void ArgumentMemory::store(OpBuilder &b, Location loc, unsigned binding,
                           Value element, Value value) {
  memref::StoreOp::create(b, loc, value, arguments[binding],
                          ValueRange{element});
}

void ArgumentMemory::raiseIf(OpBuilder &b, Location loc, Value condition) {
  auto branch = scf::IfOp::create(b, loc, condition, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  Value error = arith::ConstantIntOp::create(b, loc, 1, 32);
  Value first = arith::ConstantIndexOp::create(b, loc, 0);
  memref::StoreOp::create(b, loc, error, arguments.back(), ValueRange{first});
}

static bool hasNoPoints(DispatchOp op) {
  return llvm::is_contained(op.getExtents().take_front(op.getParallelRank()),
                            0);
}

int64_t scalar::invocationCount(DispatchOp op) {
  if (op.getKind() == RootKind::Scatter || hasNoPoints(op))
    return 1;
  int64_t count = 1;
  for (int64_t extent : op.getExtents().take_front(op.getParallelRank()))
    count *= extent;
  if (op.getKind() != RootKind::Attention)
    return count;
  FailureOr<Nest> nest = buildNest(op);
  return succeeded(nest) ? count / valuesPerInvocation(op, *nest) : count;
}

bool scalar::mayRaise(DispatchOp op) {
  auto raises = [](Attribute attribute) {
    auto access = cast<AccessAttr>(attribute);
    return !access.getIndexAxes().empty() && !access.getPadded();
  };
  return llvm::any_of(op.getLoads(), raises) ||
         llvm::any_of(op.getStores(), raises);
}

/// Dimensions of these roots have roles and stay apart.
static bool keepsDims(DispatchOp op) {
  return op.getKind() == RootKind::Attention ||
         op.getKind() == RootKind::GridSample || decodeOf(op);
}

/// The order of a scatter's updates matters.
static bool mayReorder(DispatchOp op) {
  return !keepsDims(op) && op.getKind() != RootKind::Scatter;
}

/// Roots that take their row in any order.
static bool isRow(RootKind kind) {
  return kind == RootKind::Reduce || kind == RootKind::Contract ||
         kind == RootKind::Softmax || kind == RootKind::Norm;
}

/// A map's dimensions as its memory has them.
static FailureOr<Nest> mapNest(DispatchOp op) {
  FailureOr<Nest> nest = buildNest(op);
  if (failed(nest))
    return failure();
  collapse(*nest);
  orderByStore(*nest);
  return nest;
}

int64_t scalar::neighboursAtOnce(DispatchOp op) {
  if (op.getKind() != RootKind::Map || hasNoPoints(op))
    return 1;
  FailureOr<Nest> nest = mapNest(op);
  if (failed(nest) || nest->dims.empty())
    return 1;
  unsigned last = nest->dims.size() - 1;
  auto isApart = [&](const NestAccess &access) {
    return !access.isPlain() || access.padded ||
           (access.address.factors[last] != 0 &&
            access.address.factors[last] != 1);
  };
  if (llvm::any_of(nest->loads, isApart) || llvm::any_of(nest->stores, isApart))
    return 1;
  auto fits = [&](const NestAccess &store, int64_t count) {
    if (store.address.factors[last] != 1 || store.address.offset % count != 0)
      return false;
    return llvm::all_of(llvm::seq<unsigned>(0, last), [&](unsigned dim) {
      return store.address.factors[dim] % count == 0;
    });
  };
  for (int64_t count : {4, 2})
    if (nest->dims[last].extent % count == 0 &&
        llvm::all_of(nest->stores, [&](const NestAccess &store) {
          return fits(store, count);
        }))
      return count;
  return 1;
}

LogicalResult scalar::emitNeighbours(OpBuilder &b, DispatchOp op, Value id,
                                     int64_t count, Memory &memory) {
  FailureOr<Nest> nest = mapNest(op);
  if (failed(nest))
    return failure();
  Invocation at(b, op, *nest, memory);
  unsigned last = nest->dims.size() - 1;
  SmallVector<int64_t> extents;
  for (const NestDim &dim : nest->dims)
    extents.push_back(dim.extent);
  extents[last] /= count;
  at.place(id, llvm::to_vector(llvm::seq<unsigned>(0, last + 1)), extents);
  Value first =
      at.make<arith::MulIOp>(at.index[last], at.constant(count));
  for (int64_t i = 0; i < count; ++i) {
    at.index[last] = at.make<arith::AddIOp>(first, at.constant(i));
    at.epilogue({});
  }
  return success();
}

LogicalResult scalar::emitInvocation(OpBuilder &b, DispatchOp op, Value id,
                                     Memory &memory) {
  if (hasNoPoints(op) || (op.getKind() == RootKind::Scatter &&
                          llvm::is_contained(op.getExtents(), 0)))
    return success();
  FailureOr<Nest> nest = buildNest(op);
  if (failed(nest))
    return failure();
  if (!keepsDims(op))
    collapse(*nest);
  if (mayReorder(op))
    orderByStore(*nest);
  Invocation at(b, op, *nest, memory);
  SequentialRow row(at);
  if (isRow(op.getKind()))
    at.placeParallel(id);
  switch (op.getKind()) {
  case RootKind::Map:
    emitMap(at, id);
    return success();
  case RootKind::Reduce:
  case RootKind::Contract:
    emitReduce(at, row);
    return success();
  case RootKind::Softmax:
    emitSoftmax(at, row);
    return success();
  case RootKind::Norm:
    emitNorm(at, row);
    return success();
  case RootKind::ArgReduce:
    decodeOf(op) ? emitHeatmapDecode(at, id) : emitArgReduce(at, id);
    return success();
  case RootKind::Scan:
    emitScan(at, id);
    return success();
  case RootKind::TopK:
    emitTopK(at, id);
    return success();
  case RootKind::Scatter:
    emitScatter(at);
    return success();
  case RootKind::Attention:
    return emitAttention(at, id);
  case RootKind::GridSample:
    return emitGridSample(at, id);
  }
  llvm_unreachable("unknown kind of root");
}
