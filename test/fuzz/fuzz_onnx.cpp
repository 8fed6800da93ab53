// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as an ONNX file: a module that verifies, or an error.
#include "frontends/onnx/Import.h"
#include "test/fuzz/scratch.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  visir::testing::MemoryFile file(data, bytes);
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  unsigned errors = 0;
  context.getDiagEngine().registerHandler([&](mlir::Diagnostic &diagnostic) {
    errors += diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
    return mlir::success();
  });
  auto module = visir::importOnnx(context, file.path(), {});
  if (mlir::failed(module) ? errors == 0 : mlir::failed(mlir::verify(**module)))
    abort();
  return 0;
}
