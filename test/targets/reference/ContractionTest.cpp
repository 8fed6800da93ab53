// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Gemm.h"
#include "test/targets/reference/Evaluate.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace visir::test;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

TEST(Gemm, everySizeAroundTheTiles) {
  // Integers in f64 are exact: any order of summation gives the same.
  for (int64_t m : {1, 5, 6, 7, 200})
    for (int64_t n : {1, 15, 16, 17, 270})
      for (int64_t k : {0, 1, 255, 256, 257}) {
        std::vector<double> a(m * k), b(k * n), c(m * n, -1);
        for (size_t i = 0; i < a.size(); ++i)
          a[i] = double(i % 7) - 3;
        for (size_t i = 0; i < b.size(); ++i)
          b[i] = double(i % 5) - 2;
        std::vector<int64_t> rows, inner, columns, rhsInner, toRows;
        for (int64_t i = 0; i < m; ++i) {
          rows.push_back(i * k);
          toRows.push_back(i * n);
        }
        for (int64_t i = 0; i < k; ++i) {
          inner.push_back(i);
          rhsInner.push_back(i * n);
        }
        for (int64_t i = 0; i < n; ++i)
          columns.push_back(i);
        visir::reference::Gemm<double> gemm{{a.data(), rows, inner},
                                            {b.data(), columns, rhsInner},
                                            {c.data(), toRows, columns}};
        visir::reference::runGemms(
            llvm::ArrayRef<visir::reference::Gemm<double>>(gemm));
        for (int64_t i = 0; i < m; ++i)
          for (int64_t j = 0; j < n; ++j) {
            double sum = 0;
            for (int64_t p = 0; p < k; ++p)
              sum += a[i * k + p] * b[p * n + j];
            ASSERT_EQ(c[i * n + j], sum) << m << " " << n << " " << k;
          }
      }
}

TEST(Contraction, matmulBroadcastsBatches) {
  EXPECT_THAT(evaluateOne("visir.matmul %a, %b", "2x1x2xf32",
                          {{"2x1x2xf32", {1, 2, 3, 4}},
                           {"2x2xf32", {1, 10, 100, 1000}}}),
              ElementsAre(201, 2010, 403, 4030));
}

TEST(Contraction, integerMatmulWidens) {
  EXPECT_THAT(evaluateOne("visir.matmul %a, %b", "1x1xsi32",
                          {{"1x2xsi8", {-128, 127}}, {"2x1xsi8", {-128, 127}}}),
              ElementsAre(32513));
}

static const char convAttributes[] =
    "{strides = array<i64: 2>, pads = array<i64: 1, 1>, dilations = "
    "array<i64: 1>, groups = 1 : i64}";

TEST(Contraction, convolves) {
  EXPECT_THAT(
      evaluateOne(std::string("visir.conv %a, %b, %c ") + convAttributes,
                  "1x1x3xf32",
                  {{"1x1x5xf32", {1, 2, 3, 4, 5}},
                   {"1x1x3xf32", {1, 10, 100}},
                   {"1xf32", {0.5}}}),
      ElementsAre(210.5, 432.5, 54.5));
}

TEST(Contraction, convolvesGroups) {
  EXPECT_THAT(evaluateOne("visir.conv %a, %b {strides = array<i64: 1>, pads = "
                          "array<i64: 0, 0>, dilations = array<i64: 2>, groups "
                          "= 2 : i64}",
                          "1x2x1xf32",
                          {{"1x2x3xf32", {1, 2, 3, 4, 5, 6}},
                           {"2x1x2xf32", {1, 10, 1, 10}}}),
              ElementsAre(31, 64));
}

TEST(Contraction, transposedConvolution) {
  // Each input adds input * kernel at stride 2; one is cut off in front.
  EXPECT_THAT(evaluateOne("visir.conv_transpose %a, %b {strides = array<i64: "
                          "2>, pads = array<i64: 1, 0>, dilations = "
                          "array<i64: 1>, groups = 1 : i64, output_padding = "
                          "array<i64: 1>}",
                          "1x1x5xf32",
                          {{"1x1x2xf32", {1, 2}}, {"1x1x3xf32", {1, 10, 100}}}),
              ElementsAre(10, 102, 20, 200, 0));
}

TEST(Contraction, attends) {
  // Scores (0, ln 3) give the weights 1/4 and 3/4.
  double ln3 = std::log(3.0);
  std::vector<std::pair<std::string, Numbers>> arguments{
      {"2x1xf64", {1, 1}}, {"2x1xf64", {0, ln3}}, {"2x2xf64", {4, 0, 0, 8}}};
  EXPECT_THAT(evaluateOne("visir.attention %a, %b, %c {scale = 1.0 : f64}",
                          "2x2xf64", arguments),
              Pointwise(DoubleNear(1e-12), {1.0, 6.0, 1.0, 6.0}));
  EXPECT_THAT(
      evaluateOne("visir.attention %a, %b, %c {scale = 1.0 : f64, causal}",
                  "2x2xf64", arguments),
      Pointwise(DoubleNear(1e-12), {4.0, 0.0, 1.0, 6.0}));
  arguments.push_back({"1x2xf64", {0, -ln3}});
  EXPECT_THAT(evaluateOne("visir.attention %a, %b, %c, %d {scale = 1.0 : f64}",
                          "2x2xf64", arguments),
              Pointwise(DoubleNear(1e-12), {2.0, 4.0, 2.0, 4.0}));
}
