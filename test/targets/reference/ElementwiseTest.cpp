// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/reference/Evaluate.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace visir::test;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::NanSensitiveDoubleEq;
using testing::Pointwise;

static const double inf = HUGE_VAL;

static Numbers unary(const std::string &op, const std::string &element,
                     Numbers x) {
  std::string type = std::to_string(x.size()) + "x" + element;
  return evaluateOne("visir.unary " + op, type, {{type, x}});
}

static Numbers binary(const std::string &kind, const std::string &element,
                      Numbers a, Numbers b) {
  std::string type = std::to_string(a.size()) + "x" + element;
  return evaluateOne("visir.binary " + kind + " %a, %b", type,
                     {{type, a}, {type, b}});
}

TEST(Unary, roundsToTheNearestEven) {
  EXPECT_THAT(unary("round %a", "f32", {0.5, 1.5, -2.5, 2.4}),
              ElementsAre(0, 2, -2, 2));
}

TEST(Unary, activations) {
  EXPECT_THAT(unary("relu %a", "f32", {-1, 0, 2}), ElementsAre(0, 0, 2));
  EXPECT_THAT(unary("hard_swish %a", "f32", {-4, 3, 4, 0.6}),
              Pointwise(DoubleNear(1e-12), {0.0, 3.0, 4.0, 0.36}));
  EXPECT_THAT(
      unary("gelu %a", "f64", {1, -1}),
      Pointwise(DoubleNear(1e-12), {0.8413447460685429, -0.15865525393145707}));
  EXPECT_THAT(unary("softplus %a", "f64", {0, 800, -800}),
              Pointwise(DoubleNear(1e-12), {std::log(2), 800.0, 0.0}));
  EXPECT_THAT(
      unary("shrink %a {params = array<f64: 0.5, 1.5>}", "f32", {-2, 1, 2}),
      ElementsAre(-1.5, 0, 1.5));
  EXPECT_THAT(
      unary("leaky_relu %a {params = array<f64: 0.25>}", "f32", {-2, 2}),
      ElementsAre(-0.5, 2));
}

TEST(Unary, keepsNaN) {
  for (const char *kind : {"relu", "sign", "hard_swish", "abs"})
    EXPECT_TRUE(
        std::isnan(unary(std::string(kind) + " %a", "f32", {std::nan("")})[0]))
        << kind;
}

TEST(Unary, integersWrap) {
  EXPECT_THAT(unary("neg %a", "si8", {-128, 5}), ElementsAre(-128, -5));
  EXPECT_THAT(unary("abs %a", "si8", {-128, -5}), ElementsAre(-128, 5));
  EXPECT_THAT(unary("bit_not %a", "ui8", {1}), ElementsAre(254));
}

TEST(Unary, infinities) {
  Numbers x{-inf, inf, 1};
  EXPECT_THAT(evaluateOne("visir.unary is_inf %a {params = array<f64: 1., 1.>}",
                          "3xi1", {{"3xf32", x}}),
              ElementsAre(1, 1, 0));
  EXPECT_THAT(evaluateOne("visir.unary is_inf %a {params = array<f64: 0., 1.>}",
                          "3xi1", {{"3xf32", x}}),
              ElementsAre(0, 1, 0));
}

TEST(Unary, overflowsAtTheRangeOfTheType) {
  EXPECT_THAT(unary("exp %a", "f32", {100}), ElementsAre(inf));
  EXPECT_LT(unary("exp %a", "f64", {100})[0], inf);
  EXPECT_THAT(unary("exp %a", "f16", {12}), ElementsAre(inf));
}

TEST(Unary, roundsNarrowFloatsAfterEachOp) {
  // exp(1) = 2.718281...; f16 has steps of 2^-9 there, bf16 of 2^-6.
  EXPECT_THAT(unary("exp %a", "f16", {1}), ElementsAre(2.71875));
  EXPECT_THAT(unary("exp %a", "bf16", {1}), ElementsAre(2.71875));
  EXPECT_THAT(unary("exp %a", "f16", {-1}), ElementsAre(0.367919921875));
  EXPECT_NE(unary("exp %a", "f32", {1})[0], double(std::exp(1.0f)));
}

TEST(Binary, broadcasts) {
  EXPECT_THAT(evaluateOne("visir.binary add %a, %b", "2x3xf32",
                          {{"2x1xf32", {10, 20}}, {"3xf32", {1, 2, 3}}}),
              ElementsAre(11, 12, 13, 21, 22, 23));
}

