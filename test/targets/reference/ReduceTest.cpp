// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/reference/Evaluate.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace visir::test;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

static Numbers reduce(const std::string &kind, const std::string &axes,
                      const std::string &result, const std::string &type,
                      Numbers x) {
  return evaluateOne("visir.reduce " + kind + " %a {axes = array<i64: " + axes +
                         ">, keepdims = false}",
                     result, {{type, x}});
}

TEST(Reduce, kinds) {
  Numbers x{1, -2, 3, 4};
  EXPECT_THAT(reduce("sum", "0", "2xf32", "2x2xf32", x), ElementsAre(4, 2));
  EXPECT_THAT(reduce("mean", "1", "2xf32", "2x2xf32", x),
              ElementsAre(-0.5, 3.5));
  EXPECT_THAT(reduce("prod", "0, 1", "f32", "2x2xf32", x), ElementsAre(-24));
  EXPECT_THAT(reduce("l1", "0, 1", "f32", "2x2xf32", x), ElementsAre(10));
  EXPECT_THAT(reduce("sum_square", "0, 1", "f32", "2x2xf32", x),
              ElementsAre(30));
  EXPECT_THAT(reduce("l2", "1", "2xf32", "2x2xf32", {3, 4, 6, 8}),
              ElementsAre(5, 10));
  EXPECT_THAT(reduce("log_sum_exp", "0", "f64", "2xf64", {1000, 1000}),
              Pointwise(DoubleNear(1e-9), {1000 + std::log(2)}));
}

TEST(Reduce, nothingGivesTheIdentity) {
  EXPECT_THAT(reduce("sum", "0", "f32", "0xf32", {}), ElementsAre(0));
  EXPECT_THAT(reduce("prod", "0", "f32", "0xf32", {}), ElementsAre(1));
  EXPECT_THAT(reduce("max", "0", "f32", "0xf32", {}), ElementsAre(-HUGE_VAL));
  EXPECT_THAT(reduce("max", "0", "si8", "0xsi8", {}), ElementsAre(-128));
  EXPECT_THAT(reduce("min", "0", "ui8", "0xui8", {}), ElementsAre(255));
}

TEST(Reduce, integersWrapInTheirOwnType) {
  EXPECT_THAT(reduce("sum", "0", "ui8", "2xui8", {200, 100}), ElementsAre(44));
}

TEST(Reduce, argumentsOfTies) {
  auto arg = [](const std::string &attributes) {
    return evaluateOne("visir.arg_reduce max %a {axis = 1 : i64, keepdims = "
                       "true" +
                           attributes + "}",
                       "2x1xsi64", {{"2x3xf32", {1, 5, 5, 2, 0, 2}}});
  };
  EXPECT_THAT(arg(""), ElementsAre(1, 0));
  EXPECT_THAT(arg(", select_last"), ElementsAre(2, 2));
}

TEST(Reduce, runningSums) {
  auto scan = [](const std::string &attributes) {
    return evaluateOne("visir.cumsum %a {axis = 0 : i64" + attributes + "}",
                       "3xf32", {{"3xf32", {1, 2, 3}}});
  };
  EXPECT_THAT(scan(""), ElementsAre(1, 3, 6));
  EXPECT_THAT(scan(", exclusive"), ElementsAre(0, 1, 3));
  EXPECT_THAT(scan(", reverse"), ElementsAre(6, 5, 3));
  EXPECT_THAT(scan(", exclusive, reverse"), ElementsAre(5, 3, 0));
}

TEST(Reduce, softmaxOfAnInnerAxis) {
  double ln3 = std::log(3.0);
  Numbers x{0, 1000, ln3, 1000};
  EXPECT_THAT(evaluateOne("visir.softmax %a {axis = 0 : i64}", "2x2xf64",
                          {{"2x2xf64", x}}),
              Pointwise(DoubleNear(1e-12), {0.25, 0.5, 0.75, 0.5}));
  EXPECT_THAT(evaluateOne("visir.softmax %a {axis = 0 : i64, log}", "2x2xf64",
                          {{"2x2xf64", x}}),
              Pointwise(DoubleNear(1e-12), {std::log(0.25), std::log(0.5),
                                            std::log(0.75), std::log(0.5)}));
}

TEST(Reduce, topKKeepsTheOrderOfEqualValues) {
  Outcome outcome =
      evaluateText("func.func @main(%a: tensor<4xsi32>) -> (tensor<3xsi32>, "
                   "tensor<3xsi64>) {\n"
                   "  %0:2 = visir.topk %a {axis = 0 : i64, k = 3 : i64} : "
                   "(tensor<4xsi32>) -> (tensor<3xsi32>, tensor<3xsi64>)\n"
                   "  return %0#0, %0#1 : tensor<3xsi32>, tensor<3xsi64> }",
                   {{2, 7, 2, 7}});
  EXPECT_THAT(outcome.results,
              ElementsAre(ElementsAre(7, 7, 2), ElementsAre(1, 3, 0)));
}

