// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/cpu/KernelRun.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cstring>

using namespace visir::test;

namespace {

const char *kNothing = "visir.yield";
constexpr double kExact = 1e-7; // one rounding of f32

DispatchText map(const std::string &domain, std::vector<TensorText> inputs,
                 std::vector<TensorText> results, std::string epilogue) {
  int rank = 1 + int(std::count(domain.begin(), domain.end(), ','));
  return {"map", domain, rank, inputs, results, kNothing, epilogue, {}};
}

const char *kCopy = "visir.yield %e0 : f32";

} // namespace

TEST(Map, Elementwise) {
  for (const char *shape : {"3", "7x53", "5x3x16", "2x1000", "1x1x1"}) {
    std::string dims, domain = "[", text = shape;
    int rank = 1 + int(std::count(text.begin(), text.end(), 'x'));
    for (int i = 0; i < rank; ++i)
      dims += (i ? ", d" : "d") + std::to_string(i);
    for (char c : text)
      domain += c == 'x' ? std::string(", ") : std::string(1, c);
    std::string access = "(" + dims + ") -> (" + dims + ")";
    std::string type = text + "xf32";
    expectLikeReference(map(domain + "]", {{type, access}, {type, access}},
                            {{type, access}},
                            "%s = arith.addf %e0, %e1 : f32\n"
                            "%t = math.tanh %s : f32 visir.yield %t : f32"),
                        1e-6);
  }
}

TEST(Map, BroadcastsRowsColumnsAndScalars) {
  expectLikeReference(
      map("[9, 37]",
          {{"9x37xf32", "(d0, d1) -> (d0, d1)"},
           {"37xf32", "(d0, d1) -> (d1)"},
           {"9x1xf32", "(d0, d1) -> (d0, 0)"},
           {"f32", "(d0, d1) -> ()"}},
          {{"9x37xf32", "(d0, d1) -> (d0, d1)"}},
          "%s = arith.mulf %e0, %e1 : f32 %t = arith.addf %s, %e2 : f32 "
          "%u = arith.subf %t, %e3 : f32 visir.yield %u : f32"),
      1e-6);
}

TEST(Map, Transposes) {
  expectLikeReference(map("[45, 70]", {{"70x45xf32", "(d0, d1) -> (d1, d0)"}},
                          {{"45x70xf32", "(d0, d1) -> (d0, d1)"}}, kCopy),
                      kExact);
  expectLikeReference(
      map("[2, 33, 5, 18]",
          {{"2x5x18x33xf32", "(d0, d1, d2, d3) -> (d0, d2, d3, d1)"}},
          {{"2x33x5x18xf32", "(d0, d1, d2, d3) -> (d0, d1, d2, d3)"}}, kCopy),
      kExact);
  expectLikeReference(
      map("[3, 64, 64]", {{"64x3x64xf32", "(d0, d1, d2) -> (d2, d0, d1)"}},
          {{"3x64x64xf32", "(d0, d1, d2) -> (d0, d1, d2)"}}, kCopy),
      kExact);
}

TEST(Map, TransposesUnderALongPayload) {
  expectLikeReference(
      map("[37, 50]",
          {{"50x37xf32", "(d0, d1) -> (d1, d0)"},
           {"37x50xf32", "(d0, d1) -> (d0, d1)"}},
          {{"37x50xf32", "(d0, d1) -> (d0, d1)"}},
          "%a = math.tanh %e0 : f32 %b = arith.addf %a, %e1 : f32 "
          "%c = math.exp %b : f32 %d = arith.mulf %c, %a : f32 "
          "visir.yield %d : f32"),
      1e-5);
}

TEST(Map, TransposesBytesAndWideElements) {
  expectLikeReference(map("[40, 21]", {{"21x40xi8", "(d0, d1) -> (d1, d0)"}},
                          {{"40x21xi8", "(d0, d1) -> (d0, d1)"}},
                          "visir.yield %e0 : i8"),
                      0);
  expectLikeReference(map("[40, 21]", {{"21x40xsi64", "(d0, d1) -> (d1, d0)"}},
                          {{"40x21xsi64", "(d0, d1) -> (d0, d1)"}},
                          "visir.yield %e0 : i64"),
                      0);
}

