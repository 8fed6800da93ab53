// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In each step all invocations bring the sides' tiles to shared memory, then
// each subgroup multiplies its matrices. Sums go to the epilogue by way of
// shared memory, a matrix of each subgroup at a time: which invocation holds
// what of a cooperative matrix is the device's own.
#include "targets/vulkan/codegen/MatrixProduct.h"

#include "targets/common/Payload.h"
#include "targets/common/tiled/ProductFrame.h"
#include "targets/vulkan/codegen/MatrixUnits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVAttributes.h"

using namespace mlir;
using namespace visir;
using namespace visir::vulkan;
using tiled::ProductSide;

static constexpr int64_t kSubgroup = 32;
/// Matrices of a subgroup along each side, and points of these.
static constexpr int64_t kSide = 2, kPoints = kSide * kMatrix;

int64_t MatrixPlan::subgroups() const {
  return product.rows.tile / kPoints * (product.columns.tile / kPoints);
}
int64_t MatrixPlan::threads() const { return subgroups() * kSubgroup; }
int64_t MatrixPlan::pitch() const { return product.depth + 8; }
int64_t MatrixPlan::sideElements() const {
  return (product.rows.tile + product.columns.tile) * pitch();
}
int64_t MatrixPlan::sumElements() const {
  return subgroups() * kMatrix * kMatrix;
}

FailureOr<MatrixPlan> vulkan::planMatrices(DispatchOp op) {
  if (op.getKind() != RootKind::Contract)
    return failure();
  for (unsigned yielded : {0, 1}) {
    Value factor = tiled::narrowFactor(op, yielded);
    if (!factor || !factor.getType().isF16())
      return failure();
  }
  FailureOr<tiled::ProductPlan> sorted = tiled::sortProduct(op);
  if (failed(sorted) || !sorted->element.isF32() ||
      std::min({sorted->rows.extent, sorted->columns.extent,
                sorted->sumCount}) < kMatrix)
    return failure();
  MatrixPlan plan;
  plan.product = std::move(*sorted);
  plan.product.depth = plan.product.sumCount > kMatrix ? 2 * kMatrix : kMatrix;
  for (ProductSide *side : {&plan.product.rows, &plan.product.columns}) {
    side->perThread = 1;
    side->tile = side->extent > kPoints ? 2 * kPoints : kPoints;
  }
  return plan;
}

namespace {

class Emitter : tiled::ProductFrame {
public:
  Emitter(OpBuilder &b, DispatchOp op, const MatrixPlan &plan, MatrixMode mode,
          Value thread, scalar::Memory &memory)
      : ProductFrame(b, op, plan.product, thread, memory), matrices(plan),
        units(makeMatrixUnits(b, op.getLoc(), mode, thread)),
        stored(mode == MatrixMode::Cooperative ? Type(b.getF16Type())
                                               : Type(b.getI16Type())) {}

  void emit(Value group);

private:
  Value allocate(int64_t elements, Type element);
  /// The first row and column of a subgroup in the workgroup's tile.
  std::pair<Value, Value> firstOf(Value subgroup) {
    auto [row, column] = split(subgroup, plan.columns.tile / kPoints);
    return {times(row, kPoints), times(column, kPoints)};
  }
  void barrier() { gpu::BarrierOp::create(b, at.loc); }
  void stage(const ProductSide &side, Value first, int64_t offset, Value step);
  Values multiply(ValueRange sums);
  void finishAll(ValueRange sums);

  const MatrixPlan &matrices;
  std::unique_ptr<MatrixUnits> units;
  Type stored; ///< f16, or its bits where the device may have none
  Value sides, sums; ///< shared memory
  Value ownRow, ownColumn;
};

} // namespace

Value Emitter::allocate(int64_t elements, Type element) {
  auto space = spirv::StorageClassAttr::get(b.getContext(),
                                            spirv::StorageClass::Workgroup);
  return memref::AllocOp::create(
      b, at.loc,
      MemRefType::get({elements}, element, MemRefLayoutAttrInterface(),
                      space));
}

