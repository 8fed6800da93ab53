// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/GridSampler.h"

#include "targets/common/Layout.h"

using namespace mlir;
using namespace visir;

namespace {

/// The elements along one axis that a sample weighs.
struct Taps {
  SmallVector<Value> offsets; ///< in memory, of index type
  SmallVector<Value> weights; ///< f64
  SmallVector<Value> valid;   ///< i1; null for always
};

struct Sampler {
  FloatBuilder f;
  SampleMode mode;
  BorderMode border;
  bool alignCorners;

  Value reflect(Value x, double low, double high);
  Value applyBorder(Value x, int64_t extent);
  SmallVector<std::pair<Value, Value>> positions(Value x);
  Taps taps(Value grid, int64_t extent, int64_t stride);
  Value sample(const GridSource &source, ArrayRef<Taps> axes);
  Value widen(Value value) {
    return value.getType().isF64() ? value
                                   : f.make<arith::ExtFOp>(f.type, value);
  }
  Value whole(int64_t value) { return f.make<arith::ConstantIndexOp>(value); }
};

} // namespace

/// Mirrors x at the borders until it is between them.
Value Sampler::reflect(Value x, double low, double high) {
  double span = high - low;
  if (span <= 0)
    return f.c(low);
  Value distance = f.abs(f.sub(x, f.c(low)));
  Value turns = f.make<math::FloorOp>(f.mul(distance, f.c(0.5 / span)));
  Value phase = f.sub(distance, f.mul(turns, f.c(2 * span)));
  Value mirrored = f.sub(f.c(2 * span), phase);
  Value beyond = f.less(f.c(span), phase);
  return f.add(f.c(low), f.select(beyond, mirrored, phase));
}

Value Sampler::applyBorder(Value x, int64_t extent) {
  double last = double(extent - 1);
  if (border == BorderMode::Zeros)
    return x;
  if (border == BorderMode::Reflection)
    x = alignCorners ? reflect(x, 0, last) : reflect(x, -0.5, last + 0.5);
  return f.clamp(x, 0, last);
}

/// The taps' coordinates, as whole floats, and weights.
SmallVector<std::pair<Value, Value>> Sampler::positions(Value x) {
  if (mode == SampleMode::Nearest)
    return {{f.make<math::RoundEvenOp>(x), f.c(1)}};
  Value floor = f.make<math::FloorOp>(x), t = f.sub(x, floor);
  if (mode == SampleMode::Linear)
    return {{floor, f.sub(f.c(1), t)}, {f.add(floor, f.c(1)), t}};
  // Cubic convolution with a = -0.75 (Keys, 1981).
  const double a = -0.75;
  auto near = [&](Value d) {
    return f.polynomial(d, {1, 0, -(a + 3), a + 2});
  };
  auto far = [&](Value d) {
    return f.polynomial(d, {-4 * a, 8 * a, -5 * a, a});
  };
  Value s = f.sub(f.c(1), t);
  return {{f.sub(floor, f.c(1)), far(f.add(t, f.c(1)))},
          {floor, near(t)},
          {f.add(floor, f.c(1)), near(s)},
          {f.add(floor, f.c(2)), far(f.add(s, f.c(1)))}};
}

Taps Sampler::taps(Value grid, int64_t extent, int64_t stride) {
  // From -1 .. 1 to the coordinates of elements.
  double scale = alignCorners ? 0.5 * double(extent - 1) : 0.5 * extent;
  double shift = alignCorners ? scale : scale - 0.5;
  Value x = f.add(f.mul(grid, f.c(scale)), f.c(shift));
  // NaN and infinity sample the border, or nothing; no conversion to
  // integers may see them or anything that far.
  Value finite = f.less(f.abs(x), f.c(1e15));
  x = f.select(finite, x, f.c(border == BorderMode::Zeros ? -2 : 0));
  if (mode != SampleMode::Cubic)
    x = applyBorder(x, extent);
  Taps result;
  for (auto [position, weight] : positions(x)) {
    Value at = applyBorder(position, extent);
    Value integer = f.make<arith::FPToSIOp>(f.b.getI64Type(), at);
    Value index =
        f.make<arith::IndexCastOp>(f.b.getIndexType(), integer);
    Value valid = f.make<arith::CmpIOp>(arith::CmpIPredicate::ult, index,
                                        whole(extent));
    index = f.select(valid, index, whole(0));
    result.offsets.push_back(
        f.make<arith::MulIOp>(index, whole(stride)));
    result.weights.push_back(weight);
    result.valid.push_back(valid);
  }
  return result;
}

/// The weighted sum over all combinations of taps.
Value Sampler::sample(const GridSource &source, ArrayRef<Taps> axes) {
  Value sum = f.c(0);
  SmallVector<unsigned> at(axes.size());
  while (true) {
    Value offset = source.base, weight, valid;
    for (auto [axis, tap] : llvm::zip(axes, at)) {
      offset = f.make<arith::AddIOp>(offset, axis.offsets[tap]);
      weight = weight ? f.mul(weight, axis.weights[tap]) : axis.weights[tap];
      valid = valid ? f.make<arith::AndIOp>(valid, axis.valid[tap])
                    : axis.valid[tap];
    }
    Value term = f.fma(weight, widen(source.input(offset)), sum);
    sum = f.select(valid, term, sum);
    unsigned axis = axes.size();
    while (axis > 0 && ++at[axis - 1] == axes[axis - 1].offsets.size())
      at[--axis] = 0;
    if (axis == 0)
      return sum;
  }
}

FailureOr<Value> visir::emitGridSample(OpBuilder &b, DispatchOp op,
                                       const MathTraits &traits,
                                       const GridSource &source) {
  auto input = cast<RankedTensorType>(op.getInputs()[0].getType());
  if (!isa<FloatType>(input.getElementType()))
    return op.emitError() << "element type of the input is "
                          << input.getElementType() << ", expected a float";
  Sampler sampler{FloatBuilder(b, op.getLoc(), b.getF64Type(), traits),
                  cast<SampleModeAttr>(op.getRootParam("mode")).getValue(),
                  cast<BorderModeAttr>(op.getRootParam("border")).getValue(),
                  bool(op.getRootParam("align_corners"))};
  Placement placement = placementOf(input);
  unsigned axes = input.getRank() - 2;
  SmallVector<Taps> taps;
  for (unsigned axis = 0; axis < axes; ++axis)
    // The grid holds x first, which is the last axis.
    taps.push_back(sampler.taps(
        sampler.widen(source.grid(axes - 1 - axis)),
        input.getDimSize(2 + axis), placement.dims[2 + axis].stride));
  Value value = sampler.sample(source, taps);
  Type result = op.getEpilogueBlock().getArgument(0).getType();
  if (!result.isF64())
    value = sampler.f.make<arith::TruncFOp>(result, value);
  return value;
}
