// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The messages of the ONNX format, made by protoc.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_PROTO_H
#define VISIR_FRONTENDS_ONNX_IMPORT_PROTO_H

#include "onnx.pb.h"

#include "llvm/ADT/StringRef.h"

namespace visir::onnx {

inline llvm::StringRef str(const std::string &text) { return text; }

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_PROTO_H
