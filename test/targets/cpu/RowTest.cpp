// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions and the roots that stand on rows, with lanes along and across
// the rows.
#include "test/targets/cpu/KernelRun.h"

#include "gtest/gtest.h"

using namespace visir::test;

namespace {

const char *kPass = "visir.yield %p0 : f32";
const char *kResult = "visir.yield %r0 : f32";

std::string reduceRoot(const std::string &combiner) {
  return "reduce, {combiner = #visir<reduce_kind " + combiner + ">}";
}

DispatchText rows(const std::string &root, const std::string &domain,
                  int parallel, TensorText input, TensorText result) {
  return {root, domain, parallel, {input}, {result}, kPass, kResult, {"f32"}};
}

} // namespace

TEST(Reduce, AlongAndAcrossRows) {
  for (const char *combiner : {"sum", "max", "min", "prod"})
    for (int length : {1, 3, 16, 37, 300}) {
      std::string n = std::to_string(length), root = reduceRoot(combiner);
      // A sum's rounding grows with the sum of its terms' magnitudes.
      double tolerance =
          std::string(combiner) == "prod" ? 1e-4 : 1e-6 + 2e-7 * length;
      if (std::string(combiner) == "prod" && length > 37)
        continue;
      expectLikeReference(rows(root, "[9, " + n + "]", 1,
                               {"9x" + n + "xf32", "(d0, d1) -> (d0, d1)"},
                               {"9xf32", "(d0, d1) -> (d0)"}),
                          tolerance);
      expectLikeReference(rows(root, "[21, " + n + "]", 1,
                               {n + "x21xf32", "(d0, d1) -> (d1, d0)"},
                               {"21xf32", "(d0, d1) -> (d0)"}),
                          tolerance);
    }
}

TEST(Reduce, EverythingToOneElement) {
  expectLikeReference(rows(reduceRoot("sum"), "[5, 7, 11]", 0,
                           {"5x7x11xf32", "(d0, d1, d2) -> (d0, d1, d2)"},
                           {"f32", "(d0, d1, d2) -> ()"}),
                      1e-5);
}

TEST(Reduce, SeveralDimensionsWithAHole) {
  expectLikeReference(
      rows(reduceRoot("sum"), "[3, 10, 4, 18]", 2,
           {"4x3x20x18xf32", "(d0, d1, d2, d3) -> (d2, d0, d1 * 2, d3)"},
           {"3x10xf32", "(d0, d1, d2, d3) -> (d0, d1)"}),
      1e-5);
}

TEST(Reduce, NothingGivesTheIdentity) {
  expectLikeReference(rows(reduceRoot("sum"), "[3, 0]", 1,
                           {"3x0xf32", "(d0, d1) -> (d0, d1)"},
                           {"3xf32", "(d0, d1) -> (d0)"}),
                      0);
}

TEST(Reduce, IntegersAndBooleans) {
  DispatchText sum = {reduceRoot("max"),
                      "[4, 50]",
                      1,
                      {{"4x50xsi64", "(d0, d1) -> (d0, d1)"}},
                      {{"4xsi64", "(d0, d1) -> (d0)"}},
                      "visir.yield %p0 : i64",
                      "visir.yield %r0 : i64",
                      {"i64"}};
  expectLikeReference(sum, 0);
  DispatchText any = {reduceRoot("max"),
                      "[4, 50]",
                      1,
                      {{"4x50xi1", "(d0, d1) -> (d0, d1)"}},
                      {{"4xi1", "(d0, d1) -> (d0)"}},
                      "visir.yield %p0 : i1",
                      "visir.yield %r0 : i1",
                      {"i1"}};
  expectLikeReference(any, 0);
}

TEST(Reduce, WindowsThatOverlapTheBorder) {
  // A max pool of 3 x 3 by 2, channels last and channels first.
  std::string border = ", padded = true, fill = -1.0e+30 : f64";
  DispatchText last = rows(
      reduceRoot("max"), "[2, 7, 6, 20, 3, 3]", 4,
      {"2x13x11x20xf32",
       "(n, y, x, c, i, j) -> (n, y * 2 + i - 1, x * 2 + j - 1, c)" + border},
      {"2x7x6x20xf32", "(n, y, x, c, i, j) -> (n, y, x, c)"});
  expectLikeReference(last, 1e-6);
  DispatchText first = rows(
      reduceRoot("max"), "[2, 20, 7, 6, 3, 3]", 4,
      {"2x20x13x11xf32",
       "(n, c, y, x, i, j) -> (n, c, y * 2 + i - 1, x * 2 + j - 1)" + border},
      {"2x20x7x6xf32", "(n, c, y, x, i, j) -> (n, c, y, x)"});
  expectLikeReference(first, 1e-6);
}

