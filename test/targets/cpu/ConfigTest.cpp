// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The choice of loops, and what becomes of a config that does not fit.
#include "test/targets/cpu/KernelRun.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Diagnostics.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace visir;
using namespace visir::test;

namespace {

/// A parsed dispatch and what is reported about it.
struct Fixture {
  explicit Fixture(const DispatchText &text)
      : module(parse(text.module())),
        handler(&context(), [this](Diagnostic &diagnostic) {
          messages.push_back(diagnostic.str());
          return success();
        }) {
    module->walk([&](DispatchOp found) { op = found; });
  }

  DictionaryAttr choose(const char *spec = "x86-64-v4") {
    EXPECT_TRUE(succeeded(cpu::chooseConfig(op, *cpu::findSpec(spec))));
    return op.getConfigAttr();
  }
  int64_t lanes() {
    return op.getConfigAttr().getAs<IntegerAttr>("lanes").getInt();
  }
  bool flag(const char *name) {
    return op.getConfigAttr().getAs<BoolAttr>(name).getValue();
  }

  OwningOpRef<ModuleOp> module;
  std::vector<std::string> messages;
  ScopedDiagnosticHandler handler;
  DispatchOp op;
};

DispatchText copy(const std::string &domain, const std::string &from,
                  const std::string &load, const std::string &to) {
  return {"map",
          domain,
          2,
          {{from, load}},
          {{to, "(d0, d1) -> (d0, d1)"}},
          "visir.yield",
          "visir.yield %e0 : f32",
          {}};
}

} // namespace

TEST(Config, LanesFollowTheMemory) {
  Fixture rows(
      copy("[64, 96]", "64x96xf32", "(d0, d1) -> (d0, d1)", "64x96xf32"));
  rows.choose();
  EXPECT_EQ(rows.lanes(), 16);
  EXPECT_FALSE(rows.flag("transposes"));
  Fixture narrow(
      copy("[64, 96]", "64x96xf32", "(d0, d1) -> (d0, d1)", "64x96xf32"));
  narrow.choose("x86-64-v2");
  EXPECT_EQ(narrow.lanes(), 4);
}

TEST(Config, TransposesAreTurnedInBlocks) {
  Fixture turned(
      copy("[64, 96]", "96x64xf32", "(d0, d1) -> (d1, d0)", "64x96xf32"));
  turned.choose();
  EXPECT_TRUE(turned.flag("transposes"));
}

TEST(Config, ReductionsOfContiguousRowsRunAlongThem) {
  auto sum = [](const char *type, const char *load) {
    return DispatchText{"reduce, {combiner = #visir<reduce_kind sum>}",
                        "[64, 96]",
                        1,
                        {{type, load}},
                        {{"64xf32", "(d0, d1) -> (d0)"}},
                        "visir.yield %p0 : f32",
                        "visir.yield %r0 : f32",
                        {"f32"}};
  };
  Fixture along(sum("64x96xf32", "(d0, d1) -> (d0, d1)"));
  along.choose();
  EXPECT_TRUE(along.flag("along_reduction"));
  Fixture across(sum("96x64xf32", "(d0, d1) -> (d1, d0)"));
  across.choose();
  EXPECT_FALSE(across.flag("along_reduction"));
  EXPECT_EQ(across.lanes(), 16);
}

TEST(Config, ScalarCodeIsRemarked) {
  Fixture topk(DispatchText{"topk, {k = 3 : i64}",
                            "[64, 96]",
                            1,
                            {{"64x96xf32", "(d0, d1) -> (d0, d1)"}},
                            {{"64x3xf32", "(d0, d1)[s0] -> (d0, s0)"},
                             {"64x3xsi64", "(d0, d1)[s0] -> (d0, s0)"}},
                            "visir.yield %p0 : f32",
                            "visir.yield %r0, %r1 : f32, i64",
                            {"f32", "i64"}});
  topk.choose();
  ASSERT_EQ(topk.messages.size(), 1u);
  EXPECT_EQ(topk.messages[0],
            "slow path: a root topk goes one element at a time");
}

