// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/judge/CpuRunner.h"

#include "compiler/driver/Compile.h"
#include "runtime/include/visir/runtime.hpp"
#include "tools/judge/CommandRunner.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"

using namespace mlir;
using namespace visir;
using visir::reference::Tensor;

using Tensors = SmallVector<Tensor>;

/// Compiles a copy of the module into a temporary file.
static LogicalResult compile(ModuleOp module, StringRef target,
                             Precision precision, StringRef path) {
  OwningOpRef<ModuleOp> copy = cast<ModuleOp>(module->clone());
  CompileOptions options;
  options.output = path.str();
  options.targets = {target.str()};
  options.precision = precision;
  return success(compileModule(*copy, options) == CompileStatus::Ok);
}

/// Runs the first entry of an artifact; throws what the runtime reports.
static Tensors run(const std::string &path, func::FuncOp function,
                   ArrayRef<Tensor> inputs, unsigned threads) {
  rt::Context context(threads);
  rt::Module artifact(context, path);
  rt::Session session(artifact);
  std::vector<rt::Tensor> given;
  for (auto [i, tensor] : llvm::enumerate(inputs)) {
    ArrayRef<int64_t> dims = tensor.type().getShape();
    given.emplace_back(artifact.input(0, i).dtype,
                       std::vector<int64_t>(dims.begin(), dims.end()));
    SmallVector<char> bytes = tensor.toBytes();
    if (bytes.size() != given.back().bytes())
      throw std::runtime_error(
          "size of an input is " + std::to_string(given.back().bytes()) +
          " bytes, expected " + std::to_string(bytes.size()));
    std::memcpy(given.back().data(), bytes.data(), bytes.size());
  }
  Tensors results;
  std::vector<rt::Tensor> made = session.run(given);
  for (auto [type, tensor] : llvm::zip_equal(function.getResultTypes(), made))
    results.push_back(
        Tensor::fromBytes(cast<RankedTensorType>(type),
                          ArrayRef<char>(tensor.as<char>(), tensor.bytes())));
  return results;
}

namespace {
/// A temporary file with the artifact of a module.
struct Artifact {
  SmallString<128> path;
  llvm::FileRemover remover;
};
} // namespace

static FailureOr<std::shared_ptr<Artifact>>
makeArtifact(ModuleOp module, StringRef target,
             Precision precision = Precision::Fp32) {
  auto artifact = std::make_shared<Artifact>();
  if (std::error_code code = llvm::sys::fs::createTemporaryFile(
          "visir", "visir", artifact->path))
    return module.emitError("temporary file cannot be made: ")
           << code.message();
  artifact->remover.setFile(artifact->path);
  if (failed(compile(module, target, precision, artifact->path)))
    return failure();
  return artifact;
}

static FailureOr<Tensors> runFor(const Artifact &artifact, ModuleOp module,
                                 ArrayRef<Tensor> inputs, unsigned threads,
                                 StringRef command = "") {
  auto function = *module.getOps<func::FuncOp>().begin();
  std::string path = artifact.path.str().str();
  try {
    return command.empty()
               ? run(path, function, inputs, threads)
               : runByCommand(command, path, function, inputs, threads);
  } catch (const std::exception &error) {
    return function.emitError(error.what());
  }
}

TargetRunner visir::makeCpuRunner(std::string target, unsigned threads,
                                  std::string command, Precision precision) {
  return [=](ModuleOp module, ArrayRef<Tensor> inputs) -> FailureOr<Tensors> {
    auto artifact = makeArtifact(module, target, precision);
    if (failed(artifact))
      return failure();
    return runFor(**artifact, module, inputs, threads, command);
  };
}

FailureOr<TargetRunner> visir::makeBoundedRunner(ModuleOp module,
                                                 StringRef target,
                                                 unsigned threads) {
  auto made = makeArtifact(module, target);
  if (failed(made))
    return failure();
  return TargetRunner(
      [threads, artifact = *made](ModuleOp at, ArrayRef<Tensor> inputs) {
        return runFor(*artifact, at, inputs, threads);
      });
}
