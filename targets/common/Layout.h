// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What `#visir.layout` means in memory: the strides of a tensor's logical
// dimensions, its size, and the packing of constants.
#ifndef VISIR_TARGETS_COMMON_LAYOUT_H
#define VISIR_TARGETS_COMMON_LAYOUT_H

#include "dialects/visir/Visir.h"

namespace visir {

/// Where one logical dimension lies. The element at coordinate c is at
/// (c / tile) * stride + (c % tile) * innerStride; without a tile (tile = 1)
/// at c * stride.
struct DimPlacement {
  int64_t stride = 0;
  int64_t tile = 1;
  int64_t innerStride = 0;
};

/// A tensor's place in memory, in elements.
struct Placement {
  llvm::SmallVector<DimPlacement, 6> dims; ///< by logical dimension
  int64_t elements = 0;                    ///< with the padding of tiles

  bool tiled() const {
    return llvm::any_of(dims, [](const DimPlacement &d) { return d.tile > 1; });
  }
};

/// The place of a tensor of static shape in a layout; row-major without one.
Placement placementOf(llvm::ArrayRef<int64_t> shape, LayoutAttr layout);

/// The same from the tensor type's encoding.
Placement placementOf(mlir::RankedTensorType type);

/// Bytes that a tensor of static shape takes in its layout.
int64_t placedBytes(mlir::RankedTensorType type);

/// The bytes of a row-major constant of any shape in `layout`; padding is
/// zero.
llvm::SmallVector<char> packConstant(mlir::ElementsAttr value,
                                     LayoutAttr layout);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_LAYOUT_H
