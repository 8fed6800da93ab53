// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Evaluate.h"

#include "compiler/pipeline/Phases.h"
#include "compiler/pipeline/Register.h"
#include "compiler/support/Constants.h"
#include "dialects/visir/Visir.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

using namespace mlir;
using namespace visir;
using visir::reference::Tensor;

FailureOr<OwningOpRef<ModuleOp>>
visir::loadModel(MLIRContext &context, StringRef path,
                 const ImportOptions &options, bool *unsupported) {
  if (path.ends_with(".onnx"))
    return importOnnx(context, path, options, unsupported);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(path, &context);
  if (!module)
    return failure();
  return module;
}

bool visir::refuseOpaque(ModuleOp module) {
  bool found = false;
  module.walk([&](OpaqueOp op) {
    found = true;
    op.emitError("operator ") << op.getOpType() << " of opset "
                              << op.getOpset() << ": " << op.getReason();
  });
  return found;
}

FailureOr<func::FuncOp> visir::findEntry(ModuleOp module, StringRef name) {
  for (auto function : module.getOps<func::FuncOp>())
    if (name.empty() || function.getName() == name)
      return function;
  return module.emitError("entry point is ")
         << (name.empty() ? "missing" : name)
         << ", expected the name of a function";
}

static std::string nameOr(Attribute attribute, unsigned number) {
  auto name = dyn_cast_or_null<StringAttr>(attribute);
  return name ? name.str() : std::to_string(number);
}

std::string visir::argumentName(func::FuncOp function, unsigned i) {
  return nameOr(function.getArgAttr(i, "visir.name"), i);
}

std::string visir::resultName(func::FuncOp function, unsigned i) {
  return nameOr(function.getResultAttr(i, "visir.name"), i);
}

/// NumPy's name of an element type; it has none of its own for bf16.
static std::string numpyType(Type element) {
  std::string size = std::to_string(elementBytes(element));
  if (element.isBF16())
    return "V2";
  if (isa<FloatType>(element))
    return "f" + size;
  if (element.isInteger(1))
    return "b1";
  return (element.isUnsignedInteger() ? "u" : "i") + size;
}

FailureOr<SmallVector<Tensor>> visir::bindInputs(func::FuncOp function,
                                                 ArrayRef<NpyArray> arrays) {
  SmallVector<Tensor> tensors;
  for (BlockArgument argument : function.getArguments()) {
    std::string name = argumentName(function, argument.getArgNumber());
    const NpyArray *found = llvm::find_if(arrays, [&](const NpyArray &array) {
      return array.name == name ||
             (array.name.empty() && function.getNumArguments() == 1);
    });
    if (found == arrays.end())
      return function.emitError("input ") << name << " is missing";
    auto type = cast<RankedTensorType>(argument.getType());
    if (numpyType(type.getElementType()) != found->dtype)
      return function.emitError("dtype of input ")
             << name << " is " << found->dtype << ", expected "
             << numpyType(type.getElementType());
    if (type.getShape() != ArrayRef<int64_t>(found->shape))
      return function.emitError("shape of input ")
             << name << " is " << ArrayRef<int64_t>(found->shape)
             << ", expected " << type.getShape();
    tensors.push_back(Tensor::fromBytes(type, found->bytes));
  }
  return tensors;
}

NpyArray visir::toArray(StringRef name, const Tensor &tensor, bool wide) {
  NpyArray array;
  array.name = name.str();
  array.shape.assign(tensor.shape().begin(), tensor.shape().end());
  if (wide && tensor.isFloat()) {
    array.dtype = "f8";
    auto *bytes = reinterpret_cast<const char *>(tensor.data<double>());
    array.bytes.assign(bytes, bytes + 8 * tensor.size());
    return array;
  }
  array.dtype = numpyType(tensor.element());
  SmallVector<char> bytes = tensor.toBytes();
  array.bytes.assign(bytes.begin(), bytes.end());
  return array;
}

/// The float format of a NumPy type, or null.
static const llvm::fltSemantics *floatSemantics(StringRef dtype) {
  return llvm::StringSwitch<const llvm::fltSemantics *>(dtype)
      .Case("f2", &llvm::APFloat::IEEEhalf())
      .Case("V2", &llvm::APFloat::BFloat())
      .Case("f4", &llvm::APFloat::IEEEsingle())
      .Case("f8", &llvm::APFloat::IEEEdouble())
      .Default(nullptr);
}

