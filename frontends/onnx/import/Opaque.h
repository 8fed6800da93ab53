// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What stands for a node that has no import.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_OPAQUE_H
#define VISIR_FRONTENDS_ONNX_IMPORT_OPAQUE_H

#include "frontends/onnx/import/Scope.h"

namespace visir::onnx {

/// A `visir.opaque` with the node's attributes and the names of its inputs.
SmallVector<Value> makeOpaque(Scope &scope, const ::onnx::NodeProto &proto,
                              mlir::Location loc, int64_t opset,
                              ArrayRef<Value> inputs,
                              ArrayRef<mlir::Type> types, StringRef reason);

/// The same for a tensor of the file that cannot become a constant.
Value makeOpaqueTensor(mlir::OpBuilder &builder, mlir::Location loc,
                       StringRef reason);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_OPAQUE_H
