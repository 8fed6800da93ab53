// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `visir compile --classes`: the classes of a file become token ids, and these
// the value of an input. The tokenizer is a Python package, so that a module of
// the Python package `visir` makes the ids.
#include "compiler/driver/commands/Classes.h"

#include "compiler/driver/Evaluate.h"
#include "compiler/driver/Npz.h"
#include "compiler/driver/commands/Commands.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/SHA256.h"

using namespace llvm;
using namespace visir;

static std::optional<std::string> writeIds(const ClassList &list,
                                           StringRef out) {
  setPythonEnvironment();
  std::string python = pythonProgram();
  ErrorOr<std::string> program = sys::findProgramByName(python);
  StringRef words[] = {python,     "-m",        "visir.classes", list.file,
                       "--prompt", list.prompt, "--out",         out};
  bool isMissing = !program;
  int status = isMissing ? -1
                         : sys::ExecuteAndWait(*program, words, std::nullopt,
                                               {}, 0, 0, nullptr, &isMissing);
  if (isMissing)
    return python + " cannot be started, expected Python with the package "
                    "open_clip_torch (VISIR_PYTHON names another one)";
  return status == 0 ? std::nullopt : std::optional<std::string>("");
}

std::optional<std::string>
visir::bindClasses(const ClassList &list, std::vector<std::string> &shapes,
                   std::vector<std::string> &bindings, std::string &record) {
  SmallString<128> path;
  if (std::error_code error =
          sys::fs::createTemporaryFile("visir-classes", "npy", path))
    return "temporary file cannot be made: " + error.message();
  FileRemover remover(path);
  if (std::optional<std::string> error = writeIds(list, path))
    return error;
  auto arrays = readNumpy(path);
  if (!arrays)
    return toString(arrays.takeError());
  const NpyArray &ids = arrays->front();
  std::string extents = join(
      map_range(ids.shape, [](int64_t n) { return std::to_string(n); }), "x");
  shapes.push_back(list.input + "=" + extents);
  std::vector<std::string> own{list.input + "=" + path.str().str()};
  if (std::string error = expandBindings(own); !error.empty())
    return error;
  bindings.push_back(own.front());
  auto digest = SHA256::hash(
      arrayRefFromStringRef(StringRef(ids.bytes.data(), ids.bytes.size())));
  record = "--classes=" + list.input + "=sha256:" + toHex(digest, true);
  return std::nullopt;
}
