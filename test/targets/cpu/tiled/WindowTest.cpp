// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/cpu/tiled/Shapes.h"
#include "test/targets/cpu/tiled/TiledRun.h"

#include "gtest/gtest.h"

using namespace visir::test;

static void window(ConvShape shape, const std::string &kind) {
  expectTiled(windowText(shape, kind), "window", kind == "depthwise" ? 1 : -1,
              5e-5);
}

static ConvShape shape(int64_t size, int64_t kernel, int64_t channels) {
  ConvShape s;
  s.h = s.w = size, s.kh = s.kw = kernel, s.pad = kernel / 2, s.ci = channels;
  return s;
}

TEST(Window, Depthwise) {
  for (int64_t kernel : {3, 5, 7})
    for (int64_t size : {7, 17}) {
      window(shape(size, kernel, 36), "depthwise");
      ConvShape strided = shape(size, kernel, 16);
      strided.stride = 2;
      window(strided, "depthwise");
    }
}

TEST(Window, RowsThatLeaveTheFirstCacheGoByBlocksOfChannels) {
  ConvShape s = shape(9, 3, 1300);
  window(s, "depthwise");
  s.sums = true, s.stride = 2, s.n = 2;
  window(s, "depthwise");
}

TEST(Window, StridedWindowsFetchTheirNextRows) {
  ConvShape s = shape(66, 3, 36);
  s.stride = 2;
  window(s, "depthwise");
  s.kh = s.kw = 5, s.pad = 2, s.stride = 3;
  window(s, "depthwise");
}

TEST(Window, SumsAlongRows) {
  for (int64_t size : {7, 17, 40})
    for (Tail tail : {Tail::Relu, Tail::Silu}) {
      ConvShape s = shape(size, 3, 36);
      s.sums = true, s.tail = tail;
      window(s, "depthwise");
      s.stride = 2, s.n = 2, s.kh = s.kw = 5, s.pad = 2;
      window(s, "depthwise");
    }
}

TEST(Window, DepthwiseTails) {
  ConvShape s = shape(12, 3, 21);
  s.tail = Tail::Long, s.n = 2;
  window(s, "depthwise");
  s.tail = Tail::None, s.pad = 0;
  window(s, "depthwise");
  s.dilation = 2, s.pad = 2;
  window(s, "depthwise");
}

TEST(Window, MaxPool) {
  ConvShape s = shape(15, 3, 24);
  s.stride = 2, s.tail = Tail::None;
  window(s, "max");
  s.kh = s.kw = 2, s.pad = 0;
  window(s, "max");
}

TEST(Window, SumPool) {
  ConvShape s = shape(14, 3, 40);
  s.tail = Tail::None;
  window(s, "avg");
  s.kh = s.kw = 2, s.pad = 0, s.stride = 2;
  window(s, "avg");
}
