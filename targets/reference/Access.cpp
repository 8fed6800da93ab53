// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Access.h"

using namespace mlir;
using namespace visir;
using namespace visir::reference;

Access::Access(AccessAttr attribute, ArrayRef<int64_t> shape)
    : shape(shape.begin(), shape.end()), padded(attribute.getPadded()),
      fill(attribute.getFillValue()),
      indexAxes(attribute.getIndexAxes().begin(),
                attribute.getIndexAxes().end()),
      indexLoads(attribute.getIndexLoads().begin(),
                 attribute.getIndexLoads().end()) {
  // A symbol (the position of a topk) counts as one more dimension. The map
  // is linear, so that its values at the unit vectors say everything.
  AffineMap map = attribute.getMap();
  unsigned inputs = map.getNumDims() + map.getNumSymbols();
  SmallVector<AffineExpr> symbols;
  for (unsigned d = map.getNumDims(); d < inputs; ++d)
    symbols.push_back(getAffineDimExpr(d, map.getContext()));
  map = map.replaceDimsAndSymbols({}, symbols, inputs, 0);
  Dims point(inputs, 0);
  constants = Dims(map.compose(point));
  factors.assign(constants.size(), Dims(inputs, 0));
  for (unsigned d = 0; d < inputs; ++d) {
    point[d] = 1;
    for (auto [axis, value] : llvm::enumerate(map.compose(point)))
      factors[axis][d] = value - constants[axis];
    point[d] = 0;
  }
}

bool Access::dependsOn(unsigned dim) const {
  return llvm::any_of(factors, [&](const Dims &row) { return row[dim] != 0; });
}

void Access::coordinates(unsigned axis, const Points &points,
                         int64_t *out) const {
  std::fill_n(out, points.count, constants[axis]);
  for (auto [d, factor] : llvm::enumerate(factors[axis])) {
    if (factor == 0)
      continue;
    const int64_t *from = points.coordinates[d].data();
    for (int64_t i = 0; i < points.count; ++i)
      out[i] += factor * from[i];
  }
}

/// The tensor with fill values around, from coordinate low to low + shape.
static Tensor surround(const Access &access, const Tensor &tensor,
                       ArrayRef<int64_t> low, ArrayRef<int64_t> shape) {
  Tensor result(RankedTensorType::get(shape, tensor.element()));
  Dims own = rowMajorStrides(tensor.shape());
  withStorage(tensor.element(), [&](auto zero) {
    using T = decltype(zero);
    forEachIndex(shape, [&](int64_t i, ArrayRef<int64_t> index) {
      int64_t offset = 0;
      bool inside = true;
      for (size_t d = 0; d < index.size(); ++d) {
        int64_t at = index[d] + low[d];
        inside &= at >= 0 && at < tensor.shape()[d];
        offset += at * own[d];
      }
      result.data<T>()[i] = inside ? tensor.data<T>()[offset] : T(access.fill);
    });
  });
  return result;
}

LinearOperand visir::reference::makeLinear(const Access &access,
                                           const Tensor &tensor,
                                           ArrayRef<int64_t> extents) {
  Dims low(access.constants), shape(low.size(), 1);
  for (size_t axis = 0; axis < low.size(); ++axis)
    for (size_t d = 0; d < extents.size(); ++d) {
      int64_t reach =
          access.factors[axis][d] * std::max<int64_t>(extents[d] - 1, 0);
      low[axis] += std::min<int64_t>(reach, 0);
      shape[axis] += std::abs(reach);
    }
  LinearOperand operand{tensor, 0, Dims(extents.size(), 0)};
  if (access.padded)
    operand.tensor = surround(access, tensor, low, shape);
  else
    low.assign(low.size(), 0);
  Dims own = rowMajorStrides(operand.tensor.shape());
  for (size_t axis = 0; axis < own.size(); ++axis) {
    operand.base += (access.constants[axis] - low[axis]) * own[axis];
    for (size_t d = 0; d < extents.size(); ++d)
      operand.strides[d] += access.factors[axis][d] * own[axis];
  }
  return operand;
}
