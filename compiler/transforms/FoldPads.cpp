// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>

namespace visir {
#define GEN_PASS_DEF_FOLDPADS
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// The paddings in ONNX's order of a constant pad of spatial dimensions only.
static std::optional<SmallVector<int64_t>> spatialPads(PadOp pad,
                                                       double &value) {
  if (!pad || pad.getMode() != PadMode::Constant)
    return std::nullopt;
  ArrayRef<int64_t> low = pad.getLow(), high = pad.getHigh();
  if (low.size() < 3 || low[0] || low[1] || high[0] || high[1])
    return std::nullopt;
  value = pad.getValue().convertToDouble();
  SmallVector<int64_t> pads(low.drop_front(2));
  llvm::append_range(pads, high.drop_front(2));
  return pads;
}

static void addInto(SmallVectorImpl<int64_t> &pads, ArrayRef<int64_t> more) {
  for (auto [a, b] : llvm::zip_equal(pads, more))
    a += b;
}

static LogicalResult padIntoConv(ConvOp op, PatternRewriter &rewriter) {
  double value;
  auto pad = op.getInput().getDefiningOp<PadOp>();
  auto pads = spatialPads(pad, value);
  if (!pads || value != 0)
    return failure();
  addInto(*pads, op.getPads());
  rewriter.modifyOpInPlace(op, [&] {
    op.setPads(*pads);
    op.getInputMutable().assign(pad.getInput());
  });
  return success();
}

/// Zeros that were elements are counted by the divisor as before.
static LogicalResult padIntoAvgPool(AvgPoolOp op, PatternRewriter &rewriter) {
  double value;
  auto pad = op.getInput().getDefiningOp<PadOp>();
  auto pads = spatialPads(pad, value);
  if (!pads || value != 0)
    return failure();
  SmallVector<int64_t> counted(*pads);
  if (auto old = op.getCountedPads())
    addInto(counted, *old);
  addInto(*pads, op.getPads());
  rewriter.modifyOpInPlace(op, [&] {
    op.setPads(*pads);
    op.setCountedPads(counted);
    op.getInputMutable().assign(pad.getInput());
  });
  return success();
}

static LogicalResult padIntoMaxPool(MaxPoolOp op, PatternRewriter &rewriter) {
  double value;
  auto pad = op.getInput().getDefiningOp<PadOp>();
  auto pads = spatialPads(pad, value);
  if (!pads || !std::isinf(value) || value > 0)
    return failure();
  addInto(*pads, op.getPads());
  // A window must still see an element of the input itself.
  size_t dims = op.getKernel().size();
  for (size_t i = 0; i < dims; ++i) {
    int64_t reach = (op.getKernel()[i] - 1) * op.getDilations()[i];
    if ((*pads)[i] > reach || (*pads)[dims + i] > reach)
      return failure();
  }
  rewriter.modifyOpInPlace(op, [&] {
    op.setPads(*pads);
    op.getInputMutable().assign(pad.getInput());
  });
  return success();
}

namespace {

struct FoldPads : visir::impl::FoldPadsBase<FoldPads> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(padIntoConv);
    patterns.add(padIntoAvgPool);
    patterns.add(padIntoMaxPool);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
