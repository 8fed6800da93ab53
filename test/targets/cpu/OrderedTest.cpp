// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// arg_reduce, scan, topk, scatter and grid_sample.
#include "test/targets/cpu/KernelRun.h"

#include "gtest/gtest.h"

using namespace visir::test;

namespace {

const char *kPass = "visir.yield %p0 : f32";
const char *kNothing = "visir.yield";

} // namespace

TEST(ArgReduce, AlongAndAcrossRows) {
  for (const char *combiner : {"max", "min"})
    for (const char *last : {"", ", last"}) {
      std::string root = std::string("arg_reduce, {combiner = #visir"
                                     "<reduce_kind ") +
                         combiner + ">" + last + "}";
      std::string yield = "visir.yield %r0 : i64";
      expectLikeReference(DispatchText{root,
                                       "[5, 37]",
                                       1,
                                       {{"5x37xf32", "(d0, d1) -> (d0, d1)"}},
                                       {{"5xsi64", "(d0, d1) -> (d0)"}},
                                       kPass,
                                       yield,
                                       {"i64"}},
                          0);
      // Small integers have equal elements.
      expectLikeReference(
          DispatchText{root,
                       "[3, 21, 37]",
                       2,
                       {{"3x37x21xsi32", "(d0, d1, d2) -> (d0, d2, d1)"}},
                       {{"3x21xsi64", "(d0, d1, d2) -> (d0, d1)"}},
                       "visir.yield %p0 : i32",
                       yield,
                       {"i64"}},
          0);
    }
}

TEST(Scan, AlongAndAcrossRows) {
  for (const char *root : {"scan", "scan, {exclusive}", "scan, {reverse}",
                           "scan, {exclusive, reverse}"}) {
    expectLikeReference(DispatchText{root,
                                     "[5, 37]",
                                     1,
                                     {{"5x37xf32", "(d0, d1) -> (d0, d1)"}},
                                     {{"5x37xf32", "(d0, d1) -> (d0, d1)"}},
                                     kPass,
                                     "visir.yield %r0 : f32",
                                     {"f32"}},
                        1e-5);
    expectLikeReference(
        DispatchText{root,
                     "[2, 21, 9]",
                     2,
                     {{"2x9x21xsi64", "(d0, d1, d2) -> (d0, d2, d1)"}},
                     {{"2x9x21xsi64", "(d0, d1, d2) -> (d0, d2, d1)"}},
                     "visir.yield %p0 : i64",
                     "visir.yield %r0 : i64",
                     {"i64"}},
        0);
  }
}

TEST(TopK, BestElementsInOrder) {
  for (const char *smallest : {"", ", smallest"})
    for (int k : {1, 5, 37}) {
      std::string n = std::to_string(k);
      std::string root = "topk, {k = " + n + " : i64" + smallest + "}";
      // Small integers have equal elements, of which the first comes first.
      expectLikeReference(
          DispatchText{
              root,
              "[3, 5, 37]",
              2,
              {{"3x37x5xsi32", "(d0, d1, d2) -> (d0, d2, d1)"}},
              {{"3x" + n + "x5xsi32", "(d0, d1, d2)[s0] -> (d0, s0, d1)"},
               {"3x" + n + "x5xsi64", "(d0, d1, d2)[s0] -> (d0, s0, d1)"}},
              "visir.yield %p0 : i32",
              "visir.yield %r0, %r1 : i32, i64",
              {"i32", "i64"}},
          0);
    }
}

TEST(Scatter, CombinesInOrder) {
  for (const char *kind : {"replace", "add", "mul", "max", "min"}) {
    std::string root = std::string("scatter, {combiner = #visir"
                                   "<scatter_kind ") +
                       kind + ">}";
    // Several of the 20 updates meet at one of the 8 rows or elements.
    expectLikeReference(
        DispatchText{root,
                     "[20, 19]",
                     2,
                     {{"20xsi64", "(d0, d1) -> (d0)"},
                      {"20x19xf32", "(d0, d1) -> (d0, d1)"},
                      {"8x19xf32", "(d0, d1) -> (0, d1), index_axes = [0], "
                                   "index_loads = [0]"}},
                     {{"8x19xf32",
                       "(d0, d1) -> (0, d1), index_axes = [0], "
                       "index_loads = [0]",
                       2}},
                     kNothing,
                     "visir.yield %e1 : f32",
                     {}},
        1e-4);
    expectLikeReference(
        DispatchText{root,
                     "[6, 20]",
                     2,
                     {{"6x20xsi32", "(d0, d1) -> (d0, d1)"},
                      {"6x20xui8", "(d0, d1) -> (d0, d1)"},
                      {"6x8xui8", "(d0, d1) -> (d0, 0), index_axes = [1], "
                                  "index_loads = [0]"}},
                     {{"6x8xui8",
                       "(d0, d1) -> (d0, 0), index_axes = [1], "
                       "index_loads = [0]",
                       2}},
                     kNothing,
                     "visir.yield %e1 : i8",
                     {}},
        0);
  }
}

TEST(GridSample, AllModesAndBorders) {
  for (const char *mode : {"nearest", "linear", "cubic"})
    for (const char *border : {"zeros", "border", "reflection"})
      for (const char *align : {"", ", align_corners"}) {
        std::string root = std::string("grid_sample, {mode = #visir"
                                       "<sample_mode ") +
                           mode + ">, border = #visir<border_mode " + border +
                           ">" + align + "}";
        // Grid values up to 4 are far outside of the input.
        expectLikeReference(
            DispatchText{root,
                         "[2, 3, 5, 7, 2]",
                         4,
                         {{"2x3x6x4xf32", "(n, c, y, x, i) -> (n, c, 0, 0)"},
                          {"2x5x7x2xf32", "(n, c, y, x, i) -> (n, y, x, i)"}},
                         {{"2x3x5x7xf32", "(n, c, y, x, i) -> (n, c, y, x)"}},
                         kNothing,
                         "visir.yield %r0 : f32",
                         {"f32"}},
            1e-5);
      }
}