TEST(Map, PadsAndShifts) {
  expectLikeReference(
      map("[2, 11, 37]",
          {{"2x8x35xf32", "(d0, d1, d2) -> (d0, d1 - 2, d2 - 1), padded = "
                          "true, fill = 3.5 : f64"}},
          {{"2x11x37xf32", "(d0, d1, d2) -> (d0, d1, d2)"}}, kCopy),
      kExact);
}

TEST(Map, StridesAndFlips) {
  expectLikeReference(map("[10, 17]",
                          {{"20x53xf32", "(d0, d1) -> (d0 * 2 + 1, d1 * 3)"}},
                          {{"10x17xf32", "(d0, d1) -> (d0, d1)"}}, kCopy),
                      kExact);
  expectLikeReference(map("[10, 40]",
                          {{"10x40xf32", "(d0, d1) -> (9 - d0, 39 - d1)"}},
                          {{"10x40xf32", "(d0, d1) -> (d0, d1)"}}, kCopy),
                      kExact);
}

TEST(Map, WritesIntoATiedInput) {
  expectLikeReference(
      map("[4, 30]",
          {{"4x30xf32", "(d0, d1) -> (d0, d1)"},
           {"8x30xf32", "(d0, d1) -> (d0 * 2, d1)"}},
          {{"8x30xf32", "(d0, d1) -> (d0 * 2, d1)", 1}},
          "%s = arith.addf %e0, %e1 : f32 visir.yield %s : f32"),
      kExact);
}

TEST(Map, GathersRowsAndElements) {
  expectLikeReference(
      map("[6, 40]",
          {{"8x40xf32",
            "(d0, d1) -> (0, d1), index_axes = [0], index_loads = [1]"},
           {"6xsi64", "(d0, d1) -> (d0)"}},
          {{"6x40xf32", "(d0, d1) -> (d0, d1)"}}, kCopy),
      kExact);
  expectLikeReference(
      map("[6, 40]",
          {{"6x8xf32",
            "(d0, d1) -> (d0, 0), index_axes = [1], index_loads = [1]"},
           {"6x40xsi32", "(d0, d1) -> (d0, d1)"}},
          {{"6x40xf32", "(d0, d1) -> (d0, d1)"}}, kCopy),
      kExact);
}

TEST(Map, IndexOutOfRangeIsAnError) {
  for (const char *access : {"(d0) -> (0)", "(d0) -> (d0)"}) {
    auto module = parse(
        map("[20]",
            {{"4xf32", "(d0) -> (0), index_axes = [0], index_loads = [1]"},
             {"20xsi64", access}},
            {{"20xf32", "(d0) -> (d0)"}}, kCopy)
            .module());
    visir::DispatchOp op;
    module->walk([&](visir::DispatchOp found) { op = found; });
    for (const visir::cpu::CpuSpec *spec : runnableSpecs()) {
      Kernel kernel(op, *spec);
      for (int64_t bad : {4, -5}) {
        std::vector<std::vector<char>> bindings = {std::vector<char>(16),
                                                   std::vector<char>(160),
                                                   std::vector<char>(80)};
        EXPECT_EQ(kernel.run(bindings, 0), 0);
        memcpy(bindings[1].data(), &bad, sizeof bad);
        EXPECT_EQ(kernel.run(bindings, 0), 1) << bad;
      }
    }
  }
}

TEST(Map, Booleans) {
  expectLikeReference(
      map("[7, 29]",
          {{"7x29xf32", "(d0, d1) -> (d0, d1)"},
           {"7x29xi1", "(d0, d1) -> (d0, d1)"}},
          {{"7x29xi1", "(d0, d1) -> (d0, d1)"},
           {"7x29xf32", "(d0, d1) -> (d0, d1)"}},
          "%z = arith.constant 0.0 : f32 "
          "%c = arith.cmpf ogt, %e0, %z : f32 %d = arith.xori %c, %e1 : i1 "
          "%s = arith.select %e1, %e0, %z : f32 "
          "visir.yield %d, %s : i1, f32"),
      0);
}

