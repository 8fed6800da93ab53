// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every graph pass, and both phases, keep the values of every function of the
// lit files in this folder, as the reference interpreter computes them.
#include "compiler/transforms/Passes.h"
#include "targets/reference/Interpreter.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace visir;
using reference::Tensor;

namespace {

/// A pass or a phase under its name.
struct Rewrite {
  std::string name;
  std::function<void(OpPassManager &)> add;
};

std::vector<Rewrite> rewrites() {
  std::vector<Rewrite> all;
  for (auto *create :
       {+[]() -> std::unique_ptr<Pass> { return createCanonicalize(); },
        +[]() -> std::unique_ptr<Pass> { return createFoldConstants(); },
        +[]() -> std::unique_ptr<Pass> { return createFoldPads(); },
        +[]() -> std::unique_ptr<Pass> { return createFoldResiduals(); },
        +[]() -> std::unique_ptr<Pass> { return createFoldScales(); },
        +[]() -> std::unique_ptr<Pass> { return createLowerBatchNorm(); },
        +[]() -> std::unique_ptr<Pass> { return createComposeMovement(); },
        +[]() -> std::unique_ptr<Pass> { return createDemandedRows(); },
        +[]() -> std::unique_ptr<Pass> { return createSeparateRows(); },
        +[]() -> std::unique_ptr<Pass> { return createRecogniseLayerNorm(); },
        +[]() -> std::unique_ptr<Pass> { return createRecogniseGroupNorm(); },
        +[]() -> std::unique_ptr<Pass> { return createRecogniseGelu(); },
        +[]() -> std::unique_ptr<Pass> { return createRecogniseSilu(); },
        +[]() -> std::unique_ptr<Pass> { return createRecogniseHardSwish(); },
        +[]() -> std::unique_ptr<Pass> { return createRecogniseMish(); },
        +[]() -> std::unique_ptr<Pass> { return createRecogniseSoftmax(); },
        +[]() -> std::unique_ptr<Pass> { return createRecogniseAttention(); }})
    all.push_back({create()->getArgument().str(), [=](OpPassManager &pm) {
                     pm.addNestedPass<func::FuncOp>(create());
                   }});
  auto everything = [](StringRef) { return true; };
  all.push_back({"canonical", [=](OpPassManager &pm) {
                   addCanonicalPasses(pm, everything);
                 }});
  all.push_back({"recognised", [=](OpPassManager &pm) {
                   addCanonicalPasses(pm, everything);
                   addRecognisedPasses(pm, everything);
                 }});
  return all;
}

std::vector<std::string> litFiles() {
  std::vector<std::string> files;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(VISIR_LIT_FOLDER, error), end;
       it != end && !error; it.increment(error)) {
    StringRef name = llvm::sys::path::filename(it->path());
    if (name.ends_with(".mlir") && !name.starts_with("contracts"))
      files.push_back(it->path());
  }
  llvm::sort(files);
  return files;
}

Tensor randomTensor(RankedTensorType type, std::mt19937 &random) {
  Tensor tensor(type);
  std::normal_distribution<double> normal;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (tensor.isFloat())
      tensor.data<double>()[i] = normal(random);
    else
      tensor.data<int64_t>()[i] = random() % 2;
  }
  tensor.finish();
  return tensor;
}

/// Results for seeded inputs; nothing if the function has none.
FailureOr<SmallVector<Tensor>> run(func::FuncOp function) {
  std::mt19937 random(3);
  SmallVector<Tensor> inputs;
  for (Type type : function.getArgumentTypes())
    inputs.push_back(randomTensor(cast<RankedTensorType>(type), random));
  return reference::evaluate(function, inputs);
}

void expectClose(const Tensor &expected, const Tensor &actual) {
  ASSERT_EQ(expected.type(), actual.type());
  double largest = 1e-30;
  for (int64_t i = 0; i < expected.size(); ++i)
    if (std::isfinite(expected.asDouble(i)))
      largest = std::max(largest, std::abs(expected.asDouble(i)));
  for (int64_t i = 0; i < expected.size(); ++i) {
    double a = expected.asDouble(i), b = actual.asDouble(i);
    if (std::isnan(a) || std::isinf(a))
      EXPECT_TRUE(std::isnan(a) ? std::isnan(b) : a == b) << a << " " << b;
    else
      // Constants of the formulas are rounded decimals, weights are f32.
      EXPECT_NEAR(a, b, 2e-6 * largest);
  }
}

class KeepValues : public testing::TestWithParam<std::string> {};

} // namespace

TEST_P(KeepValues, InEveryPass) {
  MLIRContext context;
  context.loadDialect<VisirDialect, func::FuncDialect>();
  auto module = parseSourceFile<ModuleOp>(GetParam(), &context);
  ASSERT_TRUE(module);
  unsigned compared = 0;
  for (const Rewrite &rewrite : rewrites()) {
    OwningOpRef<ModuleOp> changed = module->clone();
    PassManager manager(&context);
    rewrite.add(manager);
    ASSERT_TRUE(succeeded(manager.run(*changed))) << rewrite.name;
    for (auto function : module->getOps<func::FuncOp>()) {
      SCOPED_TRACE(rewrite.name + " " + function.getName().str());
      FailureOr<SmallVector<Tensor>> expected = failure();
      {
        // Some functions fail on purpose: they divide by zero.
        ScopedDiagnosticHandler quiet(&context,
                                      [](Diagnostic &) { return success(); });
        expected = run(function);
      }
      if (failed(expected))
        continue;
      auto other = changed->lookupSymbol<func::FuncOp>(function.getName());
      auto actual = run(other);
      ASSERT_TRUE(succeeded(actual));
      for (auto [a, b] : llvm::zip_equal(*expected, *actual))
        expectClose(a, b);
      ++compared;
    }
  }
  EXPECT_GT(compared, 0u);
}

INSTANTIATE_TEST_SUITE_P(Lit, KeepValues, testing::ValuesIn(litFiles()),
                         [](const testing::TestParamInfo<std::string> &info) {
                           std::string name =
                               llvm::sys::path::stem(info.param).str();
                           llvm::replace(name, '-', '_');
                           return name;
                         });
