// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/cpu/tiled/Shapes.h"
#include "test/targets/cpu/tiled/TiledRun.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "targets/cpu/codegen/Tiled.h"
#include "targets/cpu/codegen/contraction/Emit.h"

#include "gtest/gtest.h"

using namespace visir;
using namespace visir::test;

// Sums of k products of numbers up to 4: the rounding of each is at most
// 16 * k * 2^-24, and half of it is seen.
static constexpr double kTolerance = 2e-4;

static void conv(ConvShape shape) {
  expectTiled(convText(shape), "contraction", 1, kTolerance);
}

static void matmul(MatMulShape shape, int packed = 1) {
  expectTiled(matmulText(shape), "contraction", packed, kTolerance);
}

TEST(Contraction, Pointwise) {
  ConvShape s;
  s.h = 7, s.w = 9, s.ci = 24, s.co = 32;
  conv(s);
  s.co = 36;
  conv(s);
  s.co = 10, s.tail = Tail::Bias;
  conv(s);
  s.co = 72, s.n = 2, s.stride = 2, s.tail = Tail::Long;
  conv(s);
}

TEST(Contraction, PaddedWindow) {
  ConvShape s;
  s.kh = s.kw = 3, s.pad = 1, s.h = 7, s.w = 7, s.co = 32;
  conv(s);
  s.h = 9, s.w = 31, s.co = 20;
  conv(s);
  s.stride = 2, s.w = 30, s.tail = Tail::Long;
  conv(s);
  s.kh = s.kw = 5, s.pad = 2, s.stride = 1;
  conv(s);
  s.kh = s.kw = 3, s.pad = 2, s.dilation = 2;
  conv(s);
}

TEST(Contraction, WindowWithoutPadding) {
  ConvShape s;
  s.kh = 3, s.kw = 2, s.h = 9, s.w = 17, s.ci = 5, s.co = 16;
  conv(s);
  s.kh = s.kw = 2, s.stride = 2, s.tail = Tail::None;
  conv(s);
}

TEST(Contraction, ImageStem) {
  ConvShape s;
  s.kh = s.kw = 7, s.pad = 3, s.stride = 2, s.h = 20, s.w = 34, s.ci = 3;
  s.co = 24, s.imageInput = true;
  conv(s);
  s.kh = s.kw = 3, s.pad = 1, s.co = 32;
  conv(s);
  s.kh = s.kw = 4, s.pad = 0, s.stride = 4;
  conv(s);
  // So large that the next rows are fetched ahead.
  s.h = s.w = 212, s.co = 16;
  conv(s);
  s.kh = s.kw = 3, s.pad = 1, s.stride = 2;
  conv(s);
}

TEST(Contraction, Groups) {
  ConvShape s;
  s.kh = s.kw = 3, s.pad = 1, s.groups = 3, s.ci = 12, s.co = 48;
  conv(s);
  s.co = 12;
  conv(s);
}

TEST(Contraction, ChannelsFirstUsesPixelsAsLanes) {
  ConvShape s;
  s.channelsLast = false, s.ci = 12, s.co = 20, s.h = 6, s.w = 9;
  conv(s);
  s.tail = Tail::Long;
  conv(s);
}

TEST(Contraction, ChannelsFirstWindowStoresLaneByLane) {
  ConvShape s;
  s.channelsLast = false, s.ci = 5, s.co = 20, s.h = 6, s.w = 9;
  s.kh = s.kw = 3, s.pad = 1;
  conv(s);
}

TEST(Contraction, FunctionOfTheInput) {
  ConvShape s;
  s.square = true, s.kh = s.kw = 3, s.pad = 1;
  conv(s);
}

TEST(Contraction, LongEpilogue) {
  MatMulShape s;
  s.m = 30, s.n = 37, s.k = 3, s.tail = Tail::Gelu;
  matmul(s);
  s.tail = Tail::Silu;
  matmul(s);
}

