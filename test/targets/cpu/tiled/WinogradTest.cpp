// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/cpu/tiled/Shapes.h"
#include "test/targets/cpu/tiled/TiledRun.h"

#include "compiler/support/Constants.h"
#include "targets/cpu/codegen/winograd/Rounding.h"
#include "targets/cpu/codegen/winograd/Transforms.h"
#include "targets/cpu/codegen/winograd/Winograd.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Verifier.h"
#include "gtest/gtest.h"

using namespace visir;
using namespace visir::test;

/// y = result * ((filter * g) . (input * d)) in doubles.
static std::vector<double> filtered(const cpu::FilterTransform &t,
                                    const std::vector<double> &g,
                                    const std::vector<double> &d) {
  std::vector<double> y(t.outputs, 0);
  for (int64_t p = 0; p < t.size(); ++p) {
    double weight = 0, value = 0;
    for (int k = 0; k < 3; ++k)
      weight += t.filter[p][k] * g[k];
    for (int64_t k = 0; k < t.size(); ++k)
      value += t.input[p][k] * d[k];
    for (int64_t i = 0; i < t.outputs; ++i)
      y[i] += t.result[i][p] * weight * value;
  }
  return y;
}

TEST(Winograd, TransformsAreExact) {
  for (int64_t outputs : {2, 4}) {
    cpu::FilterTransform transform(outputs);
    std::vector<double> g{0.5, -3, 1.25}, d{2, -1, 0.25, 7, -5, 3};
    d.resize(transform.size());
    auto y = filtered(transform, g, d);
    for (int64_t i = 0; i < outputs; ++i)
      EXPECT_NEAR(y[i], g[0] * d[i] + g[1] * d[i + 1] + g[2] * d[i + 2], 1e-12);
  }
}

TEST(Winograd, FactorsAreFloats) {
  for (int64_t outputs : {2, 4}) {
    cpu::FilterTransform transform(outputs);
    for (const auto &matrix : {transform.input, transform.result})
      for (const auto &row : matrix)
        for (double factor : row)
          EXPECT_EQ(double(float(factor)), factor);
  }
}

static void winograd(const ConvShape &shape) {
  for (int64_t outputs : {2, 4})
    expectWinograd(convText(shape), outputs, 1e-3);
}

static ConvShape shape(int64_t h, int64_t w, int64_t ci, int64_t co) {
  ConvShape s;
  s.h = h, s.w = w, s.ci = ci, s.co = co, s.kh = s.kw = 3, s.pad = 1;
  return s;
}

TEST(Winograd, WholeTiles) { winograd(shape(8, 16, 16, 32)); }

TEST(Winograd, PartTiles) {
  winograd(shape(7, 7, 20, 36));
  winograd(shape(5, 13, 16, 21));
}

TEST(Winograd, BordersWiderThanOne) {
  ConvShape s = shape(9, 14, 12, 20);
  s.pad = 2;
  winograd(s);
}

TEST(Winograd, ChunksOfOneInput) { winograd(shape(32, 32, 8, 96)); }

TEST(Winograd, FiltersOfOneDimension) {
  for (int64_t pad : {0, 1}) {
    ConvShape s = shape(9, 7, 20, 36);
    s.pad = pad, s.kw = 1;
    winograd(s);
    s.kw = 3, s.kh = 1, s.n = 2, s.tail = Tail::Long;
    winograd(s);
  }
}

TEST(Winograd, TapsAlongAThirdDimension) {
  ConvShape s = shape(7, 9, 20, 36);
  for (int64_t outputs : {2, 4}) {
    expectWinograd(convText3d(s, 4, 3, 1), outputs, 1e-3);
    expectWinograd(convText3d(s, 3, 5, 2), outputs, 1e-3);
    expectWinograd(convText3d(s, 3, 2, 0), outputs, 1e-3);
  }
  s = shape(6, 6, 150, 24);
  s.n = 2, s.tail = Tail::Long;
  expectWinograd(convText3d(s, 3, 3, 1), 4, 1e-3);
}

TEST(Winograd, WithoutPadding) {
  ConvShape s = shape(9, 11, 16, 16);
  s.pad = 0;
  winograd(s);
}

TEST(Winograd, WiderPadding) {
  ConvShape s = shape(6, 6, 16, 16);
  s.pad = 2;
  winograd(s);
}

