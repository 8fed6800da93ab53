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
  int64_t volume() const;
};

/// Places of a shifted tensor and how far away the source's elements are.
struct ShiftPiece {
  TensorBox region;
  llvm::SmallVector<int64_t> offset;
};

/// A tensor that maps write piece by piece, copies of one source and zeros
/// elsewhere, as a view of a shifted tensor of the source's type: element t is
/// the shifted tensor's at view(t), which is the source's a piece's offset
/// further, or zero.
struct ShiftPieces {
  mlir::Value source;
  LinearAccess view;
  llvm::SmallVector<ShiftPiece> pieces; ///< in the source's coordinates
  llvm::SmallVector<TensorBox> zeros;
  llvm::SmallVector<DispatchOp> copies; ///< that read the source

  /// Follows the writes back from `tensor`, which may have several readers;
  /// nothing if one of them is something else.
  static std::optional<ShiftPieces> of(mlir::Value tensor);

  /// Whether the view is all of the shifted tensor as it is.
  bool isWhole() const;
};

/// A permutation of places along some axes for each channel: element
/// [.., a, .., c, ..] is the source's at sources[axis][a * channels + c] for
/// each moved axis, or zero where that is -1. Frames may move within segments,
/// places go round or not.
struct ChannelShift {
  llvm::SmallVector<unsigned> axes;
  llvm::SmallVector<llvm::SmallVector<int64_t>> sources;
  int64_t channels = 0;

  /// The pieces as a shift with channels along `channels`; what they say
  /// nothing of stays where it is.
  static std::optional<ChannelShift> of(mlir::Value source,
                                        llvm::ArrayRef<ShiftPiece> pieces,
                                        llvm::ArrayRef<TensorBox> zeros,
                                        unsigned channels);

  /// Whether an element of the channel moves or is lost.
  bool moves(int64_t channel) const;

  /// For axis `number` of `axes` the offset to the source for each channel,
  /// where all of it moves as far and zeros come in; else nothing.
  std::optional<llvm::SmallVector<int64_t>> offsets(unsigned number) const;
};

/// The one dimension of the domain that coordinate `j` of an access is, or -1.
int dimOf(const DispatchForm &form, const LinearAccess &access, unsigned j);

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_FUSION_CHANNELSHIFT_H