TEST(Map, HalfPrecision) {
  for (const char *type : {"f16", "bf16"}) {
    std::string t = type, tensor = "6x45x" + t;
    expectLikeReference(map("[6, 45]",
                            {{tensor, "(d0, d1) -> (d0, d1)"},
                             {tensor, "(d0, d1) -> (d0, d1)"}},
                            {{tensor, "(d0, d1) -> (d0, d1)"}},
                            "%x = arith.extf %e0 : " + t +
                                " to f32 %y = arith.extf %e1 : " + t +
                                " to f32 %s = arith.mulf %x, %y : f32 "
                                "%r = arith.truncf %s : f32 to " +
                                t + " visir.yield %r : " + t),
                        t == "f16" ? 1e-3 : 8e-3);
  }
}

TEST(Map, IntegersToAndFromNarrowFloats) {
  for (std::string type : {"f16", "bf16"})
    for (std::string integer : {"i8", "i32", "i64"}) {
      expectLikeReference(map("[3, 45]",
                              {{"3x45xs" + integer, "(d0, d1) -> (d0, d1)"}},
                              {{"3x45x" + type, "(d0, d1) -> (d0, d1)"}},
                              "%k = arith.constant 37 : " + integer +
                                  " %x = arith.muli %e0, %k : " + integer +
                                  " %y = arith.sitofp %x : " + integer +
                                  " to " + type + " visir.yield %y : " + type),
                          0);
      expectLikeReference(map("[3, 45]",
                              {{"3x45x" + type, "(d0, d1) -> (d0, d1)"}},
                              {{"3x45xs" + integer, "(d0, d1) -> (d0, d1)"}},
                              "%y = arith.fptosi %e0 : " + type + " to " +
                                  integer + " visir.yield %y : " + integer),
                          0);
    }
}

TEST(Map, IntegersOfAllWidths) {
  for (const char *width : {"8", "16", "32", "64"})
    for (const char *sign : {"s", "u"}) {
      std::string scalar = std::string("i") + width;
      std::string tensor = "5x33x" + std::string(sign) + scalar;
      expectLikeReference(map("[5, 33]",
                              {{tensor, "(d0, d1) -> (d0, d1)"},
                               {tensor, "(d0, d1) -> (d0, d1)"}},
                              {{tensor, "(d0, d1) -> (d0, d1)"}},
                              "%s = arith.muli %e0, %e1 : " + scalar +
                                  " %o = arith.constant 1 : " + scalar +
                                  " %d = arith.addi %e1, %o : " + scalar +
                                  " %q = arith.divui %s, %d : " + scalar +
                                  " visir.yield %q : " + scalar),
                          0);
    }
}

TEST(Map, RemaindersOfFloats) {
  for (const char *type : {"f32", "f64"}) {
    std::string t = type, tensor = "3x50x" + t;
    expectLikeReference(map("[3, 50]",
                            {{tensor, "(d0, d1) -> (d0, d1)"},
                             {tensor, "(d0, d1) -> (d0, d1)"}},
                            {{tensor, "(d0, d1) -> (d0, d1)"}},
                            "%k = arith.constant 1.0e+9 : " + t +
                                " %x = arith.mulf %e0, %k : " + t +
                                " %r = arith.remf %x, %e1 : " + t +
                                " visir.yield %r : " + t),
                        1e-30);
  }
}

TEST(Map, NoElements) {
  expectLikeReference(map("[0, 4]", {{"0x4xf32", "(d0, d1) -> (d0, d1)"}},
                          {{"0x4xf32", "(d0, d1) -> (d0, d1)"}}, kCopy),
                      0);
  expectLikeReference(map("[3, 4]",
                          {{"0x4xf32", "(d0, d1) -> (d0, d1), padded = true"}},
                          {{"3x4xf32", "(d0, d1) -> (d0, d1)"}}, kCopy),
                      0);
}
