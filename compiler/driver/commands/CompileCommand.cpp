// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/commands/Commands.h"
#include "compiler/driver/commands/ModelArguments.h"

#include "compiler/driver/Compile.h"
#include "compiler/driver/Diagnostics.h"
#include "compiler/driver/Evaluate.h"
#include "compiler/driver/Preprocess.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace llvm;
using namespace visir;

/// Target names; an architecture alone is of the kind of the name before it,
/// as in cuda:sm_80,sm_90.
static std::vector<std::string> splitTargets(StringRef text) {
  std::vector<std::string> names = splitList(text);
  StringRef kind;
  for (std::string &name : names) {
    auto [prefix, rest] = StringRef(name).split(':');
    if (!rest.empty())
      kind = prefix;
    else if (prefix.starts_with("sm_") && !kind.empty())
      name = (kind + ":" + name).str();
  }
  return names;
}

static std::string setPhase(StringRef text, Phase &target) {
  auto phase = parsePhase(text);
  if (!phase)
    return "phase is " + text.str() + ", expected one of " + phaseNames();
  target = *phase;
  return "";
}

static std::string setWinograd(StringRef text, cpu::WinogradOptions &options) {
  options.bounded = text == "auto";
  if (text == "auto" || text == "f4")
    options.most = 4;
  else if (text == "f2")
    options.most = 2;
  else if (text == "off")
    options.most = 0;
  else
    return "filtering is " + text.str() + ", expected auto, off, f2 or f4";
  return "";
}

static std::string setSize(StringRef text, cpu::WinogradOptions &options) {
  int64_t megabytes = 0;
  if (text.getAsInteger(10, megabytes) || megabytes < 0 || megabytes > 1000000)
    return "size is " + text.str() + ", expected megabytes from 0 to 1000000";
  options.mostBytes = megabytes * 1000000;
  return "";
}

static std::string setPrecision(StringRef text, Precision &target) {
  auto precision = parsePrecision(text);
  if (!precision)
    return "precision is " + text.str() + ", expected fp32, tf32, fp16 or bf16";
  target = *precision;
  return "";
}

static std::string setSwitch(StringRef text, bool &target) {
  target = text == "on";
  return target || text == "off"
             ? ""
             : "switch is " + text.str() + ", expected on or off";
}

static std::string setEmit(StringRef text, EmitKind &target) {
  static const std::pair<StringRef, EmitKind> kinds[] = {
      {"artifact", EmitKind::Artifact},
      {"static-library", EmitKind::StaticLibrary},
      {"object", EmitKind::Object},
      {"asm", EmitKind::Assembly},
      {"llvm", EmitKind::LLVMIR},
      {"mlir", EmitKind::MLIR}};
  for (auto [name, kind] : kinds)
    if (text == name) {
      target = kind;
      return "";
    }
  return "form is " + text.str() +
         ", expected artifact, static-library, object, asm, llvm or mlir";
}

namespace {

/// What the command line holds beyond the options of a compilation.
struct CommandLine {
  CompileOptions options;
  ModelArguments models{options};
  std::string preprocess;
  bool quiet = false, remarks = false, json = false;
};

/// Times the steps, and prints them as they begin, on a terminal only.
class Progress {
public:
  explicit Progress(bool quiet)
      : isOn(!quiet && sys::Process::StandardErrIsDisplayed()) {}
  ~Progress() { finish(); }

  void begin(StringRef step) {
    finish();
    current = step.str();
    if (isOn) {
      errs() << current << " ...";
      errs().flush();
    }
    start = std::chrono::steady_clock::now();
  }

  /// Ends the last step.
  void finish() {
    if (current.empty())
      return;
    std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - start;
    if (isOn)
      errs() << "\r" << current << ": " << format("%.2f", time.count())
             << " s\n";
    steps.emplace_back(current, time.count());
    current.clear();
  }

  /// Names and seconds of the steps that have ended.
  std::vector<std::pair<std::string, double>> steps;

private:
  bool isOn;
  std::string current;
  std::chrono::steady_clock::time_point start;
};

} // namespace

static void declareFiltering(Arguments &arguments,
                             cpu::WinogradOptions &options) {
  arguments.value("--winograd", "MODE",
                  "minimal filtering of convolutions with three taps: auto\n"
                  "(where faster, while the estimated rounding stays within\n"
                  "1.6 times that of plain sums), off, f2 (F(2, 3) only)\n"
                  "or f4 (F(2, 3) or F(4, 3), whatever the rounding)",
                  [&](StringRef text) { return setWinograd(text, options); });
  arguments.value("--size", "MB",
                  "megabytes that weights transformed for filtering may add;\n"
                  "without it, as many as make the model faster",
                  [&](StringRef text) { return setSize(text, options); });
}

/// How results are computed, and how devices are judged by them.
static void declareNumbers(Arguments &arguments, CompileOptions &options) {
  arguments.value("--precision", "TYPE",
                  "what products read is stored and multiplied in: fp32 (the\n"
                  "default), fp16 or bf16, or multiplied in by matrix units:\n"
                  "tf32. Sums, norms and softmax stay in fp32, inputs and\n"
                  "outputs as the model declares them",
                  [&](StringRef text) {
                    return setPrecision(text, options.precision);
                  });
  arguments.value("--self-test", "on|off",
                  "whether a program for Vulkan carries results by which a\n"
                  "device is judged when it first opens the artifact (on)",
                  [&](StringRef text) {
                    return setSwitch(text, options.selfTest);
                  });
}