TEST(Winograd, BatchAndSeveralResults) {
  ConvShape s = shape(6, 9, 24, 40);
  s.n = 3, s.tail = Tail::Long;
  winograd(s);
}

TEST(Winograd, BlocksOfInputChannels) {
  winograd(shape(5, 9, 150, 24));
  winograd(shape(4, 4, 256, 16));
}

TEST(Winograd, ChunksOfChannels) { winograd(shape(6, 6, 16, 256)); }

TEST(Winograd, ActivationsAndWeightsFromOuterCaches) {
  winograd(shape(128, 132, 16, 16));
  winograd(shape(14, 14, 32, 256));
  ConvShape s = shape(5, 3400, 16, 16);
  s.kw = 1, s.tail = Tail::Long;
  winograd(s);
}

static mlir::ElementsAttr randomWeights(int64_t channels) {
  auto module = parse(convText(shape(4, 4, channels, 64)));
  DispatchOp op;
  module->walk([&](DispatchOp found) { op = found; });
  auto type = mlir::cast<mlir::RankedTensorType>(op.getInputs()[1].getType());
  return makeConstant(type, randomInputs(op, 1)[1]);
}

/// The ratio of errors' deviations: of F(outputs, 3) to plain sums in blocks
/// of 256.
static double growth(int64_t outputs, int64_t channels) {
  double plain = cpu::roundingOfSums(9. * channels, 256);
  return std::sqrt(cpu::roundingOfFiltering(randomWeights(channels),
                                            cpu::FilterTransform(outputs), 2,
                                            64) /
                   plain);
}

TEST(Winograd, RoundingIsEstimated) {
  // Measured with float sums of rectified normal inputs: 4.1 times the
  // deviation of plain sums of as many steps for F(4, 3), 1.5 for F(2, 3).
  EXPECT_NEAR(cpu::roundingOfSums(64, 256), 0.09 * 65, 1e-9);
  EXPECT_NEAR(growth(4, 64), 2.2, 0.3);
  EXPECT_NEAR(growth(2, 64), 0.8, 0.2);
  EXPECT_LT(growth(4, 512), 3);
}

/// The results per tile that are chosen for a convolution whose weights are a
/// constant; 0 when the dispatch stays as it is. With `depth`, of a window
/// with three taps along so many images.
static int64_t chosen(const ConvShape &shape, bool bounded = false,
                      int64_t mostBytes = INT64_MAX, int64_t depth = 0) {
  auto module =
      parse(depth ? convText3d(shape, depth, 3, 1) : convText(shape));
  DispatchOp op;
  module->walk([&](DispatchOp found) { op = found; });
  mlir::OpBuilder b(op);
  auto type = mlir::cast<mlir::RankedTensorType>(op.getInputs()[1].getType());
  op->setOperand(
      1, ConstantOp::create(b, op.getLoc(),
                            makeConstant(type, randomInputs(op, 1)[1])));
  const cpu::CpuSpec *spec = cpu::findSpec("x86-64-v4");
  cpu::chooseWinograd(op, *spec, {/*most=*/4, bounded, mostBytes});
  bool changed = bool(op.getConfigAttr());
  EXPECT_TRUE(succeeded(mlir::verify(*module)));
  auto weights =
      mlir::cast<mlir::RankedTensorType>(op.getInputs()[1].getType());
  llvm::ArrayRef<int64_t> window = weights.getShape().take_back(2);
  if (!changed) {
    EXPECT_EQ(window[1], shape.kw);
    return 0;
  }
  int64_t outputs =
      op.getConfigAttr().getAs<mlir::IntegerAttr>("outputs").getInt();
  EXPECT_EQ(window[0], shape.kh == 3 ? outputs + 2 : 1);
  EXPECT_EQ(window[1], shape.kw == 3 ? outputs + 2 : 1);
  EXPECT_EQ(weights.getDimSize(2), depth ? 3 : window[0]);
  return outputs;
}

TEST(Winograd, IsChosenWhereItPays) {
  EXPECT_EQ(chosen(shape(56, 56, 64, 64)), 4);
  EXPECT_EQ(chosen(shape(28, 28, 128, 128)), 4);
  EXPECT_EQ(chosen(shape(14, 14, 256, 256)), 4);
  // F(4, 3) would wait for 38 MB of weights.
  EXPECT_EQ(chosen(shape(7, 7, 512, 512)), 2);
  // A single tile would wait for 17 MB.
  EXPECT_EQ(chosen(shape(2, 2, 512, 512)), 0);
}

