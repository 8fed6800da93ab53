// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inputs of an entry point: their types under `--shape`, their values
// under `--bind`.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_INPUTS_H
#define VISIR_FRONTENDS_ONNX_IMPORT_INPUTS_H

#include "frontends/onnx/Import.h"
#include "frontends/onnx/import/Scope.h"

namespace visir::onnx {

struct Input {
  const ::onnx::ValueInfoProto *proto;
  mlir::RankedTensorType type;
  /// The value of a bound input, else null.
  mlir::ElementsAttr bound;
  /// The sizes of the dimensions; empty where they are static.
  SmallVector<mlir::AffineExpr> sizes;
};

/// Resolves all inputs that have no initialiser, and the extents of symbolic
/// dimensions. All errors are told before it fails.
LogicalResult resolveInputs(Entry &entry, const ::onnx::GraphProto &graph,
                            const ShapeSet &shapes,
                            const ImportOptions &options, mlir::Location loc,
                            SmallVector<Input> &inputs);

/// The static shape of a declared type under the known symbols, or nothing.
std::optional<SmallVector<int64_t>>
staticShape(const ::onnx::TypeProto &type,
            const llvm::StringMap<int64_t> &symbols);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_INPUTS_H
