// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tool `visir`: picks the command.
#include "compiler/driver/commands/Commands.h"

#include "llvm/Support/raw_ostream.h"

using namespace visir;

namespace {

struct Command {
  const char *name;
  int (*run)(llvm::ArrayRef<char *>);
  const char *summary;
};

constexpr Command kCommands[] = {
    {"compile", compileCommand, "compile an ONNX model to an artifact"},
    {"ops", opsCommand, "list the ONNX operators that can be imported"},
    {"targets", targetsCommand, "list the targets"},
};

} // namespace

static void printHelp(llvm::raw_ostream &out) {
  out << "usage: visir COMMAND [options]\n\ncommands:\n";
  for (const Command &command : kCommands)
    out << "  " << command.name
        << std::string(10 - strlen(command.name), ' ') << command.summary
        << "\n";
  out << "\n`visir COMMAND --help` tells more of each.\n";
}

int main(int argc, char **argv) {
  llvm::StringRef name = argc > 1 ? argv[1] : "";
  if (name == "-h" || name == "--help") {
    printHelp(llvm::outs());
    return kExitOk;
  }
  for (const Command &command : kCommands)
    if (name == command.name)
      return command.run(llvm::ArrayRef<char *>(argv + 2, argv + argc));
  if (!name.empty())
    llvm::errs() << "error: command " << name << " is unknown\n";
  printHelp(llvm::errs());
  return kExitUsage;
}