static void declare(Arguments &arguments, CommandLine &line) {
  CompileOptions &options = line.options;
  line.models.declareModels(arguments);
  arguments.value("-o, --output", "FILE",
                  "the result; the model's name with .visir without it",
                  options.output);
  arguments.value("--target", "LIST",
                  "what to compile for, separated by commas: host (the\n"
                  "default) or what visir targets lists; cuda:sm_80,sm_90\n"
                  "makes machine code for two GPUs and text for newer ones",
                  [&](StringRef text) {
                    options.targets = splitTargets(text);
                    return options.targets.empty() ? "list is empty"
                                                   : std::string();
                  });
  arguments.value("--preprocess", "WAY",
                  "how tools turn a picture into the input: imagenet, or\n"
                  "a file of lines KEY = VALUE (docs/howto/preprocess.md)",
                  line.preprocess);
  declareNumbers(arguments, options);
  declareFiltering(arguments, options.layout.winograd);
  line.models.declareDisable(arguments);
  arguments.value("--from", "PHASE", "the phase that an .mlir input has passed",
                  [&](StringRef text) { return setPhase(text, options.from); });
  arguments.value("--to", "PHASE", "the last phase; its IR is the result",
                  [&](StringRef text) { return setPhase(text, options.to); });
  arguments.value("--emit", "FORM",
                  "artifact (the default), static-library (with a C header\n"
                  "beside it), object, asm, llvm or mlir",
                  [&](StringRef text) { return setEmit(text, options.emit); });
  arguments.value("--dump", "FOLDER", "writes the IR after every phase there",
                  options.dumpFolder);
  arguments.flag("--remarks",
                 "print what was recognised and fused, and why not",
                 line.remarks);
  arguments.flag("-q, --quiet", "no progress", line.quiet);
  arguments.flag("--json",
                 "print output, seconds of each step and all messages as JSON",
                 line.json);
}

/// The outcome as JSON, on standard output.
static void printJson(const CompileOptions &options, CompileStatus status,
                      const Progress &progress,
                      ArrayRef<Message> messages) {
  json::Array steps, texts;
  for (const auto &[name, seconds] : progress.steps)
    steps.push_back(json::Object{{"step", name}, {"seconds", seconds}});
  for (const Message &message : messages)
    texts.push_back(json::Object{{"kind", message.kind},
                                 {"nodes", message.nodes},
                                 {"text", message.text}});
  json::Object result{{"output", options.output},
                      {"exit_code", static_cast<int>(status)},
                      {"steps", std::move(steps)},
                      {"messages", std::move(texts)}};
  uint64_t bytes;
  if (status == CompileStatus::Ok && !sys::fs::file_size(options.output, bytes))
    result["bytes"] = bytes;
  outs() << json::Value(std::move(result)) << "\n";
}

/// The arguments that decide what the artifact is: neither paths nor what is
/// printed on the way.
static std::string recordOf(ArrayRef<char *> raw) {
  std::string text;
  for (size_t i = 0; i < raw.size(); ++i) {
    StringRef argument(raw[i]);
    StringRef name = argument.split('=').first;
    bool isValued = name == "-o" || name == "--output" || name == "--dump";
    // What stands for a list of classes is its digest.
    bool isList = name == "--classes" || name == "--prompt";
    bool isPlace = !argument.starts_with("-") || isValued || name == "-q" ||
                   name == "--quiet" || name == "--remarks" ||
                   name == "--json" || isList;
    if ((isValued || isList) && argument == name)
      ++i;
    if (isPlace)
      continue;
    text += (text.empty() ? "" : " ") + argument.str();
    if (!argument.contains('=') && i + 1 < raw.size())
      text += std::string("=") + raw[++i];
  }
  return text;
}

int visir::compileCommand(ArrayRef<char *> raw) {
  CommandLine line;
  CompileOptions &options = line.options;
  Arguments arguments("compile MODEL... [-o FILE] [options]",
                      "Compiles ONNX models to an artifact. Each model is an "
                      "entry point.");
  declare(arguments, line);
  if (auto exit = arguments.parse(raw))
    return *exit;
  auto usage = [](const std::string &error) {
    errs() << "error: " << error << "\n";
    return kExitUsage;
  };
  options.record = recordOf(raw);
  if (auto exit = line.models.bindClassList(options.record))
    return *exit;
  std::string error = line.models.finish();
  if (error.empty() && !line.preprocess.empty()) {
    options.preprocess.emplace();
    error = readPreprocess(line.preprocess, *options.preprocess);
  }
  if (!error.empty())
    return usage(error);
  if (options.output.empty()) {
    bool isLibrary = options.emit == EmitKind::StaticLibrary;
    bool isText = (options.emit != EmitKind::Artifact && !isLibrary) ||
                  options.to != Phase::Packaged;
    SmallString<128> path(options.inputs.front());
    sys::path::replace_extension(path, isLibrary ? "a" : "visir");
    options.output = isText ? "-" : path.str().str();
  }
  if (line.json && options.output == "-")
    return usage("output is -, expected a file beside --json");
  Progress progress(line.quiet || line.json);
  options.progress = [&](StringRef step) { progress.begin(step); };
  auto context = makeContext();
  std::vector<Message> messages;
  DiagnosticPrinter printer(*context, line.remarks,
                            line.json ? &messages : nullptr);
  CompileStatus status = compileModel(*context, options);
  progress.finish();
  if (line.json)
    printJson(options, status, progress, messages);
  return static_cast<int>(status);
}