TEST(Config, PlainLoopsForProductsAreRemarked) {
  // The sum of one operand has no better kernel.
  for (bool product : {true, false}) {
    Fixture window(DispatchText{
        "reduce, {combiner = #visir<reduce_kind sum>}",
        "[8, 30, 3]",
        2,
        {{"8x61xf32", "(d0, d1, d2) -> (d0, d1 * 2 + d2)"},
         {"8x3xf32", "(d0, d1, d2) -> (d0, d2)"}},
        {{"8x30xf32", "(d0, d1, d2) -> (d0, d1)"}},
        product ? "%m = arith.mulf %p0, %p1 : f32\nvisir.yield %m : f32"
                : "visir.yield %p0 : f32",
        "visir.yield %r0 : f32",
        {"f32"}});
    ASSERT_FALSE(window.choose().contains("kernel"));
    ASSERT_EQ(window.messages.size(), product ? 1u : 0u);
    if (product)
      EXPECT_EQ(window.messages[0].rfind("slow path: plain loops for a root "
                                         "reduce: ",
                                         0),
                0u);
  }
}

TEST(Config, OneThatDoesNotFitIsRefused) {
  struct Wrong {
    const char *config, *message;
  };
  const Wrong cases[] = {
      {"{}", "config lacks order, lanes, along_reduction, transposes or "
             "tile_points"},
      {"{order = array<i64: 0>, lanes = 16 : i64, along_reduction = false, "
       "transposes = false, tile_points = 64 : i64}",
       "config order has 1 dimensions, expected 2"},
      {"{order = array<i64: 0, 0>, lanes = 16 : i64, along_reduction = false, "
       "transposes = false, tile_points = 64 : i64}",
       "config order is not a permutation, parallel dimensions first"},
      {"{order = array<i64: 0, 1>, lanes = 5 : i64, along_reduction = false, "
       "transposes = false, tile_points = 64 : i64}",
       "config lanes is 5, expected 0 or a power of 2 up to 64"},
      {"{order = array<i64: 0, 1>, lanes = 16 : i64, along_reduction = false, "
       "transposes = false, tile_points = 0 : i64}",
       "config tile_points is 0, expected at least 1"},
  };
  for (const Wrong &wrong : cases) {
    Fixture fixture(
        copy("[8, 16]", "8x16xf32", "(d0, d1) -> (d0, d1)", "8x16xf32"));
    fixture.op.setConfigAttr(
        cast<DictionaryAttr>(parseAttribute(wrong.config, &context())));
    OwningOpRef<ModuleOp> kernels = ModuleOp::create(fixture.op.getLoc());
    EXPECT_TRUE(failed(cpu::emitKernel(fixture.op, *cpu::findSpec("x86-64-v4"),
                                       *kernels, "k")));
    ASSERT_EQ(fixture.messages.size(), 1u) << wrong.config;
    EXPECT_EQ(fixture.messages[0], wrong.message);
    EXPECT_TRUE(kernels->getBody()->empty());
  }
}

TEST(Config, SymbolsThatAreMissingAreNamed) {
  Fixture fixture(
      copy("[8, 16]", "8x16xf32", "(d0, d1) -> (d0, d1)", "8x16xf32"));
  fixture.choose();
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(fixture.op.getLoc());
  const cpu::CpuSpec &spec = *cpu::findSpec("x86-64-v4");
  ASSERT_TRUE(succeeded(cpu::emitKernel(fixture.op, spec, *kernels, "k")));
  EXPECT_TRUE(failed(cpu::compileKernels(*kernels, spec, {"other"})));
  ASSERT_EQ(fixture.messages.size(), 1u);
  EXPECT_EQ(fixture.messages[0], "no kernel is named other");
}