/// Brings a side's tile of step `step` to shared memory. Beyond the side its
/// last point is read again, as nothing is stored of it; beyond the sum there
/// are zeros.
void Emitter::stage(const ProductSide &side, Value first, int64_t offset,
                    Value step) {
  int64_t threads = matrices.threads(), count = side.tile * plan.depth;
  int64_t fast = side.deepFast ? plan.depth : side.tile;
  at.loop(count / threads, {}, [&](Value turn, ValueRange) {
    auto [high, low] = split(plus(times(turn, threads), thread), fast);
    Value place = side.deepFast ? high : low;
    Value deep = side.deepFast ? low : high;
    Value point = plus(first, place);
    if (side.tiles() * side.tile != side.extent)
      point = at.make<arith::MinUIOp>(point, number(side.extent - 1));
    placeSide(side, point);
    Value valid = placeSums(step, deep, /*mayExceed=*/false);
    Value value = b.createOrFold<arith::TruncFOp>(
        at.loc, b.getF16Type(), at.operand(side.yield));
    if (valid)
      value = at.make<arith::SelectOp>(
          valid, value, makeConstant(b, at.loc, b.getF16Type(), 0));
    if (stored != value.getType())
      value = at.make<arith::BitcastOp>(stored, value);
    Value target = plus(plus(times(place, matrices.pitch()), deep),
                        number(offset));
    memref::StoreOp::create(b, at.loc, value, sides, ValueRange{target});
    return Values();
  });
}

/// Adds the products of the tiles to the subgroup's matrices, all values of
/// the first, then of the next one in its row.
Values Emitter::multiply(ValueRange running) {
  Values result(running);
  size_t held = result.size() / (kSide * kSide);
  int64_t pitch = matrices.pitch();
  int64_t columnsBegin = plan.rows.tile * pitch;
  for (int64_t deep = 0; deep < plan.depth; deep += kMatrix) {
    SmallVector<Values> left, right;
    for (int64_t i = 0; i < kSide; ++i) {
      Value row = plus(ownRow, number(i * kMatrix));
      Value column = plus(ownColumn, number(i * kMatrix));
      left.push_back(units->load(sides, plus(times(row, pitch), number(deep)),
                                 pitch, /*right=*/false));
      right.push_back(units->load(
          sides, plus(times(column, pitch), number(columnsBegin + deep)),
          pitch, /*right=*/true));
    }
    for (int64_t i = 0; i < kSide * kSide; ++i) {
      auto *matrix = result.begin() + i * held;
      Values sum = units->multiply(left[i / kSide], right[i % kSide],
                                   Values(matrix, matrix + held));
      std::copy(sum.begin(), sum.end(), matrix);
    }
  }
  return result;
}

/// A matrix of each subgroup at a time; the epilogue's points are shared by
/// the invocations of the subgroup.
void Emitter::finishAll(ValueRange all) {
  size_t held = all.size() / (kSide * kSide);
  constexpr int64_t kArea = kMatrix * kMatrix;
  // Any invocation may finish any sum, so how the device numbers those of a
  // subgroup does not matter here.
  auto [owner, lane] = split(thread, kSubgroup);
  Value begin = times(owner, kArea);
  auto [row, column] = firstOf(owner);
  Value firstRow = plus(tileRow, row), firstColumn = plus(tileColumn, column);
  for (int64_t i = 0; i < kSide * kSide; ++i) {
    units->store(all.slice(i * held, held), sums,
                 times(units->subgroup(), kArea));
    barrier();
    at.loop(kArea / kSubgroup, {}, [&, i, lane = lane](Value turn, ValueRange) {
      Value element = plus(times(turn, kSubgroup), lane);
      auto [down, across] = split(element, kMatrix);
      Value sum = memref::LoadOp::create(b, at.loc, sums,
                                         ValueRange{plus(begin, element)});
      finishAt(plus(firstRow, plus(down, number(i / kSide * kMatrix))),
               plus(firstColumn, plus(across, number(i % kSide * kMatrix))),
               sum);
      return Values();
    });
    if (i + 1 < kSide * kSide)
      barrier();
  }
}

void Emitter::emit(Value group) {
  sides = allocate(matrices.sideElements(), stored);
  sums = allocate(matrices.sumElements(), b.getF32Type());
  placeGroup(group);
  std::tie(ownRow, ownColumn) = firstOf(units->subgroup());
  Values zeros;
  for (int64_t i = 0; i < kSide * kSide; ++i)
    llvm::append_range(zeros, units->zero());
  Values all = at.loop(plan.steps(), zeros, [&](Value step, ValueRange before) {
    stage(plan.rows, tileRow, 0, step);
    stage(plan.columns, tileColumn, plan.rows.tile * matrices.pitch(), step);
    barrier();
    Values after = multiply(before);
    barrier();
    return after;
  });
  finishAll(all);
}

void vulkan::emitMatrixProduct(OpBuilder &b, DispatchOp op,
                               const MatrixPlan &plan, MatrixMode mode,
                               Value group, Value thread,
                               scalar::Memory &memory) {
  Emitter(b, op, plan, mode, thread, memory).emit(group);
}