TEST(Norm, layers) {
  // Mean 2, variance 1.
  EXPECT_THAT(
      evaluateOne("visir.layer_norm %a scale %b bias %c {axis = 1 : "
                  "i64, epsilon = 0.0 : f64, operandSegmentSizes = "
                  "array<i32: 1, 1, 1>}",
                  "1x2xf64",
                  {{"1x2xf64", {1, 3}}, {"2xf64", {10, 20}}, {"1xf64", {0.5}}}),
      ElementsAre(-9.5, 20.5));
  // Mean square 25.
  EXPECT_THAT(evaluateOne("visir.layer_norm %a {axis = 1 : i64, epsilon = 0.0 "
                          ": f64, rms, operandSegmentSizes = array<i32: 1, 0, "
                          "0>}",
                          "1x2xf64", {{"1x2xf64", {1, 7}}}),
              Pointwise(DoubleNear(1e-12), {0.2, 1.4}));
}

TEST(Norm, groups) {
  EXPECT_THAT(
      evaluateOne("visir.group_norm %a scale %b {groups = 2 : i64, "
                  "epsilon = 0.0 : f64, operandSegmentSizes = "
                  "array<i32: 1, 1, 0>}",
                  "1x4x1xf64",
                  {{"1x4x1xf64", {1, 3, 10, 30}}, {"4xf64", {1, 1, 2, 2}}}),
      ElementsAre(-1, 1, -2, 2));
}

TEST(Norm, batches) {
  EXPECT_THAT(
      evaluateOne("visir.batch_norm %a, %b, %c, %d, %e {epsilon = 1.0 : f64}",
                  "1x2xf64",
                  {{"1x2xf64", {5, 6}},
                   {"2xf64", {2, 3}},
                   {"2xf64", {0, 1}},
                   {"2xf64", {1, 2}},
                   {"2xf64", {3, 0}}}),
      ElementsAre(4, 13));
}

TEST(Norm, localResponse) {
  // size 2: the sum at channel c runs over c and c + 1.
  EXPECT_THAT(evaluateOne("visir.lrn %a {size = 2 : i64, alpha = 2.0 : f64, "
                          "beta = 1.0 : f64, bias = 1.0 : f64}",
                          "1x2x1xf64", {{"1x2x1xf64", {1, 2}}}),
              Pointwise(DoubleNear(1e-12), {1.0 / 6, 2.0 / 5}));
}

static const char window[] =
    "{kernel = array<i64: 2>, strides = array<i64: 2>, pads = array<i64: 1, "
    "2>, dilations = array<i64: 1>";

TEST(Window, pools) {
  Numbers x{-1, -2, -3};
  EXPECT_THAT(evaluateOne(std::string("visir.max_pool %a ") + window + "}",
                          "1x1x3xf32", {{"1x1x3xf32", x}}),
              ElementsAre(-1, -2, -HUGE_VAL));
  EXPECT_THAT(evaluateOne(std::string("visir.avg_pool %a ") + window +
                              ", counted_pads = array<i64: 1, 1>}",
                          "1x1x2xf32", {{"1x1x2xf32", {3, 5}}}),
              ElementsAre(1.5, 2.5));
}

TEST(Window, resizes) {
  EXPECT_THAT(evaluateOne("visir.resize %a, %b, %c {axis = 0 : i64}", "3xf32",
                          {{"2xf32", {10, 20}},
                           {"3x2xsi64", {0, 0, 0, 1, 1, 1}},
                           {"3x2xf32", {1, 0, 0.5, 0.5, 0, 1}}}),
              ElementsAre(10, 15, 20));
}

static Numbers sample(const std::string &mode, const std::string &border,
                      Numbers grid, const std::string &more = "") {
  std::string count = std::to_string(grid.size() / 2);
  return evaluateOne(
      "visir.grid_sample %a, %b {mode = #visir<sample_mode " + mode +
          ">, border = #visir<border_mode " + border + ">" + more + "}",
      "1x1x1x" + count + "xf64",
      {{"1x1x2x2xf64", {1, 2, 3, 4}}, {"1x1x" + count + "x2xf64", grid}});
}

TEST(Window, samplesGrids) {
  // Without aligned corners the elements' centres lie at -0.5 and 0.5.
  EXPECT_THAT(sample("linear", "zeros", {-0.5, -0.5, 0.5, -0.5, 0, 0, 1, 0.5}),
              ElementsAre(1, 2, 2.5, 2));
  EXPECT_THAT(sample("linear", "border", {1, 1, -1, 0}), ElementsAre(4, 2));
  EXPECT_THAT(sample("nearest", "reflection", {1.5, -0.5}), ElementsAre(2));
  EXPECT_THAT(sample("linear", "zeros", {-1, -1, 1, 1}, ", align_corners"),
              ElementsAre(1, 4));
  EXPECT_THAT(sample("cubic", "border", {-0.5, 0.5}), ElementsAre(3));
}
