// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape arithmetic over bounded dimensions: small integer tensors whose
// elements are known as expressions of the symbols.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_SYMBOLICINTS_H
#define VISIR_FRONTENDS_ONNX_IMPORT_SYMBOLICINTS_H

#include "frontends/onnx/import/BoundedOps.h"

namespace visir::onnx {

using Sizes = SmallVector<mlir::AffineExpr>;

/// The elements of an integer tensor of rank 0 or 1, or nothing.
std::optional<Sizes> symbolicInts(const Symbols &symbols, Value value);

/// As above for an input of a node; refuses it when they are not known.
mlir::FailureOr<Sizes> requireSizes(Node &node, unsigned i, const Twine &what);

/// The largest value of each.
SmallVector<int64_t> largest(const Symbols &symbols,
                             ArrayRef<mlir::AffineExpr> sizes);

/// Whether input `i` is computed from bounded dimensions.
bool isSymbolic(Node &node, unsigned i);

/// `[n, T, 64]`.
std::string sizesName(const Symbols &symbols, ArrayRef<mlir::AffineExpr> sizes);

/// Sets the sizes of a value that the node has made, if they are not constant.
LogicalResult setSizes(Node &node, Value value,
                       ArrayRef<mlir::AffineExpr> sizes);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_SYMBOLICINTS_H
