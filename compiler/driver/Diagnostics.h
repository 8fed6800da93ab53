// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Diagnostics as people read them: "error: node: text".
#ifndef VISIR_COMPILER_DRIVER_DIAGNOSTICS_H
#define VISIR_COMPILER_DRIVER_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

namespace visir {

/// A diagnostic as a tool hands it on.
struct Message {
  /// "error", "warning", "remark" or "note"; "recognised" and "missed" of a
  /// rewrite, whose name then begins the text.
  std::string kind;
  std::string nodes; ///< ONNX node names, or a place in a file; may be empty
  std::string text;
};

/// While it lives, prints the context's diagnostics on standard error, with
/// ONNX node names as places; remarks, and what rewrites recognise or miss,
/// only if asked for. With `messages` it adds them there instead.
class DiagnosticPrinter {
public:
  DiagnosticPrinter(mlir::MLIRContext &context, bool remarks,
                    std::vector<Message> *messages = nullptr);

private:
  mlir::ScopedDiagnosticHandler handler;
};

/// The ONNX node names of a location, separated by " + "; may be empty.
std::string locationText(mlir::Location loc);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_DIAGNOSTICS_H
