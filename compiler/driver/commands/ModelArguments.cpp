// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/commands/ModelArguments.h"

#include "compiler/driver/Evaluate.h"
#include "compiler/driver/commands/Commands.h"

#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace visir;

std::vector<std::string> visir::splitList(StringRef text) {
  SmallVector<StringRef> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/false);
  return {parts.begin(), parts.end()};
}

static std::string setDisabled(StringRef text,
                               std::vector<std::string> &disabled) {
  for (std::string &name : splitList(text)) {
    if (std::string error = checkRewriteName(name); !error.empty())
      return error;
    disabled.push_back(std::move(name));
  }
  return "";
}

/// All names for --disable, in lines that fit a terminal.
static std::string rewriteList() {
  std::string text;
  size_t width = 0;
  for (const std::string &name : rewriteNames()) {
    bool breaks = width + name.size() > 48;
    text += text.empty() ? "" : breaks ? ",\n" : ", ";
    width = (breaks ? 0 : width + 2) + name.size();
    text += name;
  }
  return text;
}

static std::string setClasses(StringRef text, ClassList &classes) {
  auto [input, file] = text.rsplit('=');
  bool isNamed = text.contains('=');
  if (isNamed)
    classes.input = input.str();
  classes.file = (isNamed ? file : text).str();
  return classes.file.empty() ? "file has no name" : "";
}

void ModelArguments::declareModels(Arguments &arguments) {
  arguments.positionals("MODEL", options.inputs);
  arguments.value("--shape", "NAME=1x3x224x224",
                  "extents of an input; given again for an input that has\n"
                  "one, it begins the next entry point. 1xT<=128 makes a\n"
                  "dimension whose size is known when it runs, and T or\n"
                  "P+T refer to such. FILE:NAME=... is for the input of one\n"
                  "of several models",
                  [this](StringRef text) {
                    shapes.push_back(text.str());
                    return std::string();
                  });
  arguments.value("--bind", "NAME=VALUE",
                  "an input that becomes a constant: a number, a list or a\n"
                  "file .npy",
                  [this](StringRef text) {
                    bindings.push_back(text.str());
                    return std::string();
                  });
  arguments.value("--classes", "[INPUT=]FILE",
                  "binds an input of token ids (ids) to the prompts of the\n"
                  "classes of a file, one a line, by CLIP's tokenizer",
                  [this](StringRef text) { return setClasses(text, classes); });
  arguments.value("--prompt", "TEXT",
                  "the prompt of --classes, with {} for the class\n"
                  "('a photo of a {}.' without it)",
                  classes.prompt);
  arguments.value("--noise", "SOURCE",
                  "what random nodes of the model draw from: frozen or\n"
                  "frozen:SEED (constants), input (inputs of the entry) or\n"
                  "counter (a generator, whose seed is the input 'seed')",
                  [this](StringRef text) {
                    return parseNoise(text, options.import);
                  });
  arguments.value("--state", "INPUT=OUTPUT",
                  "the input keeps the output's value from run to run",
                  [this](StringRef text) -> std::string {
                    auto [input, output] = text.split('=');
                    if (input.empty() || output.empty())
                      return "state is " + text.str() +
                             ", expected INPUT=OUTPUT";
                    options.states.emplace_back(input, output);
                    return "";
                  });
}

void ModelArguments::declareDisable(Arguments &arguments) {
  arguments.value("--disable", "NAMES",
                  "rewrites to switch off, separated by commas:\n" +
                      rewriteList(),
                  [this](StringRef text) {
                    return setDisabled(text, options.phases.disabled);
                  });
}

std::optional<int> ModelArguments::bindClassList(std::string &record) {
  if (classes.file.empty())
    return std::nullopt;
  std::string own;
  auto problem = bindClasses(classes, shapes, bindings, own);
  if (problem && !problem->empty())
    errs() << "error: " << *problem << "\n";
  if (problem)
    return kExitFailed;
  record += (record.empty() ? "" : " ") + own;
  return std::nullopt;
}

std::string ModelArguments::finish() {
  std::string error = parseShapes(shapes, options.import.shapeSets);
  if (error.empty())
    error = expandBindings(bindings);
  if (error.empty())
    error = parseBindings(bindings, options.import.bindings);
  return error;
}
