// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/nest/FlatNest.h"

#include "compiler/support/Constants.h"
#include "targets/common/Layout.h"

#include "mlir/Analysis/FlatLinearValueConstraints.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

bool FlatAccess::uses(unsigned loop) const {
  if (strides[loop] != 0 || tiledFactors[loop] != 0)
    return true;
  if (shift && (shift->loop == loop || shift->border.factors[loop] != 0))
    return true;
  if (llvm::any_of(wraps, [&](const FlatWrap &wrap) {
        return wrap.loop == loop || wrap.axisLoop == loop;
      }))
    return true;
  return llvm::any_of(borders,
                      [&](const Border &b) { return b.factors[loop] != 0; });
}

std::optional<int> FlatAccess::resolveTile() {
  if (tile == 1)
    return -1;
  int lanes = -1;
  for (size_t i = 0; i < tiledFactors.size(); ++i) {
    if (tiledFactors[i] % tile == 0) {
      strides[i] += tiledFactors[i] / tile * tileStride;
      tiledFactors[i] = 0;
      continue;
    }
    if (tiledFactors[i] != 1 || lanes >= 0 || strides[i] != 0)
      return std::nullopt;
    lanes = int(i);
  }
  return lanes;
}

/// Adds to `access` the logical coordinate `flat` (one factor per loop, then
/// the constant) that lies at `place`.
static LogicalResult addCoordinate(FlatAccess &access, ArrayRef<int64_t> flat,
                                   const DimPlacement &place) {
  if (place.tile == 1) {
    for (size_t i = 0; i < access.strides.size(); ++i)
      access.strides[i] += flat[i] * place.stride;
    access.offset += flat.back() * place.stride;
    return success();
  }
  if (access.tile > 1 || place.innerStride != 1 ||
      flat.back() % place.tile != 0)
    return failure();
  access.tile = place.tile;
  access.tileStride = place.stride;
  access.offset += flat.back() / place.tile * place.stride;
  access.tiledFactors.assign(flat.begin(), std::prev(flat.end()));
  return success();
}

/// Whether the coordinate leaves 0 .. size - 1 somewhere in the domain.
static bool leaves(ArrayRef<int64_t> flat, ArrayRef<int64_t> extents,
                   int64_t size) {
  int64_t low = flat.back(), high = flat.back();
  for (auto [factor, extent] : llvm::zip(flat, extents))
    (factor < 0 ? low : high) += factor * (extent - 1);
  return low < 0 || high >= size;
}

/// The runs of equal values in the constant that load `number` reads, one
/// value per step of one loop.
static std::optional<FlatShift> shiftOf(DispatchOp op, unsigned number) {
  ElementsAttr constant = constantOf(op.getInputs()[number]);
  AffineMap map = op.getLoad(number).getMap();
  if (!constant || map.getNumResults() != 1 || op.getLoad(number).getPadded())
    return std::nullopt;
  auto dim = dyn_cast<AffineDimExpr>(map.getResult(0));
  int64_t count = constant.getNumElements();
  if (!dim || op.getExtents()[dim.getPosition()] != count || count == 0)
    return std::nullopt;
  SmallVector<char> storage;
  ArrayRef<char> bytes = constantBytes(constant, storage);
  FlatShift shift;
  shift.loop = dim.getPosition();
  for (int64_t i = 0; i < count; ++i) {
    int64_t value = elementAsInt(bytes, constant.getElementType(), i);
    if (value < 0)
      return std::nullopt;
    if (shift.segments.empty() || shift.segments.back().delta != value)
      shift.segments.push_back({i, i, 0, value});
    shift.segments.back().last = i + 1;
  }
  return shift;
}

/// A store's coordinate, `flat` without its index, whose constant table by
/// step of it and of another loop goes round in runs of equal distance.
static std::optional<FlatWrap> wrapOf(DispatchOp op, unsigned number,
                                      ArrayRef<int64_t> flat, int64_t size) {
  ElementsAttr constant = constantOf(op.getInputs()[number]);
  AffineMap map = op.getLoad(number).getMap();
  if (!constant || map.getNumResults() != 2 || op.getLoad(number).getPadded())
    return std::nullopt;
  auto axis = dyn_cast<AffineDimExpr>(map.getResult(0));
  auto along = dyn_cast<AffineDimExpr>(map.getResult(1));
  if (!axis || !along || axis == along)
    return std::nullopt;
  FlatWrap wrap{axis.getPosition(), along.getPosition(), size, 0, {}};
  int64_t count = op.getExtents()[wrap.loop];
  if (op.getExtents()[wrap.axisLoop] != size ||
      constant.getNumElements() != size * count)
    return std::nullopt;
  for (auto [d, factor] : llvm::enumerate(flat.drop_back()))
    if (factor != (d == wrap.axisLoop))
      return std::nullopt;
  SmallVector<char> storage;
  ArrayRef<char> bytes = constantBytes(constant, storage);
  for (int64_t c = 0; c < count; ++c) {
    int64_t delta = 0;
    for (int64_t i = 0; i < size; ++i) {
      int64_t index =
          elementAsInt(bytes, constant.getElementType(), i * count + c);
      int64_t to = i + flat.back() + index;
      if (i == 0)
        delta = to > size / 2 ? to - size : to;
      if (index < 0 || to != ((i + delta) % size + size) % size)
        return std::nullopt;
    }
    if (wrap.segments.empty() || wrap.segments.back().delta != delta)
      wrap.segments.push_back({c, c, 0, delta});
    wrap.segments.back().last = c + 1;
  }
  return wrap;
}

