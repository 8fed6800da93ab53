// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of constants, and what hangs between them (the text tower of a
// model with a fixed list of classes), are too much for the folder: they are
// compiled for this machine and run. What folding can do stays with it.
#include "compiler/transforms/PartialEvaluation.h"

#include "compiler/support/Constants.h"
#include "compiler/transforms/ConstantSlice.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

namespace visir {
#define GEN_PASS_DEF_PARTIALEVALUATION
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// Results up to this size are stored whatever is saved.
static constexpr int64_t smallBytes = 1 << 20;
/// How many times as large as the constants behind them results may be:
/// weights that are rebuilt from factors are.
static constexpr int64_t mostGrowth = 16;

/// Whether the artifact does not grow by much.
static bool isWorthStoring(const ConstantSlice &slice) {
  int64_t bytes = 0;
  for (Value root : slice.roots)
    bytes += tensorBytes(cast<RankedTensorType>(root.getType()));
  return bytes <= std::max(smallBytes, mostGrowth * slice.constantBytes());
}

static std::string summary(const ConstantSlice &slice, double seconds) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << slice.ops.size() << " ops of constants, "
     << llvm::format("%.3f", slice.macs() / 1e9) << " GMAC, computed in "
     << llvm::format("%.1f", seconds) << " s; "
     << llvm::format("%.1f", slice.constantBytes() / 1e6)
     << " MB of constants give";
  for (Value root : slice.roots)
    os << " " << root.getType();
  return text;
}

namespace {

struct PartialEvaluation
    : visir::impl::PartialEvaluationBase<PartialEvaluation> {
  PartialEvaluation() = default;
  explicit PartialEvaluation(ModuleEvaluator evaluate)
      : evaluate(std::move(evaluate)) {}

  void runOnOperation() override {
    ConstantSlice slice = findConstantSlice(getOperation());
    if (!evaluate || slice.roots.empty())
      return;
    if (!isWorthStoring(slice)) {
      emitRemark(slice.ops.back()->getLoc())
          << "not computed in advance: far larger than the constants behind it";
      return;
    }
    auto start = std::chrono::steady_clock::now();
    OwningOpRef<ModuleOp> module = extractModule(slice);
    auto results = evaluate(*module, TensorBytes());
    if (failed(results))
      return signalPassFailure();
    std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - start;
    emitRemark(slice.ops.back()->getLoc()) << summary(slice, seconds.count());
    for (auto [root, bytes] : llvm::zip_equal(slice.roots, results->front())) {
      OpBuilder builder(&getContext());
      builder.setInsertionPointAfterValue(root);
      auto type = cast<RankedTensorType>(root.getType());
      root.replaceAllUsesWith(
          ConstantOp::create(builder, root.getLoc(), makeConstant(type, bytes)));
    }
  }

  ModuleEvaluator evaluate;
};

} // namespace

std::unique_ptr<Pass>
visir::createPartialEvaluation(ModuleEvaluator evaluate) {
  return std::make_unique<PartialEvaluation>(std::move(evaluate));
}
