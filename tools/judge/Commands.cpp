// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/judge/Commands.h"

#include "compiler/driver/Compile.h"
#include "compiler/driver/Diagnostics.h"
#include "compiler/driver/Reduce.h"
#include "tools/judge/CpuRunner.h"
#include "tools/judge/Report.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace visir;
using visir::reference::Tensor;

using Tensors = SmallVector<Tensor>;
using Ops = SmallVector<Operation *>;

namespace {
/// What both commands need to know.
struct JudgeOptions {
  std::string model, inputs, target = "host", runner, output;
  std::string against = "reference"; ///< of `compare`
  bool json = false;
  std::vector<std::string> shapes, bindings;
  std::vector<std::string> sizes; ///< `--at` of `compare`
  unsigned threads = 0, seed = 0;
  double factor = 1;
};

/// A model with inputs, ready to be judged.
struct Judged {
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
  Tensors inputs;
  TargetRunner runner;

  bool isBounded() { return function->hasAttr("visir.symbols"); }
};

/// What a comparison came to.
struct Outcome {
  Comparison comparison;
  std::optional<FirstDifference> first;
  std::optional<Ops> reduced;
};
} // namespace

static std::function<std::string(StringRef)>
collect(std::vector<std::string> &list) {
  return [&list](StringRef text) {
    list.push_back(text.str());
    return std::string();
  };
}

/// Reads a number, or says what was expected.
template <class T>
static std::function<std::string(StringRef)> number(T &value) {
  return [&value](StringRef text) -> std::string {
    bool bad;
    if constexpr (std::is_floating_point_v<T>)
      bad = text.getAsDouble(value);
    else
      bad = text.getAsInteger(10, value);
    return bad ? "value is " + text.str() + ", expected a number" : "";
  };
}

static void declare(Arguments &arguments, JudgeOptions &options) {
  arguments.positional("MODEL", options.model);
  arguments.value("--inputs", "FILE",
                  "inputs as .npz by name, or .npy for the only one; random\n"
                  "without it",
                  options.inputs);
  arguments.value("--seed", "N", "of random inputs (0)", number(options.seed));
  arguments.value("--target", "NAME", "instruction set (host)", options.target);
  arguments.value("--runner", "COMMAND",
                  "visir-rt of the target, which runs the artifacts, with the\n"
                  "emulator or remote shell before it",
                  options.runner);
  arguments.value("--threads", "N", "threads of the target (all)",
                  number(options.threads));
  arguments.value("--factor", "X",
                  "permitted error as a multiple of 1e-4 for f32, 1e-10 for\n"
                  "f64, 1e-2 for f16, 5e-2 for bf16 (1)",
                  number(options.factor));
  arguments.value("--shape", "NAME=1x3x224x224", "extents of an input",
                  collect(options.shapes));
  arguments.value("--bind", "NAME=VALUE", "an input that becomes a constant",
                  collect(options.bindings));
}

/// A tensor of normal floats, of integers 0 and 1, or of booleans.
static Tensor randomTensor(RankedTensorType type, std::mt19937_64 &engine) {
  Tensor tensor(type);
  for (int64_t i = 0, e = tensor.size(); i < e; ++i) {
    if (!tensor.isFloat()) {
      tensor.data<int64_t>()[i] = int64_t(engine() >> 63);
      continue;
    }
    double radius =
        std::sqrt(-2 * std::log((double(engine() >> 11) + 1) * 0x1p-53));
    double angle = 2 * M_PI * double(engine() >> 11) * 0x1p-53;
    tensor.data<double>()[i] = reference::roundToElement(
        type.getElementType(), radius * std::cos(angle));
  }
  return tensor;
}

static FailureOr<Tensors> makeInputs(func::FuncOp function,
                                     const JudgeOptions &options) {
  if (!options.inputs.empty()) {
    auto arrays = readNumpy(options.inputs);
    if (!arrays)
      return function.emitError(llvm::toString(arrays.takeError()));
    return bindInputs(function, *arrays);
  }
  std::mt19937_64 engine(options.seed);
  Tensors inputs;
  for (Type type : function.getArgumentTypes())
    inputs.push_back(randomTensor(cast<RankedTensorType>(type), engine));
  return inputs;
}

/// Reads the options of the import; returns an exit code if they are wrong.
static std::optional<int> readOptions(JudgeOptions &options,
                                      ImportOptions &import) {
  std::string error = parseShapes(options.shapes, import.shapeSets);
  if (error.empty())
    error = expandBindings(options.bindings);
  if (error.empty())
    error = parseBindings(options.bindings, import.bindings);
  if (error.empty())
    return std::nullopt;
  llvm::errs() << "error: " << error << "\n";
  return kExitUsage;
}

