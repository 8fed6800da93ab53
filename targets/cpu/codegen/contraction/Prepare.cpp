// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/contraction/Prepare.h"

#include "compiler/support/Constants.h"
#include "targets/common/Payload.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Rows that are made at once, about, and the bytes that they should take.
static constexpr int64_t kMostRows = 64, kLeastRows = 16;
static constexpr int64_t kPreparedBytes = 24 << 10;
/// Vectors of a row that stay in registers, and sums side by side.
static constexpr int64_t kRowVectors = 12;
static constexpr unsigned kSums = 4;

Value cpu::prologueOf(KernelBuilder &kb, const Contraction &c, unsigned yield,
                      ArrayRef<unsigned> loads,
                      function_ref<Value(unsigned)> load) {
  auto argument = [&](unsigned i) -> Value {
    if (llvm::is_contained(loads, i))
      return load(i);
    return makeConstant(kb.b, kb.loc, scalarType(c.nest.accesses[i].element), 0);
  };
  SmallVector<Value> values =
      clonePayload(kb.b, kb.op.getPrologueBlock(), argument);
  return toElement(kb, values[yield], c.element);
}

RowPreparer::RowPreparer(KernelBuilder &kb, const Contraction &contraction,
                         const TilePlan &plan)
    : kb(kb), b(kb.b), loc(kb.loc), c(contraction), plan(plan) {
  if (!c.prepareScalar)
    return;
  for (unsigned load : c.scalarLoads)
    if (kb.op.getLoad(load).getNorm())
      normalised = int(load);
  int64_t bytes = elementBytes(c.element);
  scalars.pitch = llvm::alignTo(c.reductionPoints(), plan.lanes);
  // Rows a multiple of 4 KiB apart would share a few lines of the cache.
  if (scalars.pitch * bytes % 4096 == 0)
    scalars.pitch += plan.lanes;
  scalars.tiles = preparedTiles(scalars.pitch * bytes);
  scalars.memory =
      kb.scratch(scalars.tiles * plan.rows * scalars.pitch, c.element);
}

/// Register tiles whose rows are made at once. All columns are read for them,
/// so that more rows read the columns less often, and fewer stay closer.
int64_t RowPreparer::preparedTiles(int64_t rowBytes) const {
  int64_t columnBytes =
      c.reductionPoints() * c.extent(c.vectorLoop) * elementBytes(c.element);
  if (plan.counts[1] == 1 || columnBytes <= kb.spec.l1Bytes / 2)
    return 1;
  int64_t rows = std::clamp(kPreparedBytes / rowBytes, kLeastRows, kMostRows);
  return std::min<int64_t>(llvm::divideCeil(rows, int64_t(plan.rows)),
                           plan.counts[3]);
}

void RowPreparer::emit(const Position &first, Value count) {
  forRange(kb, kb.index(0), count, [&](Value number) {
    Position row = first;
    if (c.rowLoop >= 0)
      row.move(kb, c.nest, c.rowLoop, number);
    Offset to = advance(kb, {}, number, scalars.pitch);
    if (normalised >= 0)
      normalRow(row, to);
    else
      forSteps([&](Steps steps) { storeSteps(row, to, steps, Value()); });
  });
}

/// The steps of a row, whole vectors first; a short row is written out.
void RowPreparer::forSteps(function_ref<void(Steps)> body) {
  int64_t steps = c.reductionPoints(), full = steps / plan.lanes;
  if (full <= kRowVectors)
    for (int64_t i = 0; i < full; ++i)
      body({{Value(), i * plan.lanes}, plan.lanes});
  else
    forRange(kb, kb.index(0), kb.index(full), [&](Value block) {
      body({advance(kb, {}, block, plan.lanes), plan.lanes});
    });
  if (unsigned rest = unsigned(steps % plan.lanes))
    body({{Value(), full * plan.lanes}, rest});
}

Value RowPreparer::loadSteps(const Position &row, unsigned load, Steps steps) {
  unsigned loop = c.reductionLoops[0];
  const FlatAccess &access = c.nest.accesses[load];
  Offset at = row.accesses[load];
  at.fixed += steps.first.fixed * access.strides[loop];
  if (steps.first.dynamic)
    at = advance(kb, at, steps.first.dynamic, access.strides[loop]);
  return loadLanes(kb, kb.input(load), at, access.strides[loop], access.element,
                   {plan.lanes, steps.valid});
}

Value RowPreparer::splat(Value scalar) {
  return toLanes(b, loc, scalar, plan.lanes);
}

/// Zero in the lanes behind the row's end.
Value RowPreparer::onlyValid(Value vector, Steps steps) {
  if (steps.valid == plan.lanes)
    return vector;
  auto type = VectorType::get({int64_t(plan.lanes)}, b.getI1Type());
  Value mask = vector::ConstantMaskOp::create(b, loc, type,
                                              ArrayRef<int64_t>{steps.valid});
  return arith::SelectOp::create(b, loc, mask, vector,
                                 makeConstant(b, loc, vector.getType(), 0));
}

