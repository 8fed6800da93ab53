// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/Layout.h"

#include "compiler/support/Constants.h"
#include "targets/common/PackElements.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;

Placement visir::placementOf(ArrayRef<int64_t> shape, LayoutAttr layout) {
  Placement placement;
  placement.dims.resize(shape.size());
  SmallVector<int64_t> order;
  if (layout)
    order.assign(layout.getOrder().begin(), layout.getOrder().end());
  else
    order = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  int64_t stride = 1;
  if (layout) {
    ArrayRef<int64_t> dims = layout.getTileDims();
    ArrayRef<int64_t> sizes = layout.getTileSizes();
    for (int64_t i = int64_t(dims.size()) - 1; i >= 0; --i) {
      placement.dims[dims[i]].tile = sizes[i];
      placement.dims[dims[i]].innerStride = stride;
      stride *= sizes[i];
    }
  }
  for (int64_t dim : llvm::reverse(order)) {
    placement.dims[dim].stride = stride;
    stride *= llvm::divideCeil(shape[dim], placement.dims[dim].tile);
  }
  placement.elements = stride;
  return placement;
}

Placement visir::placementOf(RankedTensorType type) {
  return placementOf(type.getShape(),
                     dyn_cast_or_null<LayoutAttr>(type.getEncoding()));
}

int64_t visir::placedBytes(RankedTensorType type) {
  return placementOf(type).elements * elementBytes(type.getElementType());
}

/// Copies rows of `size`-byte elements: the innermost logical dimension of
/// the source, which is contiguous there, goes to its placement.
static void packRow(const char *source, char *target, int64_t count,
                    const DimPlacement &place, unsigned size) {
  for (int64_t c = 0; c < count; ++c) {
    int64_t at = place.tile > 1 ? c / place.tile * place.stride +
                                      c % place.tile * place.innerStride
                                : c * place.stride;
    memcpy(target + at * size, source + c * size, size);
  }
}

SmallVector<char> visir::packConstant(ElementsAttr value, LayoutAttr layout) {
  SmallVector<char> storage;
  auto type = cast<RankedTensorType>(value.getShapedType());
  return packElements(constantBytes(value, storage),
                      RankedTensorType::get(type.getShape(),
                                            type.getElementType(), layout));
}

SmallVector<char> visir::packElements(ArrayRef<char> bytes,
                                      RankedTensorType type) {
  ArrayRef<int64_t> shape = type.getShape();
  unsigned size = elementBytes(type.getElementType());
  Placement place = placementOf(type);
  SmallVector<char> packed(place.elements * size, 0);
  if (shape.empty())
    return SmallVector<char>(bytes.begin(), bytes.end());
  int64_t row = shape.back();
  int64_t rows = row ? type.getNumElements() / row : 0;
  SmallVector<int64_t> coordinate(shape.size(), 0);
  for (int64_t r = 0; r < rows; ++r) {
    int64_t base = 0;
    for (size_t d = 0; d + 1 < shape.size(); ++d) {
      const DimPlacement &dim = place.dims[d];
      int64_t c = coordinate[d];
      base += dim.tile > 1
                  ? c / dim.tile * dim.stride + c % dim.tile * dim.innerStride
                  : c * dim.stride;
    }
    packRow(bytes.data() + r * row * size, packed.data() + base * size, row,
            place.dims.back(), size);
    for (int64_t d = int64_t(shape.size()) - 2; d >= 0; --d) {
      if (++coordinate[d] < shape[d])
        break;
      coordinate[d] = 0;
    }
  }
  return packed;
}
