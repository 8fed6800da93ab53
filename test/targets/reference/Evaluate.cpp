// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/reference/Evaluate.h"

#include "dialects/visir/Visir.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace visir;
using namespace visir::test;
using visir::reference::Tensor;

static Tensor makeTensor(Type type, const Numbers &numbers) {
  Tensor tensor(cast<RankedTensorType>(type));
  EXPECT_EQ(size_t(tensor.size()), numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (tensor.isFloat())
      tensor.data<double>()[i] = numbers[i];
    else
      tensor.data<int64_t>()[i] = int64_t(numbers[i]);
  }
  return tensor;
}

Outcome visir::test::evaluateText(const std::string &ir,
                                  std::vector<Numbers> arguments) {
  MLIRContext context;
  context.loadDialect<VisirDialect, func::FuncDialect, arith::ArithDialect,
                      math::MathDialect>();
  Outcome outcome;
  context.getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
    llvm::raw_string_ostream(outcome.errors)
        << diagnostic.getLocation() << ": " << diagnostic << "\n";
    return success();
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(ir, &context);
  if (!module)
    return outcome;
  auto function = module->lookupSymbol<func::FuncOp>("main");
  SmallVector<Tensor> tensors;
  for (auto [i, numbers] : llvm::enumerate(arguments))
    tensors.push_back(makeTensor(function.getArgumentTypes()[i], numbers));
  auto results = reference::evaluate(
      function, tensors, [&](OpResult result, const Tensor &tensor) {
        std::string text;
        llvm::raw_string_ostream(text)
            << result.getLoc() << ": " << tensor.type();
        outcome.seen.push_back(text);
        return success();
      });
  if (failed(results))
    return outcome;
  for (const Tensor &tensor : *results) {
    Numbers numbers;
    for (int64_t i = 0; i < tensor.size(); ++i)
      numbers.push_back(tensor.asDouble(i));
    outcome.results.push_back(numbers);
  }
  return outcome;
}

Numbers visir::test::evaluateOne(
    const std::string &op, const std::string &result,
    std::vector<std::pair<std::string, Numbers>> arguments) {
  std::string list, types;
  std::vector<Numbers> numbers;
  for (auto &[type, values] : arguments) {
    std::string name(1, char('a' + numbers.size()));
    list += (list.empty() ? "%" : ", %") + name + ": tensor<" + type + ">";
    types += (types.empty() ? "tensor<" : ", tensor<") + type + ">";
    numbers.push_back(values);
  }
  std::string out = "tensor<" + result + ">";
  Outcome outcome = evaluateText(
      "func.func @main(" + list + ") -> " + out + " { %0 = " + op + " : (" +
          types + ") -> " + out + " return %0 : " + out + " }",
      numbers);
  EXPECT_EQ(outcome.errors, "");
  return outcome.results.empty() ? Numbers() : outcome.results[0];
}