TEST(Contraction, PreparedRows) {
  ConvShape s;
  s.square = true, s.ci = 21, s.co = 40, s.h = 6, s.w = 5;
  conv(s);
  s.square = false, s.gate = true, s.n = 2;
  conv(s);
  s.kh = s.kw = 3, s.pad = 1;
  conv(s);
}

TEST(Contraction, NarrowElements) {
  MatMulShape s;
  s.m = 9, s.n = 36, s.k = 30, s.tail = Tail::None, s.element = "si8";
  matmul(s);
  s.element = "f16";
  // The result is rounded to eleven bits.
  expectTiled(matmulText(s), "contraction", 1, 1e-3);
  s.transposedRhs = true;
  expectTiled(matmulText(s), "contraction", -1, 1e-3);
}

TEST(Contraction, OneRowStreamsTheWeights) {
  MatMulShape s;
  s.m = 1, s.n = 100, s.k = 77;
  matmul(s);
  s.n = 3;
  matmul(s);
  s.transposedRhs = true, s.n = 50;
  matmul(s);
}

/// Steps of loops that fetch weights ahead, and whether any loop has several.
static std::pair<unsigned, bool> fetches(MatMulShape shape) {
  mlir::OwningOpRef<mlir::ModuleOp> kernel = emitTiled(matmulText(shape), 1);
  llvm::DenseMap<mlir::Block *, unsigned> counts;
  kernel->walk([&](mlir::memref::PrefetchOp fetch) {
    // Results are fetched to be written.
    if (!fetch.getIsWrite())
      ++counts[fetch->getBlock()];
  });
  bool several = false;
  for (auto &[block, count] : counts)
    several |= count > 1;
  return {counts.size(), several};
}

TEST(Contraction, EachStepFetchesOneLineAhead) {
  MatMulShape s;
  // Rows of two kinds of tiles.
  s.m = 50, s.n = 96, s.k = 64;
  EXPECT_EQ(fetches(s), std::make_pair(2u, false));
  // So many rows that the first one's waits do not count.
  s.m = 2000;
  EXPECT_EQ(fetches(s).first, 0u);
}

TEST(Contraction, TilesFetchTheNextRowsFromOuterCaches) {
  MatMulShape s;
  s.m = 3000, s.n = 48, s.k = 64;
  auto [loops, several] = fetches(s);
  EXPECT_GE(loops, 1u);
  EXPECT_FALSE(several);
  // Rows that stay in the cache.
  s.m = 1900;
  EXPECT_EQ(fetches(s).first, 0u);
  // Rows of which parts are read, and those that are no neighbours.
  ConvShape c;
  c.h = c.w = 60, c.ci = 64, c.co = 48;
  auto fetchesRows = [&] {
    bool found = false;
    emitTiled(convText(c), 1)->walk([&](mlir::memref::PrefetchOp fetch) {
      found |= !fetch.getIsWrite();
    });
    return found;
  };
  EXPECT_TRUE(fetchesRows());
  c.stride = 2, c.h = c.w = 120;
  EXPECT_FALSE(fetchesRows());
  s.m = 3001, s.n = 20;
  matmul(s);
}

TEST(Contraction, LongTilesFetchResultsThatLeaveTheCache) {
  MatMulShape s;
  s.m = 20000, s.n = 96, s.k = 32;
  auto fetchesResults = [&] {
    bool found = false;
    emitTiled(matmulText(s), 1)->walk(
        [&](mlir::memref::PrefetchOp fetch) { found |= fetch.getIsWrite(); });
    return found;
  };
  EXPECT_TRUE(fetchesResults());
  s.k = 16;
  EXPECT_FALSE(fetchesResults());
  s.tail = Tail::Long;
  EXPECT_TRUE(fetchesResults());
}

