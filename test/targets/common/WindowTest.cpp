// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which products are windows to workgroups, and how many results a thread
// has; and the order of windows' weights.
#include "targets/common/WeightOrder.h"
#include "targets/common/tiled/GroupKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace visir;

namespace {

constexpr tiled::GroupLimits kLimits = {/*threads=*/256,
                                        /*sharedBytes=*/48 * 1024,
                                        /*processors=*/80};

std::string number(int64_t value) { return std::to_string(value); }

/// A depthwise convolution with a border of zeros.
struct Depthwise {
  int64_t channels, size, taps, stride = 1, dilation = 1;
  bool channelsLast = false;

  std::string text() const {
    std::string c = number(channels), k = number(taps), n = number(size);
    std::string in = number(size * stride);
    std::string s = number(stride), d = number(dilation);
    std::string border = number(taps / 2 * dilation);
    std::string y = "d1 * " + s + " + d3 * " + d + " - " + border;
    std::string x = "d2 * " + s + " + d4 * " + d + " - " + border;
    std::string map = "#visir.access<(d0, d1, d2, d3, d4) -> (";
    std::string input =
        channelsLast ? in + "x" + in + "x" + c : c + "x" + in + "x" + in;
    std::string output =
        channelsLast ? n + "x" + n + "x" + c : c + "x" + n + "x" + n;
    std::string from = channelsLast ? y + ", " + x + ", d0"
                                    : "d0, " + y + ", " + x;
    std::string to = channelsLast ? "d1, d2, d0" : "d0, d1, d2";
    input = "tensor<" + input + "xf32>";
    output = "tensor<" + output + "xf32>";
    std::string weights = "tensor<" + c + "x" + k + "x" + k + "xf32>";
    return "func.func @f(%x: " + input + ", %w: " + weights +
           ") { %r = visir.dispatch <contract> domain = [" + c + ", " + n +
           ", " + n + ", " + k + ", " + k + "] parallel 3 (%x, %w) loads [" +
           map + from + "), padded = true, fill = 0.0 : f32>, " + map +
           "d0, d3, d4)>] stores [" + map + to + ")>] ties [-1] : (" + input +
           ", " + weights + ") -> " + output +
           " prologue { ^bb0(%p: f32, %q: f32): visir.yield %p, %q : f32, f32 "
           "} epilogue { ^bb0(%s: f32, %p: f32, %q: f32): visir.yield %s : "
           "f32 } return }";
  }
};

/// A convolution of `inner` to 16 channels, 3 x 3 taps, whose weights are a
/// constant; or, without taps, a product with such weights.
std::string convolution(int64_t inner, bool taps) {
  std::string c = number(inner), k = taps ? "3" : "1";
  std::string map = "#visir.access<(d0, d1, d2, d3, d4, d5) -> (";
  std::string x = "tensor<" + c + "x9x9xf32>";
  std::string w = "tensor<16x" + c + "x" + k + "x" + k + "xf32>";
  std::string y = "tensor<16x7x7xf32>";
  return "func.func @f(%x: " + x + ") { %w = visir.constant dense<1.0> : " +
         w + " : " + w + " %r = visir.dispatch <contract> domain = [16, 7, 7, " + c +
         ", " + k + ", " + k + "] parallel 3 (%x, %w) loads [" + map +
         "d3, d1 + d4, d2 + d5)>, " + map + "d0, d3, d4, d5)>] stores [" +
         map + "d0, d1, d2)>] ties [-1] : (" + x + ", " + w + ") -> " + y +
         " prologue { ^bb0(%p: f32, %q: f32): visir.yield %p, %q : f32, f32 } "
         "epilogue { ^bb0(%s: f32, %p: f32, %q: f32): visir.yield %s : f32 } "
         "return }";
}

struct Parsed {
  explicit Parsed(const std::string &text) {
    context.loadDialect<VisirDialect, func::FuncDialect, arith::ArithDialect>();
    module = parseSourceString<ModuleOp>(text, &context);
    if (module)
      module->walk([&](DispatchOp found) { op = found; });
    EXPECT_TRUE(op) << text;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  DispatchOp op;
};

/// The plan of a window, with at least `least` results a thread.
tiled::WindowPlan planOf(const Depthwise &window, int64_t least) {
  Parsed parsed(window.text());
  auto plan = tiled::planWindow(parsed.op, kLimits);
  EXPECT_TRUE(succeeded(plan)) << window.text();
  if (failed(plan))
    return {};
  int64_t results = plan->neighbours;
  for (const tiled::WindowAxis &axis : plan->axes)
    results *= axis.results;
  EXPECT_GE(results, least) << window.text();
  return std::move(*plan);
}

} // namespace

TEST(Window, ThreadsHaveSeveralResults) {
  for (int64_t taps : {3, 5, 7, 31})
    for (int64_t stride : {1, 2})
      for (bool last : {false, true})
        planOf({64, 56, taps, stride, 1, last}, 2);
  planOf({64, 56, 3, 1, 2}, 2);
}

TEST(Window, NeighboursAreChannelsThatComeTogether) {
  EXPECT_GT(planOf({64, 112, 3, 1, 1, true}, 4).neighbours, 1);
  // Five channels do not come in pairs, and rows have borders.
  EXPECT_EQ(planOf({5, 112, 3, 1, 1, true}, 2).neighbours, 1);
  EXPECT_EQ(planOf({64, 112, 3, 1, 1, false}, 2).neighbours, 1);
}

TEST(Window, FewResultsKeepThreadsBusy) {
  tiled::WindowPlan plan = planOf({8, 7, 3}, 1);
  EXPECT_GE(plan.threadCount(), 8 * 7);
}

TEST(Window, PositionsAreReadOnce) {
  tiled::WindowAxis axis{0, 1, /*stride=*/2, /*dilation=*/1, /*results=*/3};
  SmallVector<int64_t> places;
  for (const auto &position : axis.positions(/*ofTaps=*/3)) {
    EXPECT_EQ(position.at, position.result * 2 + position.tap);
    places.push_back(position.at);
  }
  EXPECT_EQ(places, (SmallVector<int64_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(Window, OthersArePlannedAsProducts) {
  auto isWindow = [](const std::string &text) {
    return succeeded(tiled::planWindow(Parsed(text).op, kLimits));
  };
  // Windows side by side share nothing.
  EXPECT_FALSE(isWindow(Depthwise{8, 8, 2, 2}.text()));
  EXPECT_FALSE(isWindow(convolution(16, true)));
  EXPECT_FALSE(isWindow(convolution(16, false)));
  EXPECT_TRUE(isWindow(Depthwise{8, 8, 3, 2}.text()));
}

TEST(WeightOrder, ChannelsComeBehindTaps) {
  auto orderOf = [](const std::string &text) -> SmallVector<int64_t> {
    Parsed parsed(text);
    orderWindowWeights(*parsed.module->getOps<func::FuncOp>().begin());
    auto type = cast<RankedTensorType>(parsed.op.getInputs()[1].getType());
    auto layout = dyn_cast_or_null<LayoutAttr>(type.getEncoding());
    return layout ? SmallVector<int64_t>(layout.getOrder())
                  : SmallVector<int64_t>{};
  };
  EXPECT_EQ(orderOf(convolution(16, true)),
            (SmallVector<int64_t>{0, 2, 3, 1}));
  // Twelve channels make no whole steps; one tap has nothing before it.
  EXPECT_TRUE(orderOf(convolution(12, true)).empty());
  EXPECT_TRUE(orderOf(convolution(16, false)).empty());
}
