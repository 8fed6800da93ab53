// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tool `visir`: picks the command.
#include "compiler/driver/commands/Commands.h"

#include "runtime/include/visir/runtime.h"
#include "tools/common/devices.h"
#include "tools/common/runtime_commands.h"
#include "tools/judge/Commands.h"

#include "llvm/Support/raw_ostream.h"

using namespace visir;

/// The targets to compile for, and below them where artifacts can run.
static int listTargets(llvm::ArrayRef<char *> words) {
  int exit = targetsCommand(words);
  if (words.empty() && exit == kExitOk)
    llvm::outs() << "\ndevices present:\n" << tools::devicesText();
  return exit;
}

namespace {

struct Command {
  const char *name;
  int (*run)(llvm::ArrayRef<char *>);
  const char *summary;
};

constexpr Command kCommands[] = {
    {"compile", compileCommand, "compile an ONNX model to an artifact"},
    {"compare", compareCommand,
     "compare a target with the reference, or with --against\n"
     "            onnxruntime, and name the first node that differs"},
    {"ops", opsCommand, "list the ONNX operators that can be imported"},
    {"targets", listTargets, "list the targets, and the devices present"},
};

/// Commands on artifacts, which visir-rt has, too.
constexpr std::pair<const char *, const char *> kRuntimeCommands[] = {
    {"run", "run an artifact once and print or write the outputs"},
    {"generate", "write a text token by token, greedily or with beams"},
    {"bench", "measure first and warm runs and each command; of a\n"
              "            model.onnx, with --against onnxruntime, both engines"},
    {"profile", "measure each command, few runs"},
    {"inspect", "print what is in an artifact; of a model.onnx, what is\n"
                "            recognised and missed, and pictures of its graph"},
    {"verify", "check structure, meaning and all digests"},
    {"devices", "list the devices that artifacts can run on"},
};

} // namespace

static void printHelp(llvm::raw_ostream &out) {
  out << "usage: visir COMMAND [options]\n\ncommands:\n";
  auto row = [&](llvm::StringRef name, llvm::StringRef summary) {
    out << "  " << name << std::string(10 - name.size(), ' ') << summary
        << "\n";
  };
  for (const Command &command : kCommands)
    row(command.name, command.summary);
  for (auto [name, summary] : kRuntimeCommands)
    row(name, summary);
  out << "\n`visir COMMAND --help` tells more of each.\n";
}

int main(int argc, char **argv) {
  llvm::StringRef name = argc > 1 ? argv[1] : "";
  if (name == "-h" || name == "--help") {
    printHelp(llvm::outs());
    return kExitOk;
  }
  if (name == "--version") {
    llvm::outs() << "visir " << visir_runtime_version() << "\n";
    return kExitOk;
  }
  if (name == "compare" && isCompareWithEngine({argv + 2, argv + argc}))
    return compareWithEngineCommand({argv + 2, argv + argc});
  for (const Command &command : kCommands)
    if (name == command.name)
      return command.run(llvm::ArrayRef<char *>(argv + 2, argv + argc));
  if (name == "bench" && isBenchOfModel({argv + 2, argv + argc}))
    return benchModelCommand({argv + 2, argv + argc});
  if (name == "inspect" && isInspectOfModel({argv + 2, argv + argc}))
    return inspectModelCommand({argv + 2, argv + argc});
  for (auto [known, summary] : kRuntimeCommands)
    if (name == known)
      return tools::runtimeCommand(known, argc - 2, argv + 2);
  if (!name.empty())
    llvm::errs() << "error: command " << name << " is unknown\n";
  printHelp(llvm::errs());
  return kExitUsage;
}
