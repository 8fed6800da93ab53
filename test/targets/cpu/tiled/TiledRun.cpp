// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/cpu/tiled/TiledRun.h"

#include "compiler/support/Constants.h"
#include "targets/common/Layout.h"
#include "targets/cpu/codegen/contraction/Packing.h"
#include "targets/cpu/codegen/winograd/Transforms.h"
#include "targets/cpu/codegen/winograd/Winograd.h"
#include "targets/reference/Interpreter.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::test;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static RankedTensorType withoutLayout(RankedTensorType type) {
  return RankedTensorType::get(type.getShape(), type.getElementType());
}

void test::packOperand(DispatchOp op, unsigned operand) {
  LayoutAttr layout = cpu::packedWeightLayout(
      op, operand, *cpu::findSpec("x86-64-v4"));
  if (!layout)
    return;
  RankedTensorType type = typeOf(op.getInputs()[operand]);
  op.getInputs()[operand].setType(
      RankedTensorType::get(type.getShape(), type.getElementType(), layout));
}

std::vector<char> test::toLayout(ArrayRef<char> bytes, RankedTensorType type) {
  auto layout = dyn_cast_or_null<LayoutAttr>(type.getEncoding());
  if (!layout)
    return bytes.vec();
  ElementsAttr constant = makeConstant(withoutLayout(type), bytes);
  SmallVector<char> packed = packConstant(constant, layout);
  return std::vector<char>(packed.begin(), packed.end());
}

std::vector<char> test::fromLayout(ArrayRef<char> bytes,
                                   RankedTensorType type) {
  Placement place = placementOf(type);
  unsigned size = elementBytes(type.getElementType());
  std::vector<char> result(tensorBytes(type));
  SmallVector<int64_t> at(type.getRank(), 0);
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    int64_t from = 0;
    for (auto [c, dim] : llvm::zip_equal(at, place.dims))
      from += c / dim.tile * dim.stride +
              (dim.tile > 1 ? c % dim.tile * dim.innerStride : 0);
    memcpy(result.data() + i * size, bytes.data() + from * size, size);
    for (int64_t d = type.getRank() - 1; d >= 0; --d) {
      if (++at[d] < type.getDimSize(d))
        break;
      at[d] = 0;
    }
  }
  return result;
}

static void compare(ArrayRef<char> got, const reference::Tensor &wanted,
                    double tolerance, const std::string &where) {
  int wrong = 0;
  for (int64_t i = 0; i < wanted.size() && wrong < 3; ++i) {
    double x = elementAsDouble(got, wanted.element(), i);
    double y = wanted.asDouble(i);
    if (std::abs(x - y) <= tolerance * std::max(1.0, std::abs(y)))
      continue;
    ADD_FAILURE() << where << ": element " << i << " is " << x << ", expected "
                  << y;
    ++wrong;
  }
}

/// Runs the kernel whole and in two pieces and returns its row-major results.
static std::vector<std::vector<char>>
runBoth(DispatchOp op, Kernel &kernel, ArrayRef<std::vector<char>> inputs,
        const std::string &where) {
  std::vector<std::vector<char>> results[2];
  for (uint32_t split : {0u, kernel.info.tileCount / 2 + 1}) {
    std::vector<std::vector<char>> bindings;
    for (auto [value, bytes] : llvm::zip_equal(op.getInputs(), inputs))
      bindings.push_back(toLayout(bytes, typeOf(value)));
    // Junk shows elements that nothing writes.
    for (Value value : op.getResults())
      bindings.emplace_back(placedBytes(typeOf(value)), 77);
    EXPECT_EQ(kernel.run(bindings, split), 0) << where;
    for (auto [j, value] : llvm::enumerate(op.getResults()))
      results[split != 0].push_back(
          fromLayout(bindings[inputs.size() + j], typeOf(value)));
  }
  EXPECT_EQ(results[0], results[1]) << where;
  return results[0];
}