TEST(Contraction, EachStepFetchesARowOfResults) {
  auto mostPerBlock = [](const std::string &text) {
    auto kernel = emitTiled(text, 1);
    llvm::DenseMap<mlir::Block *, unsigned> counts;
    unsigned most = 0;
    kernel->walk([&](mlir::memref::PrefetchOp fetch) {
      if (fetch.getIsWrite())
        most = std::max(most, ++counts[fetch->getBlock()]);
    });
    return most;
  };
  MatMulShape s;
  s.m = 20000, s.n = 96, s.k = 64;
  unsigned perStep = mostPerBlock(matmulText(s));
  EXPECT_GE(perStep, 1u);
  EXPECT_LE(perStep, 6u);
  // Loops of a window begin anew: all rows at once.
  ConvShape c;
  c.kh = c.kw = 3, c.pad = 1, c.h = c.w = 100, c.ci = 8, c.co = 32;
  EXPECT_GT(mostPerBlock(convText(c)), 6u);
  s.m = 4001, s.n = 40;
  matmul(s);
}

TEST(Contraction, MatMul) {
  MatMulShape s;
  for (int64_t m : {2, 17, 50})
    for (int64_t n : {5, 16, 40, 65}) {
      s.m = m, s.n = n, s.k = 33;
      matmul(s);
    }
  s.batch = {3}, s.tail = Tail::Long;
  matmul(s);
}

TEST(Contraction, NarrowTailsOfSeveralRowsShareAVector) {
  MatMulShape s;
  s.k = 24;
  for (int64_t n : {4, 7, 20, 24, 36, 72})
    for (int64_t m : {3, 37}) {
      s.m = m, s.n = n, s.tail = n == 20 ? Tail::Long : Tail::Bias;
      matmul(s);
    }
  s.norm = "layer", s.n = 36;
  matmul(s);
  ConvShape c;
  c.co = 24, c.h = c.w = 11, c.sums = true;
  conv(c);
}

TEST(Contraction, MatMulOfTwoActivations) {
  MatMulShape s;
  s.batch = {2, 3}, s.sharedRhs = false, s.m = 20, s.n = 37, s.k = 19;
  s.tail = Tail::None;
  matmul(s, -1);
  s.transposedRhs = true;
  matmul(s, -1);
}

TEST(Contraction, LongSumsInBlocks) {
  MatMulShape s;
  s.m = 15, s.n = 37, s.k = 1100;
  matmul(s);
  s.m = 1, s.k = 4100;
  matmul(s);
  ConvShape c;
  c.kh = c.kw = 3, c.pad = 1, c.ci = 70, c.h = 6, c.w = 30;
  conv(c);
  c.ci = 200, c.w = 9;
  conv(c);
}

TEST(Contraction, NormInThePrologue) {
  MatMulShape s;
  for (const char *norm : {"layer", "rms"})
    for (int64_t k : {5, 36, 300}) {
      s.norm = norm, s.k = k, s.m = 1, s.n = 40;
      matmul(s);
      s.m = 150, s.tail = Tail::Gelu;
      matmul(s);
    }
  s.element = "f64", s.k = 19, s.tail = Tail::Bias;
  expectTiled(matmulText(s), "contraction", 1, 1e-11);
}

TEST(Contraction, SumsOfShortRowsAreNoPart) {
  ConvShape s;
  s.sums = true, s.h = 8, s.ci = 24, s.co = 40;
  for (int64_t width : {2, 4}) {
    s.w = width;
    auto module = parse(convText(s));
    DispatchOp op;
    module->walk([&](DispatchOp found) { op = found; });
    std::string reason;
    EXPECT_EQ(cpu::sumsInKernel(op, *cpu::findSpec("x86-64-v4"), reason),
              width == 4);
    EXPECT_EQ(reason,
              width == 4 ? "" : "the rows are too short for register tiles");
  }
}

