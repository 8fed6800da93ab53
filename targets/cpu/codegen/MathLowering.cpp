// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/MathLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

namespace {

/// Multiply and add as two roundings, for cores without a fused one.
template <typename Fma>
struct SplitFma : OpRewritePattern<Fma> {
  using OpRewritePattern<Fma>::OpRewritePattern;
  LogicalResult matchAndRewrite(Fma op,
                                PatternRewriter &rewriter) const override {
    Value product = arith::MulFOp::create(rewriter, op.getLoc(),
                                          op->getOperand(0), op->getOperand(1));
    rewriter.replaceOpWithNewOp<arith::AddFOp>(op, product, op->getOperand(2));
    return success();
  }
};

struct MathLowering
    : PassWrapper<MathLowering, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MathLowering)
  explicit MathLowering(const CpuSpec &spec) : spec(spec) {}

  StringRef getArgument() const override { return "visir-cpu-math"; }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    if (!spec.fma)
      patterns.add<SplitFma<math::FmaOp>, SplitFma<vector::FMAOp>>(
          &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }

  const CpuSpec &spec;
};

} // namespace

std::unique_ptr<Pass> cpu::createMathLoweringPass(const CpuSpec &spec) {
  return std::make_unique<MathLowering>(spec);
}