TEST(Reduce, EpilogueReadsOtherTensors) {
  DispatchText mean = {
      reduceRoot("sum"),
      "[6, 40]",
      1,
      {{"6x40xf32", "(d0, d1) -> (d0, d1)"}, {"6xf32", "(d0, d1) -> (d0)"}},
      {{"6xf32", "(d0, d1) -> (d0)"}},
      "%s = arith.mulf %p0, %p0 : f32 visir.yield %s : f32",
      "%c = arith.constant 0.025 : f32 %m = arith.mulf %r0, %c : f32 "
      "%s = arith.addf %m, %e1 : f32 visir.yield %s : f32",
      {"f32"}};
  expectLikeReference(mean, 1e-5);
}

TEST(Softmax, AlongAndAcrossRows) {
  for (const char *root : {"softmax", "softmax, {log}"})
    for (int length : {1, 5, 49, 197}) {
      std::string n = std::to_string(length);
      expectLikeReference(rows(root, "[7, " + n + "]", 1,
                               {"7x" + n + "xf32", "(d0, d1) -> (d0, d1)"},
                               {"7x" + n + "xf32", "(d0, d1) -> (d0, d1)"}),
                          2e-6);
      expectLikeReference(
          rows(root, "[3, 21, " + n + "]", 2,
               {"3x" + n + "x21xf32", "(d0, d1, d2) -> (d0, d2, d1)"},
               {"3x" + n + "x21xf32", "(d0, d1, d2) -> (d0, d2, d1)"}),
          2e-6);
    }
}

TEST(Norm, AlongAndAcrossRows) {
  for (const char *root : {"norm, {epsilon = 1.0e-5 : f64}",
                           "norm, {epsilon = 1.0e-5 : f64, rms}"})
    for (int length : {8, 36, 77, 768}) {
      std::string n = std::to_string(length);
      DispatchText along = rows(root, "[11, " + n + "]", 1,
                                {"11x" + n + "xf32", "(d0, d1) -> (d0, d1)"},
                                {"11x" + n + "xf32", "(d0, d1) -> (d0, d1)"});
      along.inputs.push_back({n + "xf32", "(d0, d1) -> (d1)"});
      along.epilogue = "%s = arith.mulf %r0, %e1 : f32 visir.yield %s : f32";
      expectLikeReference(along, 1e-5);
      expectLikeReference(
          rows(root, "[2, 21, " + n + "]", 2,
               {"2x" + n + "x21xf32", "(d0, d1, d2) -> (d0, d2, d1)"},
               {"2x" + n + "x21xf32", "(d0, d1, d2) -> (d0, d2, d1)"}),
          1e-5);
    }
}

TEST(Norm, RowsOfSeveralDimensions) {
  expectLikeReference(rows("norm, {epsilon = 1.0e-5 : f64}", "[2, 3, 5, 13]", 2,
                           {"2x5x3x13xf32", "(n, g, y, c) -> (n, y, g, c)"},
                           {"2x5x3x13xf32", "(n, g, y, c) -> (n, y, g, c)"}),
                      1e-5);
}

TEST(Contract, PlainLoopsServeEveryAccess) {
  // The reduction steps through a diagonal, which no register tile takes.
  DispatchText diagonal = {
      "contract",
      "[5, 6, 9]",
      2,
      {{"9x9xf32", "(m, n, k) -> (k, k)"}, {"9x6xf32", "(m, n, k) -> (k, n)"}},
      {{"5x6xf32", "(m, n, k) -> (m, n)"}},
      "visir.yield %p0, %p1 : f32, f32",
      kResult,
      {"f32"}};
  expectLikeReference(diagonal, 1e-5);
  DispatchText integers = {"contract",
                           "[5, 6, 9]",
                           2,
                           {{"5x9xsi32", "(m, n, k) -> (m, k)"},
                            {"9x6xsi32", "(m, n, k) -> (k, n)"}},
                           {{"5x6xsi32", "(m, n, k) -> (m, n)"}},
                           "visir.yield %p0, %p1 : i32, i32",
                           "visir.yield %r0 : i32",
                           {"i32"}};
  expectLikeReference(integers, 0);
}

TEST(Attention, PlainLoopsServeEveryType) {
  for (const char *causal : {"", ", causal"}) {
    DispatchText attention = {
        std::string("attention, {scale = 0.125 : f64") + causal + "}",
        "[2, 3, 7, 5, 9, 6]",
        4,
        {{"2x3x7x6xf64", "(b, h, m, e, n, d) -> (b, h, m, d)"},
         {"2x9x3x6xf64", "(b, h, m, e, n, d) -> (b, n, h, d)"},
         {"2x9x3x5xf64", "(b, h, m, e, n, d) -> (b, n, h, e)"},
         {"3x7x9xf64", "(b, h, m, e, n, d) -> (h, m, n)"}},
        {{"2x7x3x5xf64", "(b, h, m, e, n, d) -> (b, m, h, e)"}},
        "visir.yield %p0, %p1, %p2, %p3 : f64, f64, f64, f64",
        "visir.yield %r0 : f64",
        {"f64"}};
    expectLikeReference(attention, 1e-12);
  }
}
