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

/// A product of m x k by k x n whose factors are of an element type.
std::string productText(int m, int n, int k, const std::string &element) {
  std::string left = "tensor<" + std::to_string(m) + "x" + std::to_string(k) +
                     "x" + element + ">";
  std::string right = "tensor<" + std::to_string(k) + "x" + std::to_string(n) +
                      "x" + element + ">";
  std::string result =
      "tensor<" + std::to_string(m) + "x" + std::to_string(n) + "xf32>";
  std::string extend =
      element == "f32" ? "visir.yield %x, %y : f32, f32"
                       : "%u = arith.extf %x : " + element +
                             " to f32 %v = arith.extf %y : " + element +
                             " to f32 visir.yield %u, %v : f32, f32";
  return "func.func @f(%a: " + left + ", %b: " + right +
         ") { %r = visir.dispatch <contract> domain = [" + std::to_string(m) +
         ", " + std::to_string(n) + ", " + std::to_string(k) +
         "] parallel 2 (%a, %b) loads [#visir.access<(d0, d1, d2) -> (d0, "
         "d2)>, #visir.access<(d0, d1, d2) -> (d2, d1)>] stores "
         "[#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1] : (" +
         left + ", " + right + ") -> " + result + " prologue { ^bb0(%x: " +
         element + ", %y: " + element + "): " + extend +
         " } epilogue { ^bb0(%s: f32, %x: " + element + ", %y: " + element +
         "): visir.yield %s : f32 } return }";
}

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
  vulkan::SpirvModule
  compile(vulkan::MatrixMode mode = vulkan::MatrixMode::None) {
    EXPECT_TRUE(op) << message;
    auto emitted = vulkan::emitKernel(op, mode);
    EXPECT_TRUE(succeeded(emitted)) << message;
    kernel = std::move(*emitted);
    auto compiled = vulkan::compileToSpirv(kernel, &text);
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
  EXPECT_TRUE(fixture.kernel.resizable);
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

/// Words of the instructions of an opcode.
static std::vector<std::vector<uint32_t>>
find(const std::vector<uint32_t> &words, uint32_t opcode) {
  std::vector<std::vector<uint32_t>> found;
  for (size_t at = 5; at < words.size(); at += words[at] >> 16)
    if ((words[at] & 0xffff) == opcode)
      found.emplace_back(words.begin() + at,
                         words.begin() + at + (words[at] >> 16));
  return found;
}

TEST(Vulkan, SizesOfPlainWorkgroupsAreConstants) {
  constexpr uint32_t kDecorate = 71, kSpecConstant = 50, kComposite = 51;
  constexpr uint32_t kSpecId = 1, kBuiltIn = 11, kWorkgroupSize = 25;
  Fixture fixture(moved("1000", "f32"));
  auto words = fixture.compile().words;
  EXPECT_THAT(fixture.text, HasSubstr("spirv.SpecConstant @workgroup_x "
                                      "spec_id(0) = 64 : i32"));
  auto constants = find(words, kSpecConstant);
  ASSERT_EQ(constants.size(), 3u);
  EXPECT_EQ(constants[0][3], 64u);
  EXPECT_EQ(constants[1][3], 1u);
  auto composites = find(words, kComposite);
  ASSERT_EQ(composites.size(), 1u);
  EXPECT_EQ(composites[0][3], constants[0][2]);
  unsigned ids = 0, sizes = 0;
  for (const auto &decoration : find(words, kDecorate)) {
    if (decoration[2] == kSpecId) {
      ++ids;
      EXPECT_EQ(decoration[1], constants[0][2]);
      EXPECT_EQ(decoration[3], 0u);
    }
    if (decoration[2] == kBuiltIn && decoration[3] == kWorkgroupSize) {
      ++sizes;
      EXPECT_EQ(decoration[1], composites[0][2]);
    }
  }
  EXPECT_EQ(ids, 1u);
  EXPECT_EQ(sizes, 1u);
}

TEST(Vulkan, TiledWorkgroupsKeepTheirSizes) {
  Fixture fixture(productText(64, 64, 64, "f32"));
  auto words = fixture.compile().words;
  EXPECT_FALSE(fixture.kernel.resizable);
  EXPECT_THAT(find(words, 50), IsEmpty());
}

TEST(Vulkan, ProductsOfHalvesMultiplyMatrices) {
  Fixture fixture(productText(70, 48, 40, "f16"));
  vulkan::SpirvModule module = fixture.compile(vulkan::MatrixMode::Cooperative);
  EXPECT_THAT(module.features,
              ElementsAre("float16", "int16", "matrix16", "storage16"));
  EXPECT_TRUE(fixture.kernel.cooperative);
  // Tiles of 64 x 64: two down, one across; four subgroups of 32.
  EXPECT_EQ(fixture.kernel.workgroups, 2);
  EXPECT_EQ(fixture.kernel.threads, 128);
  EXPECT_LE(fixture.kernel.sharedBytes, 16384);
  // Of 2 x 2 matrices for 2 x 16 terms each.
  constexpr uint32_t kLoad = 4457, kStore = 4458, kMultiply = 4459;
  EXPECT_EQ(find(module.words, kMultiply).size(), 8u);
  EXPECT_EQ(find(module.words, kLoad).size(), 8u);
  EXPECT_EQ(find(module.words, kStore).size(), 4u);
  EXPECT_THAT(fixture.text, HasSubstr("Logical Vulkan"));
  EXPECT_THAT(fixture.text, HasSubstr("NonPrivatePointer"));
  EXPECT_THAT(fixture.text, HasSubstr("MakeAvailable"));
}

TEST(Vulkan, OtherProductsMultiplyNone) {
  for (const std::string &text :
       {productText(64, 64, 64, "f32"), productText(64, 64, 64, "bf16"),
        productText(15, 64, 64, "f16"), productText(64, 15, 64, "f16"),
        productText(64, 64, 15, "f16")}) {
    Fixture fixture(text);
    auto module = fixture.compile(vulkan::MatrixMode::Cooperative);
    EXPECT_EQ(module.features.count("matrix16"), 0u) << text;
    EXPECT_FALSE(fixture.kernel.cooperative);
  }
  Fixture asked(productText(64, 64, 64, "f16"));
  EXPECT_EQ(asked.compile().features.count("matrix16"), 0u);
}

TEST(Vulkan, EmulatedMatricesAskForNothing) {
  Fixture fixture(productText(64, 64, 64, "f16"));
  auto module = fixture.compile(vulkan::MatrixMode::Emulated);
  EXPECT_THAT(module.features, ElementsAre("int16", "storage16"));
  EXPECT_EQ(fixture.kernel.threads, 128);
  EXPECT_GT(fixture.kernel.sharedBytes, 0);
}

TEST(Vulkan, ErrorsOfTheDisassemblerAreHandedOn) {
  auto text = vulkan::disassemble("/bin/false", {});
  ASSERT_FALSE(bool(text));
  EXPECT_EQ(llvm::toString(text.takeError()),
            "spirv-dis exits with 1, expected 0");
}
