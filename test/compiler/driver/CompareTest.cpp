// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The search of faults on targets that are the reference with a fault put in.
#include "compiler/driver/Compare.h"
#include "compiler/driver/Evaluate.h"
#include "compiler/driver/Reduce.h"
#include "compiler/pipeline/Register.h"
#include "dialects/visir/Visir.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using visir::reference::Tensor;

namespace {

const char kModel[] = R"(
func.func @main(%a: tensor<4xf32>) -> (tensor<4xf32> {visir.name = "y"}) {
  %c = visir.constant dense<2.0> : tensor<4xf32> : tensor<4xf32>
  %0 = visir.unary exp %a : (tensor<4xf32>) -> tensor<4xf32> loc("Exp_0")
  %1 = visir.binary mul %0, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> loc("Mul_1")
  %2 = visir.unary neg %1 : (tensor<4xf32>) -> tensor<4xf32> loc("Neg_2")
  %3 = visir.unary tanh %2 : (tensor<4xf32>) -> tensor<4xf32> loc("Tanh_3")
  %4 = visir.binary add %3, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> loc("Add_4")
  %5 = visir.unary abs %4 : (tensor<4xf32>) -> tensor<4xf32> loc("Abs_5")
  return %5 : tensor<4xf32>
})";

class CompareTest : public testing::Test {
protected:
  void SetUp() override {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    module = parseSourceString<ModuleOp>(kModel, &context);
    ASSERT_TRUE(module);
    function = *module->getOps<func::FuncOp>().begin();
    Tensor tensor(cast<RankedTensorType>(function.getArgumentTypes()[0]));
    for (int64_t i = 0; i < 4; ++i)
      tensor.data<double>()[i] = 0.25 * double(i) - 0.5;
    inputs.push_back(tensor);
  }

  /// The reference, with one more op before the return of functions that
  /// `isFaulty` picks.
  TargetRunner faultyRunner(std::function<Operation *(func::FuncOp)> pick) {
    return [=](ModuleOp module, ArrayRef<Tensor> inputs) {
      ++runs;
      OwningOpRef<ModuleOp> clone = cast<ModuleOp>(module->clone());
      auto function = *clone->getOps<func::FuncOp>().begin();
      if (Operation *op = pick(function)) {
        OpBuilder builder(op->getContext());
        builder.setInsertionPointAfter(op);
        Value value = op->getResult(0);
        auto fault = UnaryOp::create(builder, op->getLoc(), UnaryKind::Sin,
                                     value, builder.getDenseF64ArrayAttr({}));
        value.replaceAllUsesExcept(fault, fault);
      }
      return reference::evaluate(function, inputs);
    };
  }

