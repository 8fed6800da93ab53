// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/Cost.h"

#include "compiler/support/Constants.h"
#include "targets/common/CostAttr.h"
#include "targets/common/Layout.h"
#include "targets/cpu/codegen/dispatch/Emitters.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Bytes a cycle: constants come from memory, tensors that another dispatch
/// has just written from the second cache or, where they do not fit, from the
/// outer one or from memory, which takes results back more slowly.
static constexpr double kMemoryBytes = 9.5, kNearBytes = 32, kFarBytes = 14,
                        kLargeBytes = 5;
/// What an outer cache is sure to hold.
static constexpr double kOuterBytes = 8 << 20;
/// Starting a dispatch and its tiles.
static constexpr double kDispatch = 600;
/// What the loops' estimates in nanoseconds are worth.
static constexpr double kCyclesPerNanosecond = 4;

static double opCycles(Operation &op) {
  if (op.hasTrait<OpTrait::ConstantLike>())
    return 0;
  if (isa<arith::DivFOp, math::SqrtOp, math::RsqrtOp>(op))
    return 2.5;
  if (isa<math::MathDialect>(op.getDialect()) &&
      !isa<math::AbsFOp, math::FmaOp, math::CopySignOp, math::FloorOp,
           math::CeilOp, math::RoundEvenOp, math::TruncOp>(op))
    return 4;
  return 0.5;
}

double cpu::payloadCycles(Block &payload) {
  double cycles = 0;
  for (Operation &op : payload.without_terminator())
    cycles += opCycles(op);
  return cycles;
}

double cpu::epilogueCycles(DispatchOp op) {
  return payloadCycles(op.getEpilogueBlock()) + op.getNumResults();
}

double cpu::lanesOf(ArrayRef<ColumnClass> classes, unsigned lanes) {
  double count = 0;
  for (const ColumnClass &c : classes)
    count += double(c.blockCount) * double(c.columns.size()) * lanes;
  return count;
}

/// Cycles until all operands have come and all results have gone. Of a table
/// no more is read than there are points.
static double trafficCycles(DispatchOp op, const CpuSpec &spec) {
  double points = 1, cycles = 0;
  for (int64_t extent : op.getExtents())
    points *= double(extent);
  auto add = [&](Value tensor) {
    auto type = cast<RankedTensorType>(tensor.getType());
    double read = points * elementBytes(type.getElementType());
    double bytes = std::min(double(placedBytes(type)), read);
    double rate = constantOf(tensor)                  ? kMemoryBytes
                  : bytes <= double(spec.l2Bytes) / 2 ? kNearBytes
                  : bytes <= kOuterBytes              ? kFarBytes
                                                      : kLargeBytes;
    cycles += bytes / rate;
  };
  for (auto [i, input] : llvm::enumerate(op.getInputs()))
    if (!llvm::is_contained(op.getTies(), int64_t(i)))
      add(input);
  for (Value result : op.getResults())
    add(result);
  return cycles;
}

void cpu::setCost(DispatchOp op, const CpuSpec &spec, const KernelWork &work) {
  double cycles = std::max(work.cycles, trafficCycles(op, spec)) + kDispatch;
  Builder b(op.getContext());
  auto number = [&](StringRef name, double value) {
    return b.getNamedAttr(name, b.getI64IntegerAttr(int64_t(value)));
  };
  op->setAttr(kCostAttr, b.getDictionaryAttr(
                             {number("cycles", cycles),
                              number("executed_flops", work.executedFlops),
                              number("issued_flops", work.issuedFlops)}));
}

void cpu::setLoopCost(DispatchOp op, const LoopPlan &plan, const CpuSpec &spec,
                      double flops) {
  KernelWork work;
  work.flops = work.executedFlops = flops;
  work.cycles =
      loopNanoseconds(op, plan.nest, plan.config) * kCyclesPerNanosecond;
  double lanes = plan.config.lanes;
  double extent = double(plan.nest.dims[plan.laneDim()].extent);
  // One element at a time leaves all other lanes idle.
  double issued = lanes == 0 ? double(spec.lanes(4))
                  : extent == 0
                      ? 1
                      : std::ceil(extent / lanes) * lanes / extent;
  work.issuedFlops = flops * issued;
  setCost(op, spec, work);
}
