// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints what an ONNX file becomes, for tests of the import.
#include "compiler/driver/commands/Arguments.h"
#include "frontends/onnx/Import.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <iostream>

using namespace llvm;

static cl::opt<std::string> model("import-onnx", cl::desc("model to import"),
                                  cl::value_desc("model.onnx"));
static cl::list<std::string> shapes("shape", cl::desc("extents of inputs"),
                                    cl::value_desc("name=1x3x224x224"));
static cl::list<std::string> bindings("bind", cl::desc("value of an input"),
                                      cl::value_desc("name=value"));
static cl::opt<bool> locations("locations", cl::desc("print locations"));
static cl::opt<bool> ops("onnx-ops", cl::desc("list the operators"));

static cl::opt<bool> batch("batch",
                           cl::desc("read paths, one a line; answer each with "
                                    "\"imported\" or \"refused\""));

static int listOps() {
  visir::OnnxVersions versions = visir::onnxVersions();
  outs() << "opsets " << versions.firstOpset << " .. " << versions.lastOpset
         << ", IR versions " << versions.firstIr << " .. " << versions.lastIr
         << "\n";
  for (const visir::OnnxSupport &row : visir::onnxSupport())
    outs() << row.opType << " " << row.firstOpset << "\n";
  return 0;
}

/// For tests of many files.
static int importAll(const visir::ImportOptions &options) {
  std::string path;
  while (std::getline(std::cin, path)) {
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    unsigned errors = 0;
    context.getDiagEngine().registerHandler([&](mlir::Diagnostic &diagnostic) {
      errors += diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
      return mlir::success();
    });
    bool imported =
        mlir::succeeded(visir::importOnnx(context, path, options));
    outs() << (imported ? "imported" : errors ? "refused" : "failed silently")
           << "\n";
    outs().flush();
  }
  return 0;
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "imports ONNX files\n");
  if (ops)
    return listOps();
  visir::ImportOptions options;
  std::string error = visir::parseShapes(
      std::vector<std::string>(shapes.begin(), shapes.end()),
      options.shapeSets);
  if (error.empty())
    error = visir::parseBindings(
        std::vector<std::string>(bindings.begin(), bindings.end()),
        options.bindings);
  if (!error.empty()) {
    errs() << "error: " << error << "\n";
    return visir::kExitUsage;
  }
  if (batch)
    return importAll(options);
  mlir::MLIRContext context;
  context.getDiagEngine().registerHandler([](mlir::Diagnostic &diagnostic) {
    const char *kind =
        diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error ? "error"
                                                                    : "remark";
    errs() << diagnostic.getLocation() << ": " << kind << ": " << diagnostic
           << "\n";
    return mlir::success();
  });
  bool unsupported = false;
  auto module = visir::importOnnx(context, model, options, &unsupported);
  if (mlir::failed(module))
    return unsupported ? visir::kExitUnsupported : visir::kExitFailed;
  mlir::OpPrintingFlags flags;
  if (locations)
    flags.enableDebugInfo(true, /*prettyForm=*/false);
  (*module)->print(outs(), flags);
  outs() << "\n";
  return 0;
}
