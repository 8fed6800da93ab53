// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/codegen/MatrixUnits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace visir;
using namespace visir::vulkan;

static constexpr int64_t kSubgroup = 32;

namespace {

/// A matrix is one value.
class Cooperative : public MatrixUnits {
public:
  Cooperative(OpBuilder &b, Location loc) : b(b), loc(loc) {}

  Value subgroup() override {
    return gpu::SubgroupIdOp::create(b, loc, /*upper_bound=*/IntegerAttr());
  }
  Values zero() override {
    Value number =
        arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
    return {gpu::SubgroupMmaConstantMatrixOp::create(
        b, loc, typeOf(b.getF32Type(), "COp"), number)};
  }
  Values load(Value shared, Value place, int64_t pitch, bool right) override {
    // The depth of a right factor are its rows.
    UnitAttr transposed = right ? b.getUnitAttr() : UnitAttr();
    return {gpu::SubgroupMmaLoadMatrixOp::create(
        b, loc, typeOf(b.getF16Type(), right ? "BOp" : "AOp"), shared,
        ValueRange{place}, b.getIndexAttr(pitch), transposed)};
  }
  Values multiply(ValueRange left, ValueRange right, ValueRange sums) override {
    return {gpu::SubgroupMmaComputeOp::create(
        b, loc, sums[0].getType(), left[0], right[0], sums[0], UnitAttr(),
        UnitAttr())};
  }
  void store(ValueRange sums, Value shared, Value place) override {
    gpu::SubgroupMmaStoreMatrixOp::create(b, loc, sums[0], shared,
                                          ValueRange{place},
                                          b.getIndexAttr(kMatrix), UnitAttr());
  }

private:
  static Type typeOf(Type element, StringRef role) {
    return gpu::MMAMatrixType::get({kMatrix, kMatrix}, element, role);
  }

  OpBuilder &b;
  Location loc;
};

/// A factor is where it lies: shared memory, place and pitch. Of sums each
/// invocation holds eight neighbours in one row.
class Emulated : public MatrixUnits {
public:
  Emulated(OpBuilder &b, Location loc, Value thread) : b(b), loc(loc) {
    number = arith::DivUIOp::create(b, loc, thread, index(kSubgroup));
    Value lane = arith::RemUIOp::create(b, loc, thread, index(kSubgroup));
    row = arith::DivUIOp::create(b, loc, lane, index(kMatrix / kHeld));
    column = arith::MulIOp::create(
        b, loc,
        arith::RemUIOp::create(b, loc, lane, index(kMatrix / kHeld)),
        index(kHeld));
  }

  Value subgroup() override { return number; }
  Values zero() override {
    Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
    return Values(kHeld, zero);
  }
  Values load(Value shared, Value place, int64_t pitch, bool) override {
    return {shared, place, index(pitch)};
  }
  Values multiply(ValueRange left, ValueRange right, ValueRange sums) override {
    auto loop = scf::ForOp::create(b, loc, index(0), index(kMatrix), index(1),
                                   sums);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value deep = loop.getInductionVar();
    Value x = read(left, row, deep);
    Values results;
    for (int64_t i = 0; i < kHeld; ++i) {
      Value place = plus(column, index(i));
      results.push_back(math::FmaOp::create(b, loc, x,
                                            read(right, place, deep),
                                            loop.getRegionIterArgs()[i]));
    }
    scf::YieldOp::create(b, loc, results);
    return Values(loop.getResults());
  }
  void store(ValueRange sums, Value shared, Value place) override {
    Value first = plus(
        place,
        plus(arith::MulIOp::create(b, loc, row, index(kMatrix)), column));
    for (auto [i, sum] : llvm::enumerate(sums))
      memref::StoreOp::create(b, loc, sum, shared,
                              ValueRange{plus(first, index(int64_t(i)))});
  }

private:
  static constexpr int64_t kHeld = kMatrix * kMatrix / kSubgroup;

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value plus(Value x, Value y) {
    return arith::AddIOp::create(b, loc, x, y);
  }
  Value read(ValueRange factor, Value point, Value deep) {
    Value place = plus(
        factor[1],
        plus(arith::MulIOp::create(b, loc, point, factor[2]), deep));
    Value bits = memref::LoadOp::create(b, loc, factor[0], ValueRange{place});
    Value half = arith::BitcastOp::create(b, loc, b.getF16Type(), bits);
    return arith::ExtFOp::create(b, loc, b.getF32Type(), half);
  }

  OpBuilder &b;
  Location loc;
  Value number, row, column;
};

} // namespace

std::unique_ptr<MatrixUnits> vulkan::makeMatrixUnits(OpBuilder &b,
                                                     Location loc,
                                                     MatrixMode mode,
                                                     Value thread) {
  if (mode == MatrixMode::Cooperative)
    return std::make_unique<Cooperative>(b, loc);
  return std::make_unique<Emulated>(b, loc, thread);
}
