// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/Movement.h"
#include "compiler/support/Constants.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace visir {
#define GEN_PASS_DEF_VERIFYCANONICAL
#define GEN_PASS_DEF_VERIFYFUSED
#define GEN_PASS_DEF_VERIFYRECOGNISED
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// Reports shapes that are not static.
static LogicalResult checkStatic(Operation *op) {
  for (Type type : op->getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      return op->emitError("result has type ")
             << type << ", expected a tensor of static shape";
  }
  return success();
}

static LogicalResult checkAlive(Operation *op) {
  if (op->getNumResults() == 0 || !op->use_empty() || !isPure(op))
    return success();
  return op->emitError(op->getName().getStringRef())
         << " has no use, expected no dead code";
}

/// An op that hands on its operand.
static LogicalResult checkNoNoOp(Operation *op) {
  bool idle = isa<ReshapeOp, PadOp, ExpandOp, CastOp>(op) &&
              op->getOperand(0).getType() == op->getResult(0).getType();
  if (!idle)
    return success();
  return op->emitError(op->getName().getStringRef()) << " changes nothing";
}

/// Applies all checks to all ops, so that each offence is reported.
static LogicalResult
checkAll(Operation *module,
         ArrayRef<function_ref<LogicalResult(Operation *)>> checks) {
  bool good = true;
  module->walk([&](Operation *op) {
    if (!isa_and_present<VisirDialect>(op->getDialect()) ||
        op->getParentOfType<DispatchOp>())
      return;
    for (auto check : checks)
      good &= succeeded(check(op));
  });
  return success(good);
}

/// One line with all that a user needs to know of a refused operator.
static LogicalResult refuseOpaque(Operation *op) {
  auto opaque = dyn_cast<OpaqueOp>(op);
  if (!opaque)
    return success();
  InFlightDiagnostic error = op->emitError("operator ");
  if (!opaque.getDomain().empty())
    error << opaque.getDomain() << ".";
  error << opaque.getOpType() << " (opset " << opaque.getOpset()
        << ") is not supported: " << opaque.getReason();
  if (opaque.getNodeAttributes().empty())
    return error;
  error << "; attributes:";
  for (NamedAttribute attribute : opaque.getNodeAttributes())
    error << " " << attribute.getName().getValue() << " = "
          << attribute.getValue();
  return error;
}

/// Whether an unknown operator hides a shape, so that nothing behind it can
/// be recognised.
static bool hidesShapes(Operation *module) {
  return module
      ->walk([](OpaqueOp op) {
        for (Type type : op->getResultTypes()) {
          auto tensor = dyn_cast<RankedTensorType>(type);
          if (!tensor || !tensor.hasStaticShape())
            return WalkResult::interrupt();
        }
        return WalkResult::advance();
      })
      .wasInterrupted();
}

/// Movement is `visir.move`; indices without regularity stay.
static LogicalResult checkMoved(Operation *op) {
  if (isa<MoveOp, GatherOp, GatherNDOp, GatherElementsOp, ScatterNDOp,
          ScatterElementsOp>(op) || !isMovement(op))
    return success();
  return op->emitError(op->getName().getStringRef())
         << " is left, expected visir.move";
}

static LogicalResult checkLowered(Operation *op) {
  if (!isa<BatchNormOp>(op))
    return success();
  return op->emitError("visir.batch_norm is left, expected a scale and a "
                       "shift");
}

static LogicalResult checkDispatched(Operation *op) {
  for (Type type : op->getResultTypes())
    if (cast<RankedTensorType>(type).getEncoding())
      return op->emitError("result has type ")
             << type << ", expected no layout yet";
  if (isa<ConstantOp, EmptyOp>(op))
    return success();
  auto dispatch = dyn_cast<DispatchOp>(op);
  if (!dispatch)
    return op->emitError(op->getName().getStringRef())
           << " is left, expected a dispatch";
  if (dispatch.getConfig())
    return op->emitError("dispatch has a config, expected none yet");
  return success();
}

namespace {

struct VerifyFused : visir::impl::VerifyFusedBase<VerifyFused> {
  void runOnOperation() override {
    if (failed(checkAll(getOperation(), {checkDispatched, checkAlive})))
      signalPassFailure();
  }
};

struct VerifyCanonical : visir::impl::VerifyCanonicalBase<VerifyCanonical> {
  void runOnOperation() override {
    LogicalResult result =
        hidesShapes(getOperation())
            ? checkAll(getOperation(), {refuseOpaque})
            : checkAll(getOperation(), {checkStatic, checkAlive, checkNoNoOp});
    if (failed(result))
      signalPassFailure();
  }
};

struct VerifyRecognised : visir::impl::VerifyRecognisedBase<VerifyRecognised> {
  void runOnOperation() override {
    if (failed(checkAll(getOperation(),
                        {refuseOpaque, checkAlive, checkMoved, checkLowered})))
      signalPassFailure();
  }
};

} // namespace
