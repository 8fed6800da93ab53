// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/conversion/GraphToDispatch/GraphToDispatch.h"

#include "compiler/conversion/GraphToDispatch/DispatchBuilder.h"

using namespace mlir;
using namespace visir;

static LowerFn findLowering(Operation *op) {
  using Find = LowerFn (*)(Operation *);
  static const Find families[] = {
      findElementwiseLowering, findMovementLowering, findReduceLowering,
      findContractionLowering, findNormLowering,     findWindowLowering,
      findIndexingLowering,    findBinaryConvLowering,
      findRandomLowering};
  for (Find find : families)
    if (LowerFn lower = find(op))
      return lower;
  return nullptr;
}

/// Whether no result has an element.
static bool hasNoElements(Operation *op) {
  return llvm::all_of(op->getResultTypes(), [](Type type) {
    auto ranked = dyn_cast<RankedTensorType>(type);
    return ranked && ranked.hasStaticShape() && ranked.getNumElements() == 0;
  });
}

namespace {

struct GraphToDispatchPass
    : PassWrapper<GraphToDispatchPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(GraphToDispatchPass)

  StringRef getArgument() const final { return "visir-graph-to-dispatch"; }
  StringRef getDescription() const final {
    return "turn graph ops into dispatches";
  }

  void runOnOperation() final {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (op->getDialect() && op->getDialect()->getNamespace() == "visir" &&
          !isa<ConstantOp, EmptyOp, DispatchOp, YieldOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      if (hasNoElements(op)) {
        OpBuilder builder(op);
        for (OpResult result : op->getResults())
          result.replaceAllUsesWith(
              EmptyOp::create(builder, op->getLoc(), result.getType()));
        op->erase();
        continue;
      }
      LowerFn lower = findLowering(op);
      if (!lower) {
        op->emitError() << "no dispatch is known for " << op->getName();
        return signalPassFailure();
      }
      OpBuilder builder(op);
      FailureOr<SmallVector<Value>> values = lower(builder, op);
      if (failed(values))
        return signalPassFailure();
      op->replaceAllUsesWith(*values);
      op->erase();
    }
  }
};

} // namespace

std::unique_ptr<Pass> visir::createGraphToDispatchPass() {
  return std::make_unique<GraphToDispatchPass>();
}
