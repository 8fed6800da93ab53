// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `visir inspect MODEL.onnx`: what the compiler makes of a model. Artifacts do
// not say, as they hold neither the model's graph nor what was missed in it.
#include "compiler/driver/GraphPicture.h"
#include "compiler/driver/ModelReport.h"
#include "compiler/driver/commands/Commands.h"
#include "compiler/driver/commands/ModelArguments.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace visir;

namespace {

struct InspectLine {
  CompileOptions options;
  ModelArguments models{options};
  std::string svg, dot, part;
  bool json = false;
};

} // namespace

static std::string setPart(StringRef text, std::string &part) {
  std::string error;
  if (!Regex(text).isValid(error))
    return "pattern is " + text.str() +
           ", expected a regular expression: " + error;
  part = text.str();
  return "";
}

static void declare(Arguments &arguments, InspectLine &line) {
  line.models.declareModels(arguments);
  line.models.declareDisable(arguments);
  arguments.value("--svg", "FILE",
                  "draw the graph before and after, by Graphviz's dot",
                  line.svg);
  arguments.value("--dot", "FILE", "write that drawing in dot's language",
                  line.dot);
  arguments.value("--part", "REGEX",
                  "draw only what comes from ONNX nodes of such names",
                  [&](StringRef text) { return setPart(text, line.part); });
  arguments.flag("--json", "print JSON", line.json);
}

/// Writes the pictures that are asked for. Returns an error text or "".
static std::string draw(mlir::ModuleOp before, mlir::ModuleOp after,
                        const InspectLine &line) {
  if (line.svg.empty() && line.dot.empty())
    return "";
  std::string graph = drawGraphs(before, after, line.part);
  if (!line.dot.empty()) {
    std::error_code error;
    raw_fd_ostream file(line.dot, error);
    if (error)
      return "output " + line.dot + " cannot be written: " + error.message();
    file << graph;
  }
  return line.svg.empty() ? "" : renderSvg(graph, line.svg);
}

bool visir::isInspectOfModel(ArrayRef<char *> arguments) {
  return isBenchOfModel(arguments);
}

int visir::inspectModelCommand(ArrayRef<char *> raw) {
  InspectLine line;
  Arguments arguments("inspect MODEL.onnx... [options]",
                      "Tells what is recognised and fused in a model, what "
                      "nearly is and why\nnot, and what is read, written and "
                      "multiplied before and after.");
  declare(arguments, line);
  if (auto exit = arguments.parse(raw))
    return *exit;
  std::string record;
  if (auto exit = line.models.bindClassList(record))
    return *exit;
  if (std::string error = line.models.finish(); !error.empty()) {
    errs() << "error: " << error << "\n";
    return kExitUsage;
  }
  auto context = makeContext();
  std::vector<Message> messages;
  DiagnosticPrinter printer(*context, /*remarks=*/true, &messages);
  auto fail = [&](CompileStatus status) {
    for (const Message &message : messages)
      if (message.kind == "error")
        errs() << "error: " << message.nodes
               << (message.nodes.empty() ? "" : ": ") << message.text << "\n";
    return static_cast<int>(status);
  };
  CompileStatus status;
  auto module = compileToPhase(*context, line.options, Phase::Canonical, status);
  if (failed(module))
    return fail(status);
  mlir::OwningOpRef<mlir::ModuleOp> before =
      mlir::cast<mlir::ModuleOp>((*module)->clone());
  line.options.from = Phase::Canonical;
  status = continueToPhase(**module, line.options, Phase::Fused);
  if (status != CompileStatus::Ok)
    return fail(status);
  ModelReport report = reportOf(*before, **module, messages);
  if (line.json)
    outs() << reportJson(report) << "\n";
  else
    outs() << reportText(report);
  if (std::string error = draw(*before, **module, line); !error.empty()) {
    errs() << "error: " << error << "\n";
    return kExitFailed;
  }
  return kExitOk;
}
