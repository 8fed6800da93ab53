// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Commands that set Visir beside other engines: `visir bench MODEL.onnx` and
// `visir compare --against onnxruntime`. The engines are Python packages, so
// that these are modules of the Python package `visir`, which they start.
#include "compiler/driver/commands/Commands.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

using namespace llvm;
using namespace visir;

void visir::setPythonEnvironment() {
  std::string self = sys::fs::getMainExecutable(nullptr, nullptr);
  setenv("VISIR_TOOL", self.c_str(), /*overwrite=*/0);
  SmallString<256> package(self);
  for (int i = 0; i < 3; ++i)
    sys::path::remove_filename(package);
  sys::path::append(package, "bindings", "python");
  if (!sys::fs::is_directory(package))
    return;
  const char *known = getenv("PYTHONPATH");
  std::string path = package.str().str() + (known ? ":" : "") +
                     (known ? known : "");
  setenv("PYTHONPATH", path.c_str(), /*overwrite=*/1);
}

std::string visir::pythonProgram() {
  const char *python = getenv("VISIR_PYTHON");
  return python ? python : "python3";
}

bool visir::isBenchOfModel(ArrayRef<char *> arguments) {
  return any_of(arguments, [](const char *argument) {
    return StringRef(argument).ends_with(".onnx");
  });
}

bool visir::isCompareWithEngine(ArrayRef<char *> arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    StringRef argument(arguments[i]);
    if (argument == "--against" && i + 1 < arguments.size())
      return StringRef(arguments[i + 1]) == "onnxruntime";
    if (argument.consume_front("--against="))
      return argument == "onnxruntime";
  }
  return false;
}

/// Replaces this process by a module of the Python package.
static int runModule(std::string module, ArrayRef<char *> arguments) {
  setPythonEnvironment();
  std::string program = pythonProgram();
  std::string dashM = "-m";
  std::vector<char *> words{program.data(), dashM.data(), module.data()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.push_back(nullptr);
  execvp(words[0], words.data());
  errs() << "error: " << program << " cannot be started: " << strerror(errno)
         << ", expected Python with the package onnxruntime (VISIR_PYTHON "
            "names another one)\n";
  return kExitFailed;
}

int visir::benchModelCommand(ArrayRef<char *> arguments) {
  return runModule("visir.bench", arguments);
}

int visir::compareWithEngineCommand(ArrayRef<char *> arguments) {
  return runModule("visir.compare", arguments);
}
