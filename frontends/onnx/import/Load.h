// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files to protobuf messages.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_LOAD_H
#define VISIR_FRONTENDS_ONNX_IMPORT_LOAD_H

#include "frontends/onnx/import/Proto.h"

#include "mlir/IR/Location.h"

#include <memory>

namespace visir::onnx {

constexpr int kFirstIr = 3, kLastIr = 14;
constexpr int kFirstOpset = 7, kLastOpset = 28;

/// Reads and checks the envelope of a model: its size, nesting, IR version
/// and opset. Null after a diagnostic at `loc`; `unsupported` becomes true
/// when only the versions stand against it.
std::unique_ptr<::onnx::ModelProto> loadModel(llvm::StringRef path,
                                              mlir::Location loc,
                                              bool &unsupported);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_LOAD_H
