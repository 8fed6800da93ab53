// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Movement: what ops that only move elements do, as boxes. Maps of connected
// movement ops compose exactly; the result is what `visir.move` carries.
#ifndef VISIR_COMPILER_ANALYSIS_MOVEMENT_H
#define VISIR_COMPILER_ANALYSIS_MOVEMENT_H

#include "compiler/analysis/StridedBox.h"
#include "dialects/visir/Visir.h"

#include <optional>

namespace visir {

/// A box of a movement: access 0 goes to the result, access 1 to `source`.
/// A fill has source -1 and no access 1.
struct MovementBox {
  StridedBox box;
  int64_t source = -1;

  LinearAccess &dst() { return box.accesses[0]; }
  const LinearAccess &dst() const { return box.accesses[0]; }
  const LinearAccess &src() const { return box.accesses[1]; }
};

/// How a tensor of shape `shape` is made from `sources`. The boxes are
/// disjoint in the result and cover it.
struct Movement {
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<mlir::Value> sources;
  llvm::SmallVector<MovementBox> boxes;
  std::optional<double> fill;

  static Movement identity(mlir::Value value);
  /// Nothing when a box of the move overwrites another, one block in a whole
  /// fill aside.
  static std::optional<Movement> of(MoveOp move);

  /// Whether the result is the one source itself, its shape aside.
  bool isReshape() const;
  bool isIdentity() const;
  /// Number of copies that make the result; a pad of one block is one.
  int64_t numCopies() const;
  MapAttr toMap(mlir::MLIRContext *context) const;

  /// Puts the result at `low` into a larger one of shape `outer`, filled with
  /// `value`. False when another value fills already.
  bool surround(llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> outer,
                double value);

  /// Merges boxes that continue each other, drops sources that no box reads,
  /// and brings each box into its canonical form.
  void canonicalize();
};

/// Whether `op` may be understood by `composeMovement`.
bool isMovement(mlir::Operation *op);

/// The movement of a gather_nd, or of a scatter_nd that replaces, whose index
/// vectors are an affine function of their coordinates; reading them may take
/// longer than all else. Nothing for other ops or for more than `maxBoxes`.
std::optional<Movement> affineMovement(mlir::Operation *op, unsigned maxBoxes);

/// The movement of `op`'s result when those of all its operands are given
/// (those of indices do not count). Nothing when the op is no movement,
/// when the result needs more than `maxBoxes` boxes, or when two different
/// values fill.
std::optional<Movement> composeMovement(mlir::Operation *op,
                                        llvm::ArrayRef<Movement> operands,
                                        unsigned maxBoxes);

} // namespace visir

#endif // VISIR_COMPILER_ANALYSIS_MOVEMENT_H