TEST(Winograd, IsChosenForOneDimension) {
  ConvShape s = shape(16, 784, 128, 64);
  s.kw = 1;
  EXPECT_EQ(chosen(s), 4);
}

TEST(Winograd, IsChosenForTwoOfThreeDimensions) {
  EXPECT_EQ(chosen(shape(28, 28, 64, 64), false, INT64_MAX, /*depth=*/8), 4);
}

TEST(Winograd, KeepsToTheBudgetOfRounding) {
  // Alone, F(4, 3) is beyond twice the rounding of plain sums.
  EXPECT_EQ(chosen(shape(56, 56, 64, 64), /*bounded=*/true), 2);
}

TEST(Winograd, KeepsToTheLimitOfSize) {
  // 64 x 64 x 4 bytes for each of 36 - 9 points, or 16 - 9.
  ConvShape s = shape(56, 56, 64, 64);
  EXPECT_EQ(chosen(s, false, 27 * 16384), 4);
  EXPECT_EQ(chosen(s, false, 27 * 16384 - 1), 2);
  EXPECT_EQ(chosen(s, false, 7 * 16384), 2);
  EXPECT_EQ(chosen(s, false, 7 * 16384 - 1), 0);
  EXPECT_EQ(chosen(s, /*bounded=*/true, 0), 0);
}

TEST(Winograd, IsNotForOtherWindows) {
  ConvShape s = shape(56, 56, 64, 64);
  s.stride = 2;
  EXPECT_EQ(chosen(s), 0);
  s.stride = 1, s.dilation = 2, s.pad = 2;
  EXPECT_EQ(chosen(s), 0);
  s.dilation = 1, s.kh = s.kw = 5;
  EXPECT_EQ(chosen(s), 0);
}

namespace {
struct Emitted {
  unsigned fetches = 0; ///< operations that fetch ahead
  unsigned pieces = 0;  ///< of work
};
} // namespace

/// What the convolution's kernel by F(4, 3) has.
static Emitted emitted(const ConvShape &shape) {
  auto module = parse(convText(shape));
  DispatchOp op;
  module->walk([&](DispatchOp found) { op = found; });
  useWinograd(op, 4, randomInputs(op, 1)[1]);
  const cpu::CpuSpec *spec = cpu::findSpec("x86-64-v4");
  mlir::OwningOpRef<mlir::ModuleOp> kernels =
      mlir::ModuleOp::create(op.getLoc());
  std::string reason;
  auto info = cpu::emitWinograd(op, *spec, *kernels, "kernel", reason);
  EXPECT_TRUE(succeeded(info)) << reason;
  if (failed(info))
    return {};
  Emitted result{0, info->tileCount};
  kernels->walk([&](mlir::memref::PrefetchOp) { ++result.fetches; });
  return result;
}

TEST(Winograd, FetchesWhatIsNotNear) {
  EXPECT_EQ(emitted(shape(28, 28, 32, 32)).fetches, 0u);
  // Input and results of 2 MB.
  EXPECT_GT(emitted(shape(128, 128, 32, 32)).fetches, 0u);
  // Weights of 2 MB.
  EXPECT_GT(emitted(shape(28, 28, 128, 128)).fetches, 0u);
}

TEST(Winograd, ThreadsShareASingleBlock) {
  EXPECT_EQ(emitted(shape(16, 16, 32, 128)).pieces, 2u);
  EXPECT_EQ(emitted(shape(8, 8, 32, 64)).pieces, 1u);
}

TEST(Winograd, FewPiecesAreEven) {
  // 196 tiles would be seven blocks of 28, sixteen one block.
  EXPECT_EQ(emitted(shape(56, 56, 64, 64)).pieces, 14u);
  EXPECT_EQ(emitted(shape(14, 14, 128, 32)).pieces, 2u);
  // Four tiles are one register tile's.
  EXPECT_EQ(emitted(shape(7, 7, 64, 32)).pieces, 1u);
  // Of many pieces one more does not count.
  EXPECT_GT(emitted(shape(120, 124, 32, 32)).pieces, 16u);
  winograd(shape(14, 14, 24, 32));
}
