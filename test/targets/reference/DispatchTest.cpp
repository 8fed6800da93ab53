// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/reference/Evaluate.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace visir::test;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pointwise;

TEST(Dispatch, mapsWithPaddingAndPayload) {
  Outcome outcome = evaluateText(R"(
func.func @main(%a: tensor<3xf32>) -> tensor<4xf32> {
  %0 = visir.dispatch <map> domain = [4] parallel 1 (%a)
    loads [#visir.access<(d0) -> (d0 - 1), padded = true,
                         fill = 9.0 : f64>]
    stores [#visir.access<(d0) -> (-d0 + 3)>] ties [-1]
    : (tensor<3xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    %c = arith.constant 2.0 : f32
    %y = arith.mulf %x, %c : f32
    visir.yield %y : f32
  }
  return %0 : tensor<4xf32>
})",
                                 {{1, 2, 3}});
  EXPECT_EQ(outcome.errors, "");
  EXPECT_THAT(outcome.results, ElementsAre(ElementsAre(6, 4, 2, 18)));
}

TEST(Dispatch, contractsWithPrologueAndBias) {
  // relu(a) times b plus a row's bias, stored transposed.
  Outcome outcome =
      evaluateText(R"(
func.func @main(%a: tensor<2x2xf32>, %b: tensor<2x2xf32>, %c: tensor<2xf32>)
    -> tensor<2x2xf32> {
  %0 = visir.dispatch <contract> domain = [2, 2, 2] parallel 2 (%a, %b, %c)
    loads [#visir.access<(d0, d1, d2) -> (d0, d2)>,
           #visir.access<(d0, d1, d2) -> (d2, d1)>,
           #visir.access<(d0, d1, d2) -> (d0)>]
    stores [#visir.access<(d0, d1, d2) -> (d1, d0)>] ties [-1]
    : (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
    prologue {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %zero = arith.constant 0.0 : f32
    %r = arith.maximumf %x, %zero : f32
    visir.yield %r, %y : f32, f32
  } epilogue {
  ^bb0(%s: f32, %x: f32, %y: f32, %z: f32):
    %t = arith.addf %s, %z : f32
    visir.yield %t : f32
  }
  return %0 : tensor<2x2xf32>
})",
                   {{1, -2, 3, 4}, {1, 10, 100, 1000}, {0.5, 0.25}});
  EXPECT_EQ(outcome.errors, "");
  EXPECT_THAT(outcome.results,
              ElementsAre(ElementsAre(1.5, 403.25, 10.5, 4030.25)));
}

TEST(Dispatch, contractsPaddedWindows) {
  // A convolution of kernel 3 with padding 1 as a contraction.
  Outcome outcome = evaluateText(R"(
func.func @main(%a: tensor<3xf32>, %w: tensor<3xf32>) -> tensor<3xf32> {
  %0 = visir.dispatch <contract> domain = [3, 3] parallel 1 (%a, %w)
    loads [#visir.access<(d0, d1) -> (d0 + d1 - 1), padded = true>,
           #visir.access<(d0, d1) -> (d1)>]
    stores [#visir.access<(d0, d1) -> (d0)>] ties [-1]
    : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32> prologue {
  ^bb0(%x: f32, %y: f32):
    visir.yield %x, %y : f32, f32
  } epilogue {
  ^bb0(%s: f32, %x: f32, %y: f32):
    visir.yield %s : f32
  }
  return %0 : tensor<3xf32>
})",
                                 {{1, 2, 3}, {1, 10, 100}});
  EXPECT_EQ(outcome.errors, "");
  EXPECT_THAT(outcome.results, ElementsAre(ElementsAre(210, 321, 32)));
}

static std::string rowRoot(const std::string &root) {
  return R"(
func.func @main(%a: tensor<2x2xf64>) -> tensor<2x2xf64> {
  %0 = visir.dispatch )" +
         root + R"( domain = [2, 2] parallel 1 (%a)
    loads [#visir.access<(d0, d1) -> (d0, d1)>]
    stores [#visir.access<(d0, d1) -> (d0, d1)>] ties [-1]
    : (tensor<2x2xf64>) -> tensor<2x2xf64> prologue {
  ^bb0(%x: f64):
    visir.yield %x : f64
  } epilogue {
  ^bb0(%v: f64, %x: f64):
    visir.yield %v : f64
  }
  return %0 : tensor<2x2xf64>
})";
}

TEST(Dispatch, rowsKeepTheDomain) {
  double ln3 = std::log(3.0);
  EXPECT_THAT(
      evaluateText(rowRoot("<softmax>"), {{0, ln3, 7, 7}}).results,
      ElementsAre(Pointwise(DoubleNear(1e-12), {0.25, 0.75, 0.5, 0.5})));
  EXPECT_THAT(
      evaluateText(rowRoot("<norm, {epsilon = 0.0 : f64}>"), {{1, 3, 10, 30}})
          .results,
      ElementsAre(ElementsAre(-1, 1, -1, 1)));
  EXPECT_THAT(
      evaluateText(rowRoot("<scan, {reverse}>"), {{1, 2, 3, 4}}).results,
      ElementsAre(ElementsAre(3, 2, 7, 4)));
}

static std::string indexed(const std::string &index) {
  return R"(
func.func @main(%a: tensor<3xf32>, %i: tensor<2xsi64>) -> tensor<2xf32> {
  %0 = visir.dispatch <map> domain = [2] parallel 1 (%a, %i)
    loads [#visir.access<(d0) -> (0), index_axes = [0],
                         index_loads = [1]>,
           #visir.access<(d0) -> (d0)>]
    stores [#visir.access<(d0) -> (d0)>] ties [-1]
    : (tensor<3xf32>, tensor<2xsi64>) -> tensor<2xf32> prologue {
  ^bb0(%x: f32, %k: i64):
    visir.yield
  } epilogue {
  ^bb0(%x: f32, %k: i64):
    visir.yield %x : f32
  }
  return %0 : tensor<2xf32>
})";
}

TEST(Dispatch, readsThroughIndices) {
  EXPECT_THAT(evaluateText(indexed(""), {{1, 2, 3}, {-1, 1}}).results,
              ElementsAre(ElementsAre(3, 2)));
  EXPECT_THAT(evaluateText(indexed(""), {{1, 2, 3}, {0, 3}}).errors,
              HasSubstr("index is 3, expected 0 .. 2"));
}

TEST(Dispatch, scattersInOrderIntoATiedInput) {
  Outcome outcome = evaluateText(R"(
func.func @main(%a: tensor<3xf32>, %i: tensor<2xsi64>, %u: tensor<2xf32>)
    -> tensor<3xf32> {
  %0 = visir.dispatch <scatter, {combiner = #visir<scatter_kind add>}>
    domain = [2] parallel 1 (%a, %i, %u)
    loads [#visir.access<(d0) -> (0)>,
           #visir.access<(d0) -> (d0)>,
           #visir.access<(d0) -> (d0)>]
    stores [#visir.access<(d0) -> (0), index_axes = [0],
                          index_loads = [1]>] ties [0]
    : (tensor<3xf32>, tensor<2xsi64>, tensor<2xf32>) -> tensor<3xf32>
    prologue {
  ^bb0(%x: f32, %k: i64, %y: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32, %k: i64, %y: f32):
    visir.yield %y : f32
  }
  return %0 : tensor<3xf32>
})",
                                 {{1, 2, 3}, {2, 2}, {10, 20}});
  EXPECT_EQ(outcome.errors, "");
  EXPECT_THAT(outcome.results, ElementsAre(ElementsAre(1, 2, 33)));
}

TEST(Dispatch, unwrittenElementsShow) {
  Outcome outcome = evaluateText(R"(
func.func @main() -> tensor<2xf32> {
  %0 = visir.empty : tensor<2xf32>
  return %0 : tensor<2xf32>
})",
                                 {});
  EXPECT_TRUE(std::isnan(outcome.results[0][0]));
}

TEST(Interpreter, tellsTheCallbackOfEachResult) {
  Outcome outcome = evaluateText(R"(
func.func @main(%a: tensor<2xf32>) -> tensor<2xf32> {
  %0 = visir.unary exp %a : (tensor<2xf32>) -> tensor<2xf32> loc("Exp_0")
  %1 = visir.unary neg %0 : (tensor<2xf32>) -> tensor<2xf32> loc("Neg_1")
  return %1 : tensor<2xf32>
})",
                                 {{0, 0}});
  EXPECT_THAT(outcome.seen, ElementsAre("loc(\"Exp_0\"): tensor<2xf32>",
                                        "loc(\"Neg_1\"): tensor<2xf32>"));
}

TEST(Interpreter, refusesOpaqueOps) {
  Outcome outcome = evaluateText(R"(
func.func @main(%a: tensor<2xf32>) -> tensor<2xf32> {
  %0 = visir.opaque "Foo", "com.example", 1, "no import" {} (%a)
    : (tensor<2xf32>) -> tensor<2xf32> loc("Foo_0")
  return %0 : tensor<2xf32>
})",
                                 {{0, 0}});
  EXPECT_THAT(outcome.errors,
              HasSubstr("operator Foo of opset 1 is opaque: no import"));
}