/// Loads the model; returns an exit code if the command must end.
static std::optional<int> load(MLIRContext &context,
                               const JudgeOptions &options,
                               const ImportOptions &import, Judged &judged) {
  bool unsupported = false;
  auto module = loadModel(context, options.model, import, &unsupported);
  if (failed(module))
    return unsupported ? kExitUnsupported : kExitFailed;
  if (refuseOpaque(**module))
    return kExitUnsupported;
  judged.module = std::move(*module);
  auto function = findEntry(*judged.module, "");
  if (failed(function))
    return kExitFailed;
  judged.function = *function;
  return std::nullopt;
}

/// Adds inputs and the runner.
static LogicalResult prepare(const JudgeOptions &options, Judged &judged) {
  auto inputs = makeInputs(judged.function, options);
  if (failed(inputs))
    return failure();
  judged.inputs = std::move(*inputs);
  judged.runner =
      makeCpuRunner(options.target, options.threads, options.runner);
  return success();
}

/// Looks for the first op that differs; tells of steps on standard error.
static FailureOr<std::optional<FirstDifference>>
search(Judged &judged, const JudgeOptions &options) {
  return findFirstDifference(
      judged.function, judged.inputs, judged.runner, options.factor,
      [](size_t agrees, size_t differs) {
        llvm::errs() << "searching: the first " << agrees
                     << " ops agree, the first " << differs << " do not\n";
      });
}

/// Cuts the smallest part that differs into the folder `options.output`.
static FailureOr<Ops> reduceTo(Judged &judged, const JudgeOptions &options,
                               const FirstDifference &first) {
  auto reduced = reduceOps(
      first.prefix, [&](ArrayRef<Operation *> ops) -> FailureOr<bool> {
        llvm::errs() << "trying " << ops.size() << " ops\n";
        auto difference = compareOps(judged.function, judged.inputs, ops,
                                     judged.runner, options.factor);
        if (failed(difference))
          return failure();
        return difference->has_value();
      });
  if (failed(reduced) || failed(writeReproducer(judged.function, judged.inputs,
                                                *reduced, options.output)))
    return failure();
  return reduced;
}

/// Compares the outputs, as `whole` gives them, and looks for the reason of a
/// difference.
static FailureOr<Outcome> judge(Judged &judged, const JudgeOptions &options,
                                const TargetRunner &whole) {
  auto comparison =
      compareOutputs(judged.function, judged.inputs, whole, options.factor);
  if (failed(comparison))
    return failure();
  Outcome outcome{std::move(*comparison), {}, {}};
  if (!outcome.comparison.agrees) {
    auto found = search(judged, options);
    if (failed(found))
      return failure();
    outcome.first = std::move(*found);
  }
  if (outcome.first && !options.output.empty()) {
    auto cut = reduceTo(judged, options, *outcome.first);
    if (failed(cut))
      return failure();
    outcome.reduced = std::move(*cut);
  }
  return outcome;
}

static Report reportOf(const JudgeOptions &options, const Outcome &outcome) {
  return {options.model,  options.target,     options.against,
          options.output, outcome.comparison, outcome.first,
          outcome.reduced};
}

/// Reads `--at`; returns an exit code if it is wrong.
static std::optional<int> readSizes(const JudgeOptions &options,
                                    const ImportOptions &import,
                                    std::vector<SymbolSizes> &wanted) {
  std::string error;
  for (const std::string &text : options.sizes)
    if (error.empty())
      error = parseSizes(text, import.shapeSets, wanted.emplace_back());
  if (error.empty() && !options.inputs.empty() && wanted.size() != 1)
    error = "--inputs is given, expected one --at with its sizes";
  if (error.empty() && !options.runner.empty())
    error = "--runner is given, expected a model without bounded dimensions";
  if (wanted.empty())
    wanted = usualSizes(import.shapeSets);
  if (error.empty())
    return std::nullopt;
  llvm::errs() << "error: " << error << "\n";
  return kExitUsage;
}