TEST(Binary, remainders) {
  EXPECT_THAT(binary("mod", "si32", {-7, 7, -7}, {3, -3, -3}),
              ElementsAre(2, -2, -1));
  EXPECT_THAT(binary("fmod", "si32", {-7, 7, -7}, {3, -3, -3}),
              ElementsAre(-1, 1, -1));
  EXPECT_THAT(binary("mod", "f32", {-7, 7}, {3, -3}), ElementsAre(2, -2));
  EXPECT_THAT(binary("div", "si32", {-7, 7}, {2, 2}), ElementsAre(-3, 3));
}

TEST(Binary, integersWrap) {
  EXPECT_THAT(binary("add", "ui8", {250}, {10}), ElementsAre(4));
  EXPECT_THAT(binary("mul", "si16", {300}, {300}), ElementsAre(24464));
  EXPECT_THAT(binary("div", "si32", {-2147483648.0}, {-1}),
              ElementsAre(-2147483648.0));
  EXPECT_THAT(binary("pow", "si32", {-3}, {3}), ElementsAre(-27));
  EXPECT_THAT(binary("shift_left", "ui8", {129, 1}, {1, 8}), ElementsAre(2, 0));
}

TEST(Binary, unsignedOrder) {
  EXPECT_THAT(binary("max", "ui64", {-1}, {1}),
              ElementsAre(18446744073709551615.0));
}

TEST(Binary, extremesKeepNaN) {
  double nan = std::nan("");
  EXPECT_THAT(binary("max", "f32", {nan, 1}, {1, nan}),
              Pointwise(NanSensitiveDoubleEq(), {nan, nan}));
}

TEST(Binary, powersOfMixedTypes) {
  EXPECT_THAT(evaluateOne("visir.binary pow %a, %b", "2xsi32",
                          {{"2xsi32", {4, 9}}, {"2xf32", {0.5, 0.5}}}),
              ElementsAre(2, 3));
}

TEST(Binary, zeroDivisorIsAnError) {
  Outcome outcome = evaluateText(
      "func.func @main(%a: tensor<1xsi32>) -> tensor<1xsi32> {\n"
      "  %0 = visir.binary div %a, %a : (tensor<1xsi32>, tensor<1xsi32>) -> "
      "tensor<1xsi32> loc(\"Div_7\")\n"
      "  return %0 : tensor<1xsi32> }",
      {{0}});
  EXPECT_THAT(outcome.errors,
              testing::HasSubstr("Div_7\"): 'visir.binary' op divides an "
                                 "integer by zero"));
}

TEST(Compare, readsOperandsAsTheirTypeHoldsThem) {
  // 0.1f + 0.2f and 0.3f differ in f64 and are equal in f32.
  Outcome outcome = evaluateText(
      "func.func @main(%a: tensor<1xf32>, %b: tensor<1xf32>, %c: "
      "tensor<1xf32>) -> tensor<1xi1> {\n"
      "  %0 = visir.binary add %a, %b : (tensor<1xf32>, tensor<1xf32>) -> "
      "tensor<1xf32>\n"
      "  %1 = visir.compare eq %0, %c : (tensor<1xf32>, tensor<1xf32>) -> "
      "tensor<1xi1>\n"
      "  return %1 : tensor<1xi1> }",
      {{0.1f}, {0.2f}, {double(0.1f + 0.2f)}});
  EXPECT_THAT(outcome.results[0], ElementsAre(1));
}

TEST(Select, broadcasts) {
  EXPECT_THAT(
      evaluateOne("visir.select %a, %b, %c", "2x2xsi64",
                  {{"2x1xi1", {1, 0}}, {"2xsi64", {1, 2}}, {"si64", {9}}}),
      ElementsAre(1, 2, 9, 9));
}

TEST(Cast, conversions) {
  auto cast = [](const std::string &from, const std::string &to, Numbers x) {
    std::string count = std::to_string(x.size()) + "x";
    return evaluateOne("visir.cast %a to " + to, count + to,
                       {{count + from, x}});
  };
  EXPECT_THAT(cast("f32", "si32", {-1.9, 1.9}), ElementsAre(-1, 1));
  EXPECT_THAT(cast("f32", "i1", {-0.0, 0.1}), ElementsAre(0, 1));
  EXPECT_THAT(cast("si64", "f32", {16777217}), ElementsAre(16777216));
  EXPECT_THAT(cast("si32", "ui8", {-1, 300}), ElementsAre(255, 44));
  EXPECT_THAT(cast("f64", "f16", {65519, 65520, 6e-8}),
              ElementsAre(65504, inf, 5.9604644775390625e-08));
  EXPECT_THAT(cast("f32", "bf16", {1.00390625, 1.01171875}),
              ElementsAre(1, 1.015625));
}