/// How the kernel's tiles cut the rows: {divisor, count} of their number.
static std::pair<int64_t, int64_t> bands(const MatMulShape &shape) {
  mlir::OwningOpRef<mlir::ModuleOp> kernel = emitTiled(matmulText(shape), 1);
  std::pair<int64_t, int64_t> found = {0, 0};
  kernel->walk([&](mlir::Operation *op) {
    auto axes = op->getAttrOfType<mlir::ArrayAttr>(cpu::kTileAxesAttr);
    if (!axes)
      return;
    for (auto axis : axes.getAsRange<mlir::DenseI64ArrayAttr>())
      if (axis[0] == 0)
        found = {axis[1], axis[2]};
  });
  return found;
}

TEST(Contraction, BandsOfRowsComeBeforeColumns) {
  MatMulShape s;
  // 14 tiles of 14 rows, three blocks of columns.
  s.m = 196, s.n = 96, s.k = 64;
  EXPECT_EQ(bands(s), std::make_pair(int64_t(3), int64_t(2)));
  matmul(s);
  // Weights that are more than the rows are cut first.
  s.m = 56, s.n = 288, s.k = 128;
  EXPECT_EQ(bands(s).first, 1);
  matmul(s);
  // Weights that would fill the cache alone, and about as many rows.
  s.m = 196, s.n = 240, s.k = 960;
  EXPECT_EQ(bands(s), std::make_pair(int64_t(5), int64_t(2)));
  matmul(s);
  ConvShape c;
  c.kh = c.kw = 3, c.pad = 1, c.h = c.w = 28, c.ci = 8, c.co = 72;
  conv(c);
}

TEST(Contraction, RowsThatShareSetsOfTheCacheAreFew) {
  auto rows = [](int64_t k) {
    MatMulShape s;
    s.m = 196, s.n = 256, s.k = k;
    auto module = parse(matmulText(s));
    int64_t found = 0;
    module->walk([&](DispatchOp op) {
      packOperand(op, 1);
      std::string reason;
      auto config = cpu::contractionConfig(
          op, *cpu::findSpec("x86-64-v4"), reason);
      found = config.getAs<mlir::IntegerAttr>("rows").getInt();
    });
    return found;
  };
  // Rows of 4 KB lie in one set of eight lines, with those of the weights.
  EXPECT_LE(rows(1024), 7);
  EXPECT_LE(rows(3072), 7);
  // Two, sixteen and all sets.
  EXPECT_EQ(rows(512), 14);
  EXPECT_EQ(rows(960), 14);
  EXPECT_EQ(rows(1040), 14);
  MatMulShape s;
  s.m = 20, s.n = 70, s.k = 1024;
  matmul(s);
}

TEST(Contraction, MicrosecondsOfWorkHaveTwoTiles) {
  auto tiles = [](int64_t m) {
    MatMulShape s;
    s.m = m, s.n = 64, s.k = 64;
    KernelInfo info;
    emitTiled(matmulText(s), 1, &info);
    return info.tileCount;
  };
  // A core with two multiply-adds of 16 floats a cycle at 4 GHz makes 640,000
  // in 5 us.
  EXPECT_GE(tiles(640000 / (64 * 64)), 2u);
  EXPECT_EQ(tiles(128000 / (64 * 64)), 1u);
}

TEST(Contraction, SumsAlongRows) {
  ConvShape s;
  s.sums = true, s.h = 7, s.w = 7, s.ci = 24, s.co = 40;
  conv(s);
  s.tail = Tail::Silu, s.w = 50, s.n = 2;
  conv(s);
  s.kh = s.kw = 3, s.pad = 1, s.stride = 2;
  conv(s);
  s.w = 1, s.kw = 1, s.pad = 0, s.stride = 1;
  conv(s);
}

TEST(Contraction, DoublePrecision) {
  MatMulShape s;
  s.element = "f64", s.m = 13, s.n = 21, s.k = 30;
  expectTiled(matmulText(s), "contraction", 1, 1e-12);
}

TEST(Contraction, MatrixTimesVector) {
  MatMulShape s;
  s.m = 40, s.n = 1, s.k = 21;
  matmul(s, -1);
}