Value RowPreparer::sumLanes(Value vector) {
  for (int64_t count = plan.lanes / 2; count > 1; count /= 2) {
    auto half = [&](int64_t from) -> Value {
      return vector::ExtractStridedSliceOp::create(
          b, loc, vector, ArrayRef<int64_t>{from}, ArrayRef<int64_t>{count},
          ArrayRef<int64_t>{1});
    };
    vector = addLanes(kb, half(0), half(count));
  }
  return addLanes(kb, vector::ExtractOp::create(b, loc, vector, int64_t(0)),
                  vector::ExtractOp::create(b, loc, vector, int64_t(1)));
}

/// The sum of `value` over a row.
Value RowPreparer::sumOver(function_ref<Value(Steps)> value) {
  int64_t steps = c.reductionPoints(), full = steps / plan.lanes;
  Value zero = makeConstant(
      b, loc, VectorType::get({int64_t(plan.lanes)}, c.sum), 0);
  Values sums(kSums, zero);
  int64_t looped = full > kRowVectors ? full / kSums : 0;
  if (looped > 0)
    sums = forCarry(kb, kb.index(0), kb.index(looped), 1, sums,
                    [&](Value block, ValueRange carried) {
                      Offset first = advance(kb, {}, block, kSums * plan.lanes);
                      Values next;
                      for (unsigned i = 0; i < kSums; ++i)
                        next.push_back(addLanes(
                            kb, carried[i],
                            value({first.plus(i * plan.lanes), plan.lanes})));
                      return next;
                    });
  for (int64_t i = looped * kSums; i * plan.lanes < steps; ++i) {
    unsigned valid =
        unsigned(std::min<int64_t>(steps - i * plan.lanes, plan.lanes));
    Steps at{{Value(), i * plan.lanes}, valid};
    sums[i % kSums] = addLanes(kb, sums[i % kSums], onlyValid(value(at), at));
  }
  for (unsigned half = kSums / 2; half > 0; half /= 2)
    for (unsigned i = 0; i < half; ++i)
      sums[i] = addLanes(kb, sums[i], sums[i + half]);
  return sumLanes(sums[0]);
}

void RowPreparer::normalRow(const Position &row, Offset to) {
  unsigned load = unsigned(normalised);
  DictionaryAttr norm = kb.op.getLoad(load).getNorm();
  auto scalar = [&](double value) {
    return makeConstant(b, loc, c.sum, value);
  };
  Value share = scalar(1.0 / double(c.reductionPoints()));
  Value mean;
  if (!norm.get("rms")) {
    Value sum =
        sumOver([&](Steps steps) { return loadSteps(row, load, steps); });
    mean = splat(arith::MulFOp::create(b, loc, sum, share));
  }
  auto centred = [&](Steps steps) -> Value {
    Value x = loadSteps(row, load, steps);
    return mean ? arith::SubFOp::create(b, loc, x, mean) : x;
  };
  Value square = sumOver([&](Steps steps) -> Value {
    Value x = centred(steps);
    return arith::MulFOp::create(b, loc, x, x);
  });
  double epsilon = norm.getAs<FloatAttr>("epsilon").getValueAsDouble();
  Value power = arith::MulFOp::create(b, loc, square, share);
  power = arith::AddFOp::create(b, loc, power, scalar(epsilon));
  Value deviation = math::SqrtOp::create(b, loc, power);
  Value factor = splat(arith::DivFOp::create(b, loc, scalar(1), deviation));
  forSteps([&](Steps steps) {
    storeSteps(row, to, steps,
               arith::MulFOp::create(b, loc, centred(steps), factor));
  });
}

/// Stores the operand at some steps of a row; `normal` is the normalised load.
void RowPreparer::storeSteps(const Position &row, Offset to, Steps steps,
                             Value normal) {
  Value lanes =
      prologueOf(kb, c, c.scalarYield, c.scalarLoads, [&](unsigned i) {
        return int(i) == normalised ? normal : loadSteps(row, i, steps);
      });
  to.fixed += steps.first.fixed;
  if (steps.first.dynamic)
    to = advance(kb, to, steps.first.dynamic, 1);
  storeLanes(kb, scalars.memory, to, 1, c.element, {plan.lanes, plan.lanes},
             lanes);
}

std::string cpu::reasonToSplitOperand(DispatchOp op, const CpuSpec &spec) {
  std::string reason;
  FailureOr<Contraction> c = classify(op, spec, reason);
  if (failed(c))
    return reason;
  if (!c->prepareScalar)
    return "the kernel does not read it in whole rows";
  TilePlan plan = planTiles(*c, spec);
  int64_t rowBytes = c->reductionPoints() * c->rowExtent() * plan.counts[2] *
                     elementBytes(c->element);
  if (rowBytes <= spec.l2Bytes / 2 && plan.counts[1] > 1)
    return "its rows stay in the cache, and each panel of weights is read once";
  int64_t pieces = llvm::divideCeil(plan.counts[1], plan.chunks[1]);
  for (unsigned loop : c->batchLoops)
    if (llvm::none_of(c->scalarLoads, [&](unsigned load) {
          return c->nest.accesses[load].uses(loop);
        }))
      pieces *= c->extent(loop);
  if (pieces == 1)
    return "";
  return std::to_string(pieces) + " pieces of work would make the same rows";
}