  static Operation *findAt(func::FuncOp function, StringRef name) {
    for (Operation *op : computedOps(function))
      if (auto loc = dyn_cast<NameLoc>(op->getLoc()))
        if (loc.getName() == name)
          return op;
    return nullptr;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
  SmallVector<Tensor> inputs;
  int runs = 0;
};

std::vector<std::string> namesOf(ArrayRef<Operation *> ops) {
  std::vector<std::string> names;
  for (Operation *op : ops)
    names.push_back(cast<NameLoc>(op->getLoc()).getName().str());
  return names;
}

TEST_F(CompareTest, measuresErrors) {
  auto type = RankedTensorType::get({3}, Float32Type::get(&context));
  Tensor a(type), b(type);
  for (int64_t i = 0; i < 3; ++i)
    a.data<double>()[i] = b.data<double>()[i] = double(i + 2);
  b.data<double>()[1] = 3.5;
  Difference difference = measure(a, b);
  EXPECT_EQ(difference.error, 0.125);
  EXPECT_EQ(difference.element, 1);
  EXPECT_EQ(difference.largest, 4);
  a.data<double>()[2] = NAN;
  EXPECT_EQ(measure(a, b).error, HUGE_VAL);
}

TEST_F(CompareTest, aFaithfulTargetAgrees) {
  auto none = faultyRunner([](func::FuncOp) { return nullptr; });
  auto comparison = compareOutputs(function, inputs, none);
  ASSERT_TRUE(succeeded(comparison));
  EXPECT_TRUE(comparison->agrees);
  EXPECT_THAT(comparison->names, testing::ElementsAre("y"));
  auto first = findFirstDifference(function, inputs, none);
  ASSERT_TRUE(succeeded(first));
  EXPECT_FALSE(first->has_value());
}

TEST_F(CompareTest, namesTheFirstNodeThatDiffers) {
  for (const char *name :
       {"Exp_0", "Mul_1", "Neg_2", "Tanh_3", "Add_4", "Abs_5"}) {
    auto faulty = faultyRunner([=](func::FuncOp f) { return findAt(f, name); });
    auto comparison = compareOutputs(function, inputs, faulty);
    ASSERT_TRUE(succeeded(comparison));
    EXPECT_FALSE(comparison->agrees) << name;
    auto first = findFirstDifference(function, inputs, faulty);
    ASSERT_TRUE(succeeded(first) && first->has_value());
    EXPECT_THAT(namesOf((*first)->op), testing::ElementsAre(name));
    EXPECT_GT((*first)->difference.error, 1e-3);
  }
}

TEST_F(CompareTest, reducesAFaultOfOneOp) {
  auto faulty = faultyRunner([](func::FuncOp f) { return findAt(f, "Neg_2"); });
  auto first = findFirstDifference(function, inputs, faulty);
  ASSERT_TRUE(succeeded(first) && first->has_value());
  auto test = [&](ArrayRef<Operation *> ops) -> FailureOr<bool> {
    auto difference = compareOps(function, inputs, ops, faulty);
    if (failed(difference))
      return failure();
    return difference->has_value();
  };
  auto reduced = reduceOps((*first)->prefix, test);
  ASSERT_TRUE(succeeded(reduced));
  EXPECT_THAT(namesOf(*reduced), testing::ElementsAre("Neg_2"));
}

TEST_F(CompareTest, reducesAFaultOfTwoOpsTogether) {
  // Only a program with both the product and the sum is wrong.
  auto faulty = faultyRunner([](func::FuncOp f) {
    return findAt(f, "Mul_1") ? findAt(f, "Add_4") : nullptr;
  });
  auto first = findFirstDifference(function, inputs, faulty);
  ASSERT_TRUE(succeeded(first) && first->has_value());
  EXPECT_THAT(namesOf((*first)->op), testing::ElementsAre("Add_4"));
  auto test = [&](ArrayRef<Operation *> ops) -> FailureOr<bool> {
    auto difference = compareOps(function, inputs, ops, faulty);
    if (failed(difference))
      return failure();
    return difference->has_value();
  };
  auto reduced = reduceOps((*first)->prefix, test);
  ASSERT_TRUE(succeeded(reduced));
  EXPECT_THAT(namesOf(*reduced), testing::ElementsAre("Mul_1", "Add_4"));
}

TEST_F(CompareTest, writesAReproducerThatRuns) {
  SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("reduce", folder));
  Operation *ops[] = {findAt(function, "Mul_1"), findAt(function, "Neg_2")};
  ASSERT_TRUE(succeeded(writeReproducer(function, inputs, ops, folder)));
  EvaluateOptions options;
  options.model = (folder + "/model.mlir").str();
  options.inputs = (folder + "/inputs.npz").str();
  options.outputs = (folder + "/outputs.npz").str();
  std::string text;
  EXPECT_EQ(evaluateFiles(options, text), EvaluateStatus::Done) << text;
  auto outputs = readNumpy(options.outputs);
  ASSERT_TRUE(bool(outputs));
  ASSERT_EQ(outputs->size(), 1u);
  float value;
  memcpy(&value, (*outputs)[0].bytes.data(), 4);
  EXPECT_FLOAT_EQ(value, -2 * std::exp(-0.5f));
  llvm::sys::fs::remove_directories(folder);
}

} // namespace
