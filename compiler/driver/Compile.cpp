// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Compile.h"

#include "compiler/driver/Entries.h"
#include "compiler/driver/HostEvaluator.h"
#include "compiler/driver/Reproducer.h"
#include "compiler/driver/SelfTest.h"
#include "compiler/driver/StaticLibrary.h"
#include "compiler/pipeline/Register.h"
#include "compiler/pipeline/Targets.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace visir;

std::unique_ptr<MLIRContext> visir::makeContext() {
  DialectRegistry registry;
  registerDialects(registry);
  // Threads do not pay for modules of this size, and without them the order
  // of diagnostics is fixed.
  auto context = std::make_unique<MLIRContext>(
      registry, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  context->printOpOnDiagnostic(false);
  return context;
}

static void step(const CompileOptions &options, StringRef name) {
  if (options.progress)
    options.progress(name);
}

static FailureOr<OwningOpRef<ModuleOp>>
readModule(MLIRContext &context, const CompileOptions &options,
           bool &unsupported) {
  if (StringRef(options.inputs.front()).ends_with(".mlir")) {
    auto module = parseSourceFile<ModuleOp>(options.inputs.front(), &context);
    if (!module)
      return failure();
    return module;
  }
  ImportOptions import = options.import;
  for (const auto &[input, output] : options.states)
    import.states.insert(input);
  FailureOr<OwningOpRef<ModuleOp>> result =
      importModels(context, options.inputs, import, unsupported);
  if (failed(result) || failed(declareStates(**result, options.states)))
    return failure();
  return result;
}

static LogicalResult printTo(Location loc, StringRef path, StringRef text) {
  std::error_code error;
  llvm::ToolOutputFile file(path, error, llvm::sys::fs::OF_None);
  if (error)
    return emitError(loc, "output ")
           << path << " cannot be written: " << error.message();
  file.os() << text;
  file.keep();
  return success();
}

static std::string moduleText(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  OpPrintingFlags flags;
  flags.enableDebugInfo(true, /*prettyForm=*/false);
  module.print(stream, flags);
  return text + "\n";
}

static LogicalResult dumpPhase(ModuleOp module, const CompileOptions &options,
                               Phase phase) {
  if (options.dumpFolder.empty())
    return success();
  if (std::error_code error =
          llvm::sys::fs::create_directories(options.dumpFolder))
    return emitError(module.getLoc(), "folder ")
           << options.dumpFolder << " cannot be made: " << error.message();
  SmallString<128> path(options.dumpFolder);
  llvm::sys::path::append(path, Twine(static_cast<int>(phase)) + "-" +
                                    phaseName(phase) + ".mlir");
  return printTo(module.getLoc(), path, moduleText(module));
}

/// Whether something is left that no import covers.
static bool hasOpaque(ModuleOp module) {
  return module
      .walk([](OpaqueOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

static LogicalResult runPhase(ModuleOp module, const CompileOptions &options,
                              Phase phase) {
  PassManager manager(module.getContext());
  PhaseOptions phases = options.phases;
  phases.evaluate = makeHostEvaluator();
  addPhase(manager, phase, phases);
  step(options, phaseName(phase));
  if (failed(manager.run(module)))
    return failure();
  return dumpPhase(module, options, phase);
}

CompileStatus visir::continueToPhase(ModuleOp module,
                                     const CompileOptions &options, Phase to) {
  if (options.from == Phase::Import &&
      failed(dumpPhase(module, options, Phase::Import)))
    return CompileStatus::Failed;
  for (Phase phase : {Phase::Canonical, Phase::Recognised, Phase::Fused}) {
    if (phase > to || phase <= options.from)
      continue;
    OwningOpRef<ModuleOp> before = cast<ModuleOp>(module->clone());
    if (succeeded(runPhase(module, options, phase)))
      continue;
    if (hasOpaque(module))
      return CompileStatus::Unsupported;
    writeReproducer(*before, phase, options);
    return CompileStatus::Failed;
  }
  return CompileStatus::Ok;
}

FailureOr<OwningOpRef<ModuleOp>>
visir::compileToPhase(MLIRContext &context, const CompileOptions &options,
                      Phase to, CompileStatus &status) {
  bool unsupported = false;
  step(options, "import");
  auto module = readModule(context, options, unsupported);
  status = unsupported ? CompileStatus::Unsupported : CompileStatus::Failed;
  if (failed(module))
    return failure();
  status = continueToPhase(**module, options, to);
  if (status != CompileStatus::Ok)
    return failure();
  return module;
}

/// The LLVM IR, assembly or object of the first target.
static LogicalResult emitText(ModuleOp module, const CompileOptions &options,
                              const CompileDump &dump) {
  switch (options.emit) {
  case EmitKind::LLVMIR:
    return printTo(module.getLoc(), options.output, dump.llvmIR);
  case EmitKind::Assembly:
    return printTo(module.getLoc(), options.output, dump.assembly);
  default:
    return printTo(module.getLoc(), options.output,
                   StringRef(dump.object.data(), dump.object.size()));
  }
}

static FailureOr<ProgramCode>
compileTarget(ModuleOp module, const CompileOptions &options,
              TargetCompiler &target, CompileDump *dump) {
  step(options, target.name());
  auto code = compileForTarget(module, target, options.precision, dump);
  if (failed(code) || failed(dumpPhase(module, options, Phase::Planned)))
    return failure();
  // On devices whose drivers run them.
  if (options.selfTest && options.to == Phase::Packaged && !dump &&
      code->device == DeviceKind::Vulkan) {
    step(options, "self-test");
    addSelfTests(*code);
  }
  return code;
}

/// The artifact goes through a temporary file into the library.
static LogicalResult packageLibrary(Location loc,
                                    ArrayRef<ProgramCode> programs,
                                    const ArtifactOptions &artifact,
                                    const CompileOptions &options) {
  const cpu::CpuSpec *spec = cpu::findSpec(options.targets.front());
  if (!spec)
    return emitError(loc, "target of a static library is ")
           << options.targets.front() << ", expected one of a CPU";
  SmallString<128> path;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("visir", "artifact", path))
    return emitError(loc, "temporary file cannot be made: ")
           << error.message();
  llvm::FileRemover remover(path);
  if (failed(writeArtifact(loc, programs, artifact, path)))
    return failure();
  return writeStaticLibrary(loc, path, options.output, *spec);
}

/// Writes what is asked for of a module that has passed the common phases.
static CompileStatus emitModule(ModuleOp module,
                                const CompileOptions &options) {
  Location loc = module.getLoc();
  if (options.emit == EmitKind::MLIR || options.to <= Phase::Fused)
    return succeeded(printTo(loc, options.output, moduleText(module)))
               ? CompileStatus::Ok
               : CompileStatus::Failed;
  std::vector<OwningOpRef<ModuleOp>> clones;
  std::vector<ProgramCode> programs;
  std::vector<std::string> names = options.targets;
  bool wantsText = options.emit != EmitKind::Artifact &&
                   options.emit != EmitKind::StaticLibrary;
  for (size_t i = 0; i < names.size(); ++i) {
    std::string name = names[i];
    auto target = makeTarget(*module.getContext(), name, options.layout);
    if (!target) {
      emitError(loc, "target is ")
          << name << ", expected one of " << targetNames();
      return CompileStatus::Failed;
    }
    CompileDump dump;
    dump.wantsObject = options.emit == EmitKind::Object;
    dump.wantsAssembly = options.emit == EmitKind::Assembly;
    clones.push_back(cast<ModuleOp>(module->clone()));
    auto code = compileTarget(*clones.back(), options, *target,
                              wantsText ? &dump : nullptr);
    if (failed(code)) {
      writeReproducer(module, Phase::LaidOut, options);
      return CompileStatus::Failed;
    }
    if (wantsText)
      return succeeded(emitText(module, options, dump))
                 ? CompileStatus::Ok
                 : CompileStatus::Failed;
    if (options.to == Phase::Planned)
      return succeeded(
                 printTo(loc, options.output, moduleText(*clones.back())))
                 ? CompileStatus::Ok
                 : CompileStatus::Failed;
    programs.push_back(std::move(*code));
    std::string richer = target->richerVariant();
    if (!richer.empty() && !llvm::is_contained(names, richer))
      names.push_back(richer);
  }
  step(options, "package");
  ArtifactOptions artifact;
  artifact.options = options.record;
  artifact.preprocess = options.preprocess ? &*options.preprocess : nullptr;
  LogicalResult written =
      options.emit == EmitKind::StaticLibrary
          ? packageLibrary(loc, programs, artifact, options)
          : writeArtifact(loc, programs, artifact, options.output);
  return succeeded(written) ? CompileStatus::Ok : CompileStatus::Failed;
}

CompileStatus visir::compileModel(MLIRContext &context,
                                  const CompileOptions &options) {
  CompileStatus status;
  auto module = compileToPhase(context, options, options.to, status);
  return failed(module) ? status : emitModule(**module, options);
}

CompileStatus visir::compileModule(ModuleOp module,
                                   const CompileOptions &options) {
  CompileStatus status = continueToPhase(module, options, options.to);
  return status == CompileStatus::Ok ? emitModule(module, options) : status;
}
