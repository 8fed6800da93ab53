// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A shift by an offset per group of channels, as copies of boxes spell it.
#ifndef VISIR_COMPILER_TRANSFORMS_FUSION_CHANNELSHIFT_H
#define VISIR_COMPILER_TRANSFORMS_FUSION_CHANNELSHIFT_H

#include "compiler/analysis/DispatchForm.h"

namespace visir {

/// A block of a tensor, by coordinate [first, last).
struct TensorBox {
  llvm::SmallVector<int64_t> first, last;

  bool meets(const TensorBox &other) const;
};

struct ShiftPiece {
  TensorBox region;
  llvm::SmallVector<int64_t> offset; ///< of the source's coordinates
  DispatchOp copy;
};

/// A tensor that maps write piece by piece: copies of one source of the same
/// type, and zeros elsewhere.
struct ShiftPieces {
  mlir::Value source;
  llvm::SmallVector<ShiftPiece> pieces;
  llvm::SmallVector<TensorBox> zeros;

  /// Follows the writes back from `tensor`, which may have several readers;
  /// nothing if one of them is something else.
  static std::optional<ShiftPieces> of(mlir::Value tensor);
};

/// Element [.., a, .., c, ..] is the source's at a + offsets[axis][c] for each
/// moved axis, or zero where that lies outside.
struct ChannelShift {
  llvm::SmallVector<unsigned> axes;
  llvm::SmallVector<llvm::SmallVector<int64_t>> offsets; ///< by axis, channel

  /// The pieces as a shift with channels along `channels`.
  static std::optional<ChannelShift> of(const ShiftPieces &pieces,
                                        unsigned channels);
};

/// The one dimension of the domain that coordinate `j` of an access is, or -1.
int dimOf(const DispatchForm &form, const LinearAccess &access, unsigned j);

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_FUSION_CHANNELSHIFT_H