/// The elements of an array as text, separated by commas.
static std::string elementsText(const NpyArray &array) {
  std::string text;
  llvm::raw_string_ostream os(text);
  size_t size = std::stoi(array.dtype.substr(1));
  const llvm::fltSemantics *semantics = floatSemantics(array.dtype);
  for (size_t at = 0; at < array.bytes.size(); at += size) {
    os << (at ? "," : "");
    uint64_t raw = 0;
    memcpy(&raw, array.bytes.data() + at, size);
    if (semantics) {
      llvm::APFloat value(*semantics, llvm::APInt(8 * size, raw));
      bool inexact;
      value.convert(llvm::APFloat::IEEEdouble(),
                    llvm::APFloat::rmNearestTiesToEven, &inexact);
      os << llvm::format("%.17g", value.convertToDouble());
    } else if (array.dtype[0] == 'i') {
      os << llvm::SignExtend64(raw, 8 * size);
    } else {
      os << raw;
    }
  }
  return text;
}

std::string visir::expandBindings(std::vector<std::string> &bindings) {
  for (std::string &binding : bindings) {
    auto [name, value] = StringRef(binding).split('=');
    if (!value.ends_with(".npy"))
      continue;
    auto arrays = readNumpy(value);
    if (!arrays)
      return llvm::toString(arrays.takeError());
    if (arrays->size() != 1)
      return ("number of arrays in " + value + " is " +
              Twine(arrays->size()) + ", expected 1")
          .str();
    binding = name.str() + "=" + elementsText(arrays->front());
  }
  return "";
}

namespace {
/// One evaluation, whose diagnostics are collected as text.
class Run {
public:
  Run(const EvaluateOptions &options, std::string &text,
      const MakeRunner &makeRunner)
      : options(options), text(text), makeRunner(makeRunner) {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.disableMultithreading();
    static std::once_flag once;
    std::call_once(once, registerPasses);
    context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        report(diagnostic);
      return success();
    });
  }

  EvaluateStatus run() {
    std::vector<NpyArray> arrays;
    if (!options.inputs.empty()) {
      auto read = readNumpy(options.inputs);
      if (!read)
        return refuse(llvm::toString(read.takeError()));
      arrays = std::move(*read);
    }
    ImportOptions import;
    std::vector<std::string> bindings = options.bindings;
    for (const NpyArray &array : arrays)
      if (llvm::is_contained(options.bound, array.name))
        bindings.push_back(array.name + "=" + elementsText(array));
    std::string problem = expandBindings(bindings);
    if (problem.empty())
      problem = parseBindings(bindings, import.bindings);
    if (problem.empty())
      problem = parseShapes(options.shapes, import.shapeSets);
    if (problem.empty() && !options.noise.empty())
      problem = parseNoise(options.noise, import);
    if (!problem.empty())
      return refuse(problem);
    auto module = loadModel(context, options.model, import);
    if (failed(module))
      return EvaluateStatus::Refused;
    if (refuseOpaque(**module))
      return EvaluateStatus::Refused;
    if (!options.passes.empty() && failed(runPasses(**module)))
      return EvaluateStatus::Failed;
    return evaluateModule(**module, arrays);
  }

private:
  LogicalResult runPasses(ModuleOp module) {
    PassManager manager(module->getName());
    llvm::raw_string_ostream os(text);
    std::optional<Phase> last = parsePhase(options.passes);
    for (Phase phase : {Phase::Canonical, Phase::Recognised, Phase::Fused})
      if (last && phase <= *last)
        addPhase(manager, phase, PhaseOptions());
    if (!last && failed(parsePassPipeline(options.passes, manager, os)))
      return failure();
    return manager.run(module);
  }

  void report(Diagnostic &diagnostic) {
    llvm::raw_string_ostream os(text);
    os << diagnostic.getLocation() << ": " << diagnostic << "\n";
  }

  EvaluateStatus refuse(const std::string &why) {
    text += why + "\n";
    return EvaluateStatus::Refused;
  }

  EvaluateStatus evaluateModule(ModuleOp module, ArrayRef<NpyArray> arrays) {
    auto function = findEntry(module, options.entry);
    if (failed(function))
      return EvaluateStatus::Failed;
    auto inputs = bindInputs(*function, arrays);
    if (failed(inputs))
      return EvaluateStatus::Failed;
    auto results = options.target.empty()
                       ? reference::evaluate(*function, *inputs)
                       : makeRunner(options)(module, *inputs);
    if (failed(results))
      return EvaluateStatus::Failed;
    std::vector<NpyArray> outputs;
    for (auto [i, tensor] : llvm::enumerate(*results))
      outputs.push_back(
          toArray(resultName(*function, i), tensor, options.wide));
    if (options.outputs.empty())
      return EvaluateStatus::Done;
    if (llvm::Error error = writeNpz(options.outputs, outputs)) {
      text += llvm::toString(std::move(error)) + "\n";
      return EvaluateStatus::Failed;
    }
    return EvaluateStatus::Done;
  }

  const EvaluateOptions &options;
  std::string &text;
  const MakeRunner &makeRunner;
  MLIRContext context;
};
} // namespace

EvaluateStatus visir::evaluateFiles(const EvaluateOptions &options,
                                    std::string &text,
                                    const MakeRunner &makeRunner) {
  return Run(options, text, makeRunner).run();
}
