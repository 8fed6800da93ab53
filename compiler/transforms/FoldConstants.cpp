// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/Evaluate.h"
#include "compiler/support/Constants.h"
#include "compiler/transforms/Passes.h"

#include "mlir/IR/Builders.h"

namespace visir {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// Results up to this size are stored whatever their operands' size.
static constexpr int64_t smallBytes = 1 << 20;

/// Whether the result of integers leads to indices of gathers and scatters or
/// to more integers: those are for the compiler rather than for the artifact.
static bool isIndex(Operation *op) {
  return llvm::all_of(op->getUses(), [](OpOperand &use) {
    if (isa<GatherNDOp, GatherElementsOp, ScatterNDOp, ScatterElementsOp>(
            use.getOwner()))
      return use.getOperandNumber() == 1;
    return use.getOwner()->getNumResults() == 1 &&
           getElementTypeOrSelf(use.getOwner()->getResult(0)).isInteger(64);
  });
}

static bool isWorthStoring(Operation *op, ArrayRef<ElementsAttr> operands,
                           int64_t maxBytes) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  int64_t bytes = tensorBytes(type), from = 0;
  for (ElementsAttr operand : operands)
    from += tensorBytes(cast<RankedTensorType>(operand.getShapedType()));
  bool isSmall = bytes <= smallBytes || bytes <= 4 * from;
  return bytes <= maxBytes &&
         (isSmall || (type.getElementType().isInteger(64) && isIndex(op)));
}

namespace {

struct FoldConstants : visir::impl::FoldConstantsBase<FoldConstants> {
  using FoldConstantsBase::FoldConstantsBase;

  void runOnOperation() override {
    // Operands come before their users, so one walk is enough.
    getOperation().walk([&](Operation *op) {
      if (op->getNumResults() != 1 || op->getNumOperands() == 0 ||
          isa<ConstantOp>(op) || !isPure(op))
        return;
      auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
      if (!type || !type.hasStaticShape())
        return;
      SmallVector<ElementsAttr> operands;
      for (Value operand : op->getOperands()) {
        ElementsAttr constant = constantOf(operand);
        if (!constant)
          return;
        operands.push_back(constant);
      }
      if (!isWorthStoring(op, operands, maxBytes))
        return;
      if (auto value = evaluate(op, operands)) {
        OpBuilder builder(op);
        auto constant = ConstantOp::create(builder, op->getLoc(), *value);
        op->getResult(0).replaceAllUsesWith(constant.getResult());
      }
    });
    // What only fed folded ops is gone too.
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : llvm::reverse(ops))
      if (op->getNumResults() > 0 && isPure(op) && op->use_empty())
        op->erase();
  }
};

} // namespace
