// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/HostEvaluator.h"

#include "compiler/driver/Compile.h"
#include "runtime/include/visir/runtime.hpp"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"

#include <cstring>

using namespace mlir;
using namespace visir;

/// The target that most machines like this one can run.
static std::string commonTarget() {
  const cpu::CpuSpec *host = cpu::findSpec("host");
  if (!host->isX86())
    return "aarch64";
  return host->vectorBytes >= 32 ? "x86-64-v3" : "x86-64-v2";
}

static CompileStatus compile(ModuleOp module, StringRef path) {
  CompileOptions options;
  options.output = path.str();
  options.targets = {commonTarget()};
  options.from = Phase::Canonical;
  // All of it depends on constants only.
  options.phases.disabled = {"partial-evaluation"};
  return compileModule(module, options);
}

/// Without remarks, which would mix with those on the model's own code.
static CompileStatus compileSilently(ModuleOp module, StringRef path) {
  ScopedDiagnosticHandler handler(
      module.getContext(), [](Diagnostic &diagnostic) {
        return success(diagnostic.getSeverity() ==
                       DiagnosticSeverity::Remark);
      });
  return compile(module, path);
}

/// The results of each run of an artifact's only entry; throws rt::Error.
static std::vector<TensorBytes> run(const std::string &path,
                                    ArrayRef<TensorBytes> runs) {
  rt::Context context;
  rt::Module artifact(context, path);
  rt::Session session(artifact);
  std::vector<TensorBytes> results;
  for (const TensorBytes &values : runs) {
    std::vector<rt::Tensor> inputs;
    for (auto [i, bytes] : llvm::enumerate(values)) {
      inputs.push_back(rt::Module::makeTensor(artifact.input(0, i)));
      std::memcpy(inputs.back().data(), bytes.data(), bytes.size());
    }
    results.emplace_back();
    for (const rt::Tensor &tensor : session.run(inputs)) {
      const char *bytes = tensor.as<char>();
      results.back().emplace_back(bytes, bytes + tensor.bytes());
    }
  }
  return results;
}

static FailureOr<std::vector<TensorBytes>> evaluate(ModuleOp module,
                                                    ArrayRef<TensorBytes> runs) {
  Location loc = module.getLoc();
  SmallString<128> path;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("visir", "visir", path))
    return emitError(loc, "temporary file cannot be made: ")
           << error.message();
  llvm::FileRemover remover(path);
  if (compileSilently(module, path) != CompileStatus::Ok)
    return failure();
  try {
    return run(path.str().str(), runs);
  } catch (const std::exception &error) {
    return emitError(loc, error.what());
  }
}

ModuleEvaluator visir::makeHostEvaluator() { return evaluate; }
