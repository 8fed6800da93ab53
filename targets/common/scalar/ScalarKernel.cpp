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
