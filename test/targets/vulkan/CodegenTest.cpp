// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/codegen/VulkanKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace visir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace {

/// A map of `payload` over one tensor of an element type.
std::string mapText(const std::string &extent, const std::string &element,
                    const std::string &payload) {
  std::string tensor = "tensor<" + extent + "x" + element + ">";
  return "func.func @f(%x: " + tensor + ") { %r = visir.dispatch <map> " +
         "domain = [" + extent + "] parallel 1 (%x) loads [#visir.access<(d0) "
         "-> (d0)>] stores [#visir.access<(d0) -> (d0)>] ties [-1] : (" +
         tensor + ") -> " + tensor + " prologue { ^bb0(%a: " + element +
         "): visir.yield } epilogue { ^bb0(%a: " + element + "): " + payload +
         " } return }";
}

std::string moved(const std::string &extent, const std::string &element) {
  return mapText(extent, element, "visir.yield %a : " + element);
}

/// A gather, whose indices may be out of range.
const char *const kGather =
    "func.func @f(%x: tensor<9xf32>, %i: tensor<9xsi32>) { %r = "
    "visir.dispatch <map> domain = [9] parallel 1 (%x, %i) loads "
    "[#visir.access<(d0) -> (0), index_axes = [0], index_loads = [1]>, "
    "#visir.access<(d0) -> (d0)>] stores [#visir.access<(d0) -> (d0)>] ties "
    "[-1] : (tensor<9xf32>, tensor<9xsi32>) -> tensor<9xf32> prologue { "
    "^bb0(%a: f32, %b: i32): visir.yield } epilogue { ^bb0(%a: f32, %b: i32): "
    "visir.yield %a : f32 } return }";

struct Fixture {
  explicit Fixture(const std::string &text) {
    context.loadDialect<VisirDialect, func::FuncDialect, arith::ArithDialect,
                        math::MathDialect>();
    vulkan::loadDialects(context);
    context.getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
      message += diagnostic.str();
      return success();
    });
    module = parseSourceString<ModuleOp>(text, &context);
    if (module)
      module->walk([&](DispatchOp found) { op = found; });
  }

  /// Emits and compiles; `text` is the module's.
  vulkan::SpirvModule compile() {
    EXPECT_TRUE(op) << message;
    auto emitted = vulkan::emitKernel(op);
    EXPECT_TRUE(succeeded(emitted)) << message;
    kernel = std::move(*emitted);
    auto compiled = vulkan::compileToSpirv(*kernel.holder, &text);
    EXPECT_TRUE(succeeded(compiled)) << message;
    return succeeded(compiled) ? *compiled : vulkan::SpirvModule();
  }

  MLIRContext context;
  std::string message, text;
  OwningOpRef<ModuleOp> module;
  DispatchOp op;
  vulkan::EmittedKernel kernel;
};

} // namespace

TEST(Vulkan, FloatsDemandNothing) {
  Fixture fixture(mapText("1000", "f32",
                          "%y = math.tanh %a : f32 visir.yield %y : f32"));
  vulkan::SpirvModule module = fixture.compile();
  EXPECT_THAT(module.features, IsEmpty());
  EXPECT_EQ(fixture.kernel.workgroups, 16);
  EXPECT_FALSE(fixture.kernel.canFail);
  EXPECT_EQ(module.loopSteps, 0u);
  ASSERT_GT(module.words.size(), 5u);
  EXPECT_EQ(module.words[0], 0x07230203u);
  EXPECT_THAT(fixture.text, HasSubstr("\"LocalSize\", 64, 1, 1"));
  EXPECT_THAT(fixture.text, HasSubstr("bind(0, 1)"));
  EXPECT_THAT(fixture.text, Not(HasSubstr("bind(0, 2)")));
  // No function of the device's, whose precision is its own.
  EXPECT_THAT(fixture.text, Not(HasSubstr("spirv.GL.Tanh")));
  EXPECT_THAT(fixture.text, Not(HasSubstr("spirv.GL.Exp")));
}

TEST(Vulkan, ArithmeticIsExact) {
  Fixture fixture(mapText("8", "f32",
                          "%y = arith.mulf %a, %a : f32 %z = arith.addf %y, "
                          "%a : f32 visir.yield %z : f32"));
  fixture.compile();
  EXPECT_THAT(fixture.text, HasSubstr("spirv.FMul"));
  size_t at = fixture.text.find("spirv.FAdd");
  ASSERT_NE(at, std::string::npos);
  EXPECT_THAT(fixture.text.substr(at, 60), HasSubstr("no_contraction"));
}

TEST(Vulkan, SumsMayBeFused) {
  Fixture fixture(mapText("8", "f32",
                          "%y = math.fma %a, %a, %a : f32 "
                          "visir.yield %y : f32"));
  fixture.compile();
  EXPECT_THAT(fixture.text, HasSubstr("spirv.GL.Fma"));
  EXPECT_THAT(fixture.text, Not(HasSubstr("spirv.FAdd")));
}

TEST(Vulkan, WidthsAreDemanded) {
  EXPECT_THAT(Fixture(moved("8", "si32")).compile().features, IsEmpty());
  EXPECT_THAT(Fixture(moved("8", "f16")).compile().features,
              ElementsAre("int16", "storage16"));
  EXPECT_THAT(Fixture(moved("8", "bf16")).compile().features,
              ElementsAre("int16", "storage16"));
  EXPECT_THAT(Fixture(moved("8", "si8")).compile().features,
              ElementsAre("int8", "storage8"));
  EXPECT_THAT(Fixture(moved("8", "f64")).compile().features,
              ElementsAre("float64"));
  EXPECT_THAT(Fixture(moved("8", "si64")).compile().features,
              ElementsAre("int64"));
}

TEST(Vulkan, FailingKernelsHaveAWord) {
  Fixture fixture(kGather);
  fixture.compile();
  EXPECT_TRUE(fixture.kernel.canFail);
  EXPECT_THAT(fixture.text, HasSubstr("bind(0, 3)"));
  EXPECT_THAT(fixture.text, Not(HasSubstr("bind(0, 4)")));
}

TEST(Vulkan, TooManyElementsAreRefused) {
  Fixture fixture(moved("2147483648", "f32"));
  ASSERT_TRUE(fixture.op) << fixture.message;
  EXPECT_TRUE(failed(vulkan::emitKernel(fixture.op)));
  EXPECT_THAT(fixture.message,
              HasSubstr("number of invocations is 2147483648, expected at "
                        "most 2147483583"));
}

TEST(Vulkan, ErrorsOfTheDisassemblerAreHandedOn) {
  auto text = vulkan::disassemble("/bin/false", {});
  ASSERT_FALSE(bool(text));
  EXPECT_EQ(llvm::toString(text.takeError()),
            "spirv-dis exits with 1, expected 0");
}