namespace {

/// A dispatch, its random inputs, and what the reference makes of them.
struct Case {
  OwningOpRef<ModuleOp> module;
  DispatchOp op;
  std::vector<std::vector<char>> inputs;
  SmallVector<reference::Tensor> wanted;

  explicit Case(const std::string &text) : module(parse(text)) {
    if (!module)
      return;
    module->walk([&](DispatchOp found) { op = found; });
    inputs = randomInputs(op, 1);
    SmallVector<reference::Tensor> operands;
    for (auto [value, bytes] : llvm::zip(op.getInputs(), inputs))
      operands.push_back(
          reference::Tensor::fromBytes(withoutLayout(typeOf(value)), bytes));
    auto results = reference::evaluateOp(op, operands);
    if (succeeded(results))
      wanted = std::move(*results);
    EXPECT_FALSE(wanted.empty()) << text;
  }
  void check(const cpu::CpuSpec &spec, double tolerance,
             const std::string &where) {
    Kernel compiled(op, spec);
    auto results = runBoth(op, compiled, inputs, where);
    for (auto [j, tensor] : llvm::enumerate(wanted))
      compare(results[j], tensor, tolerance,
              "result " + std::to_string(j) + ", " + where);
  }
};

} // namespace

void test::expectTiled(const std::string &text,
                       std::optional<std::string> kernel, int packed,
                       double tolerance) {
  Case c(text);
  if (c.wanted.empty())
    return;
  if (packed >= 0)
    packOperand(c.op, unsigned(packed));
  for (const cpu::CpuSpec *spec : runnableSpecs()) {
    std::string where = spec->name + "\n" + text;
    c.op.removeConfigAttr();
    ASSERT_TRUE(succeeded(cpu::chooseConfig(c.op, *spec))) << where;
    auto chosen = c.op.getConfigAttr().getAs<StringAttr>("kernel");
    if (kernel)
      EXPECT_EQ(chosen ? chosen.getValue().str() : "", *kernel) << where;
    c.check(*spec, tolerance, where);
    if (::testing::Test::HasFailure())
      return;
  }
}

OwningOpRef<ModuleOp> test::emitTiled(const std::string &text, int packed,
                                      KernelInfo *info) {
  OwningOpRef<ModuleOp> module = parse(text);
  DispatchOp op;
  module->walk([&](DispatchOp found) { op = found; });
  if (packed >= 0)
    packOperand(op, unsigned(packed));
  const cpu::CpuSpec &spec = *cpu::findSpec("x86-64-v4");
  EXPECT_TRUE(succeeded(cpu::chooseConfig(op, spec)));
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(op.getLoc());
  FailureOr<KernelInfo> emitted = cpu::emitKernel(op, spec, *kernels, "k");
  EXPECT_TRUE(succeeded(emitted));
  if (info && succeeded(emitted))
    *info = *emitted;
  return kernels;
}

std::vector<char> test::useWinograd(DispatchOp op, int64_t outputs,
                                    ArrayRef<char> weights) {
  Value operand = op.getInputs()[1];
  ArrayRef<int64_t> window = typeOf(operand).getShape().drop_front(2);
  unsigned axes = std::min<unsigned>(llvm::count(window, 3), 2);
  ElementsAttr transformed =
      cpu::transformWeights(makeConstant(typeOf(operand), weights),
                            cpu::FilterTransform(outputs), axes);
  operand.setType(transformed.getShapedType());
  op.setConfigAttr(cpu::winogradConfig(op, outputs));
  packOperand(op, 1);
  SmallVector<char> storage;
  return constantBytes(transformed, storage).vec();
}

void test::expectWinograd(const std::string &text, int64_t outputs,
                          double tolerance) {
  Case c(text);
  if (c.wanted.empty())
    return;
  c.inputs[1] = useWinograd(c.op, outputs, c.inputs[1]);
  for (const cpu::CpuSpec *spec : runnableSpecs()) {
    c.check(*spec, tolerance, spec->name + "\n" + text);
    if (::testing::Test::HasFailure())
      return;
  }
}
