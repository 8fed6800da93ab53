// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/reference/Evaluate.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace visir::test;
using testing::ElementsAre;
using testing::HasSubstr;

static const Numbers six{0, 1, 2, 3, 4, 5};

TEST(Movement, transposes) {
  EXPECT_THAT(evaluateOne("visir.transpose %a {permutation = array<i64: 1, 0>}",
                          "3x2xf32", {{"2x3xf32", six}}),
              ElementsAre(0, 3, 1, 4, 2, 5));
}

TEST(Movement, slicesBackwards) {
  EXPECT_THAT(evaluateOne("visir.slice %a {offsets = array<i64: 0, 2>, sizes "
                          "= array<i64: 2, 2>, strides = array<i64: 1, -2>}",
                          "2x2xf32", {{"2x3xf32", six}}),
              ElementsAre(2, 0, 5, 3));
}

TEST(Movement, slicesNothing) {
  EXPECT_THAT(evaluateOne("visir.slice %a {offsets = array<i64: 2>, sizes = "
                          "array<i64: 0>, strides = array<i64: 1>}",
                          "0xf32", {{"6xf32", six}}),
              ElementsAre());
}

static Numbers pad(const std::string &mode, const std::string &low,
                   const std::string &high, const std::string &type) {
  return evaluateOne(
      "visir.pad %a {low = array<i64: " + low + ">, high = array<i64: " + high +
          ">, mode = #visir<pad_mode " + mode + ">, value = 9.0 : f64}",
      type, {{"3xsi32", {1, 2, 3}}});
}

TEST(Movement, pads) {
  EXPECT_THAT(pad("constant", "1", "2", "6xsi32"),
              ElementsAre(9, 1, 2, 3, 9, 9));
  EXPECT_THAT(pad("edge", "1", "2", "6xsi32"), ElementsAre(1, 1, 2, 3, 3, 3));
  EXPECT_THAT(pad("reflect", "2", "2", "7xsi32"),
              ElementsAre(3, 2, 1, 2, 3, 2, 1));
  EXPECT_THAT(pad("wrap", "2", "2", "7xsi32"),
              ElementsAre(2, 3, 1, 2, 3, 1, 2));
}

TEST(Movement, expands) {
  EXPECT_THAT(evaluateOne("visir.expand %a {shape = array<i64: 2, 2, 2>}",
                          "2x2x2xf32", {{"2x1xf32", {1, 2}}}),
              ElementsAre(1, 1, 2, 2, 1, 1, 2, 2));
}

TEST(Movement, concatenates) {
  EXPECT_THAT(evaluateOne("visir.concat %a, %b {axis = 1 : i64}", "2x3xf32",
                          {{"2x1xf32", {1, 2}}, {"2x2xf32", {3, 4, 5, 6}}}),
              ElementsAre(1, 3, 4, 2, 5, 6));
}

TEST(Movement, movesBoxesInOrder) {
  // A roll by one, after a fill that the boxes overwrite but for the middle.
  EXPECT_THAT(
      evaluateOne("visir.move %a {map = #visir.map<["
                  "<sizes = [4], source = -1, src = (d0) -> (), dst = "
                  "(d0) -> (d0)>, "
                  "<sizes = [1], source = 0, src = (d0) -> (d0 + 3), dst = "
                  "(d0) -> (d0)>, "
                  "<sizes = [2], source = 0, src = (d0) -> (-d0 + 1), dst "
                  "= (d0) -> (d0 * 2 + 1)>], fill = 7.0 : f64>}",
                  "4xf32", {{"4xf32", {10, 11, 12, 13}}}),
      ElementsAre(13, 11, 7, 10));
}

TEST(Indexing, gathersFromTheEnd) {
  EXPECT_THAT(evaluateOne("visir.gather %a, %b {axis = 1 : i64}", "2x2xf32",
                          {{"2x3xf32", six}, {"2xsi64", {-1, 0}}}),
              ElementsAre(2, 0, 5, 3));
}

TEST(Indexing, namesTheNodeOfABadIndex) {
  Outcome outcome = evaluateText(
      "func.func @main(%a: tensor<3xf32>, %b: tensor<1xsi64>) -> "
      "tensor<1xf32> {\n"
      "  %0 = visir.gather %a, %b {axis = 0 : i64} : (tensor<3xf32>, "
      "tensor<1xsi64>) -> tensor<1xf32> loc(\"Gather_3\")\n"
      "  return %0 : tensor<1xf32> }",
      {{1, 2, 3}, {3}});
  EXPECT_THAT(outcome.errors, HasSubstr("Gather_3"));
  EXPECT_THAT(outcome.errors, HasSubstr("index is 3, expected -3 .. 2"));
}

TEST(Indexing, gathersElementsAndSlices) {
  EXPECT_THAT(evaluateOne("visir.gather_elements %a, %b {axis = 1 : i64}",
                          "2x2xf32",
                          {{"2x3xf32", six}, {"2x2xsi64", {2, 0, 1, 1}}}),
              ElementsAre(2, 0, 4, 4));
  EXPECT_THAT(evaluateOne("visir.gather_nd %a, %b {batch_dims = 1 : i64}",
                          "2xf32", {{"2x3xf32", six}, {"2x1xsi64", {2, 0}}}),
              ElementsAre(2, 3));
  EXPECT_THAT(evaluateOne("visir.gather_nd %a, %b", "1x3xf32",
                          {{"2x3xf32", six}, {"1x1xsi64", {1}}}),
              ElementsAre(3, 4, 5));
}

TEST(Indexing, scatters) {
  EXPECT_THAT(
      evaluateOne("visir.scatter_elements add %a, %b, %c {axis = 0 : i64}",
                  "3xf32",
                  {{"3xf32", {1, 2, 3}},
                   {"3xsi64", {0, 0, -1}},
                   {"3xf32", {10, 20, 30}}}),
      ElementsAre(31, 2, 33));
  EXPECT_THAT(evaluateOne("visir.scatter_nd replace %a, %b, %c", "2x3xf32",
                          {{"2x3xf32", six},
                           {"2x1xsi64", {1, 1}},
                           {"2x3xf32", {7, 7, 7, 8, 8, 8}}}),
              ElementsAre(0, 1, 2, 8, 8, 8));
}