static FailureOr<FlatAccess> accessOf(DispatchOp op, AccessAttr access,
                                      RankedTensorType type, bool shifts) {
  AffineMap map = access.getMap();
  if (map.getNumSymbols() != 0 || !type.hasStaticShape())
    return failure();
  std::optional<FlatShift> shift;
  bool wraps = !access.getIndexAxes().empty() && shifts && !access.getPadded();
  if (!access.getIndexAxes().empty() && !wraps) {
    if (shifts && access.getIndexAxes().size() == 1 && access.getPadded())
      shift = shiftOf(op, access.getIndexLoads()[0]);
    if (!shift)
      return failure();
  }
  FlatAccess result;
  result.element = type.getElementType();
  result.strides.assign(op.getDomainRank(), 0);
  result.tiledFactors.assign(op.getDomainRank(), 0);
  result.fill = access.getFillValue();
  Placement place = placementOf(type);
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    SmallVector<int64_t> flat;
    if (failed(getFlattenedAffineExpr(expr, map.getNumDims(), 0, &flat)) ||
        flat.size() != map.getNumDims() + 1)
      return failure();
    int64_t size = type.getDimSize(i);
    auto *index = llvm::find(access.getIndexAxes(), int64_t(i));
    if (wraps && index != access.getIndexAxes().end()) {
      unsigned number = access.getIndexLoads()[index -
                                               access.getIndexAxes().begin()];
      auto wrap = wrapOf(op, number, flat, size);
      if (!wrap || place.dims[i].tile > 1)
        return failure();
      wrap->stride = place.dims[i].stride;
      result.wraps.push_back(std::move(*wrap));
      flat.back() = 0;
    }
    if (failed(addCoordinate(result, flat, place.dims[i])))
      return failure();
    if (shift && access.getIndexAxes()[0] == int64_t(i)) {
      if (place.dims[i].tile > 1)
        return failure();
      for (ShiftSegment &segment : shift->segments)
        segment.move = segment.delta * place.dims[i].stride;
      shift->border.offset = flat.back();
      shift->border.size = size;
      shift->border.factors.assign(flat.begin(), std::prev(flat.end()));
      result.shift = std::move(shift);
      shift.reset();
      continue;
    }
    if (!access.getPadded() || !leaves(flat, op.getExtents(), size))
      continue;
    Border border;
    border.offset = flat.back();
    border.size = size;
    border.factors.assign(flat.begin(), std::prev(flat.end()));
    result.borders.push_back(std::move(border));
  }
  return result;
}

FailureOr<FlatNest> FlatNest::of(DispatchOp op, LayoutOverride override,
                                 bool shifts) {
  FlatNest nest;
  if (llvm::is_contained(op.getExtents(), 0))
    return failure();
  for (auto [i, extent] : llvm::enumerate(op.getExtents()))
    nest.loops.push_back({extent, i >= op.getParallelRank(), {unsigned(i)}});
  nest.loads = op.getInputs().size();
  auto add = [&](AccessAttr attr, Value tensor) {
    auto type = cast<RankedTensorType>(tensor.getType());
    if (int(nest.accesses.size()) == override.binding)
      type = RankedTensorType::get(type.getShape(), type.getElementType(),
                                   override.layout);
    FailureOr<FlatAccess> access = accessOf(op, attr, type, shifts);
    if (failed(access))
      return failure();
    access->binding = nest.accesses.size();
    nest.accesses.push_back(std::move(*access));
    return success();
  };
  for (auto [i, input] : llvm::enumerate(op.getInputs()))
    if (failed(add(op.getLoad(i), input)))
      return failure();
  for (auto [i, result] : llvm::enumerate(op.getResults()))
    if (failed(add(op.getStore(i), result)))
      return failure();
  for (unsigned loop = nest.loops.size(); loop-- > 0;)
    if (nest.loops[loop].extent == 1)
      nest.removeLoop(loop);
  return nest;
}

bool FlatNest::canMerge(unsigned outer, unsigned inner) const {
  if (loops[outer].reduction != loops[inner].reduction)
    return false;
  return llvm::all_of(accesses, [&](const FlatAccess &access) {
    for (const Border &border : access.borders)
      if (border.factors[outer] != 0 || border.factors[inner] != 0)
        return false;
    if (access.shift)
      for (unsigned loop : {outer, inner})
        if (access.shift->loop == loop ||
            access.shift->border.factors[loop] != 0)
          return false;
    for (const FlatWrap &wrap : access.wraps)
      for (unsigned loop : {outer, inner})
        if (wrap.loop == loop || wrap.axisLoop == loop)
          return false;
    int64_t count = loops[inner].extent;
    return access.strides[outer] == access.strides[inner] * count &&
           access.tiledFactors[outer] == access.tiledFactors[inner] * count;
  });
}

void FlatNest::merge(unsigned outer, unsigned inner) {
  loops[inner].extent *= loops[outer].extent;
  loops[inner].dims.insert(loops[inner].dims.begin(), loops[outer].dims.begin(),
                           loops[outer].dims.end());
  removeLoop(outer);
}

void FlatNest::removeLoop(unsigned loop) {
  loops.erase(loops.begin() + loop);
  for (FlatAccess &access : accesses) {
    access.strides.erase(access.strides.begin() + loop);
    access.tiledFactors.erase(access.tiledFactors.begin() + loop);
    for (Border &border : access.borders)
      border.factors.erase(border.factors.begin() + loop);
    if (access.shift) {
      auto &factors = access.shift->border.factors;
      factors.erase(factors.begin() + loop);
      access.shift->loop -= access.shift->loop > loop;
    }
    // A single step stays where it is.
    llvm::erase_if(access.wraps, [&](const FlatWrap &wrap) {
      return wrap.axisLoop == loop;
    });
    for (FlatWrap &wrap : access.wraps) {
      wrap.axisLoop -= wrap.axisLoop > loop;
      wrap.loop -= wrap.loop > loop;
    }
  }
}