/// Compiles the model once and compares it with the reference at several
/// sizes, where the reference sees a model of static shape.
static int compareAtSizes(MLIRContext &context, const JudgeOptions &options,
                          const ImportOptions &import, Judged &bounded) {
  std::vector<SymbolSizes> wanted;
  if (auto exit = readSizes(options, import, wanted))
    return *exit;
  auto whole =
      makeBoundedRunner(*bounded.module, options.target, options.threads);
  if (failed(whole))
    return kExitFailed;
  bool agrees = true;
  llvm::json::Array runs;
  for (const SymbolSizes &sizes : wanted) {
    ImportOptions fixed = import;
    fixed.shapeSets = shapesAt(import.shapeSets, sizes);
    Judged judged;
    if (auto exit = load(context, options, fixed, judged))
      return *exit;
    if (failed(prepare(options, judged)))
      return kExitFailed;
    auto outcome = judge(judged, options, *whole);
    if (failed(outcome))
      return kExitFailed;
    agrees &= outcome->comparison.agrees;
    Report report = reportOf(options, *outcome);
    report.sizes = sizes;
    if (options.json)
      runs.push_back(toJson(report));
    else
      printText(report);
  }
  if (options.json)
    llvm::outs() << llvm::json::Value(llvm::json::Object{
                        {"agrees", agrees}, {"runs", std::move(runs)}})
                 << "\n";
  return agrees ? kExitOk : kExitFailed;
}

int visir::compareCommand(ArrayRef<char *> raw) {
  JudgeOptions options;
  auto context = makeContext();
  Arguments arguments("compare MODEL [options]",
                      "Runs a model on a target and on the reference or "
                      "another engine, and\nnames the first node that differs.");
  declare(arguments, options);
  arguments.value("--against", "reference|onnxruntime",
                  "what is right: the reference interpreter (the default) or\n"
                  "ONNX Runtime, through its Python package",
                  [&](StringRef text) -> std::string {
                    options.against = text.str();
                    return text == "reference"
                               ? ""
                               : "engine is " + text.str() +
                                     ", expected reference or onnxruntime";
                  });
  arguments.value("--at", "T=17,P=3",
                  "sizes of bounded dimensions, again for more; without it\n"
                  "all at 1, at half of their bounds, and at their bounds",
                  collect(options.sizes));
  arguments.value("--reduce", "FOLDER",
                  "receives the smallest part that differs", options.output);
  arguments.flag("--json", "as JSON", options.json);
  if (auto exit = arguments.parse(raw))
    return *exit;
  DiagnosticPrinter printer(*context, /*remarks=*/false);
  ImportOptions import;
  Judged judged;
  if (auto exit = readOptions(options, import))
    return *exit;
  if (auto exit = load(*context, options, import, judged))
    return *exit;
  if (judged.isBounded())
    return compareAtSizes(*context, options, import, judged);
  if (!options.sizes.empty()) {
    llvm::errs() << "error: --at is given, expected bounded dimensions in "
                    "--shape\n";
    return kExitUsage;
  }
  if (failed(prepare(options, judged)))
    return kExitFailed;
  auto outcome = judge(judged, options, judged.runner);
  if (failed(outcome))
    return kExitFailed;
  Report report = reportOf(options, *outcome);
  if (options.json)
    printJson(report);
  else
    printText(report);
  return outcome->comparison.agrees ? kExitOk : kExitFailed;
}

int visir::reduceCommand(ArrayRef<char *> raw) {
  JudgeOptions options;
  auto context = makeContext();
  Arguments arguments("visir-reduce MODEL -o FOLDER [options]",
                      "Cuts the smallest part of a model that differs from "
                      "the reference.");
  declare(arguments, options);
  arguments.value("-o, --output", "FOLDER",
                  "receives model.mlir, inputs.npz and expected.npz",
                  options.output);
  if (auto exit = arguments.parse(raw))
    return *exit;
  if (options.output.empty())
    options.output = "reduced";
  DiagnosticPrinter printer(*context, /*remarks=*/false);
  ImportOptions import;
  Judged judged;
  if (auto exit = readOptions(options, import))
    return *exit;
  if (auto exit = load(*context, options, import, judged))
    return *exit;
  if (judged.isBounded()) {
    judged.function->emitError("model has bounded dimensions, expected a "
                               "--shape of numbers to reduce at");
    return kExitFailed;
  }
  if (failed(prepare(options, judged)))
    return kExitFailed;
  auto first = search(judged, options);
  if (failed(first))
    return kExitFailed;
  if (!*first) {
    llvm::outs() << "target and reference agree\n";
    return kExitFailed;
  }
  printFirst(**first);
  auto reduced = reduceTo(judged, options, **first);
  if (failed(reduced))
    return kExitFailed;
  printReduced(*reduced, options.output);
  return kExitOk;
}
