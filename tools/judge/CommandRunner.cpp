// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/judge/CommandRunner.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <stdexcept>

using namespace mlir;
using namespace visir;
using visir::reference::Tensor;

using Tensors = SmallVector<Tensor>;

static std::string pathIn(StringRef folder, const Twine &name) {
  SmallString<128> path(folder);
  llvm::sys::path::append(path, name);
  return path.str().str();
}

static std::string readText(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

/// Runs the words as a command; throws with what it says when it fails.
static void execute(ArrayRef<std::string> words, StringRef folder) {
  auto program = llvm::sys::findProgramByName(words.front());
  if (!program)
    throw std::runtime_error("runner is " + words.front() +
                             ", expected a program");
  std::string log = pathIn(folder, "log");
  SmallVector<StringRef> arguments(words.begin(), words.end());
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log),
                                          StringRef(log)};
  std::string problem;
  int code = llvm::sys::ExecuteAndWait(*program, arguments, std::nullopt,
                                       redirects, /*SecondsToWait=*/0,
                                       /*MemoryLimit=*/0, &problem);
  if (code != 0)
    throw std::runtime_error("exit code of the runner is " +
                             std::to_string(code) + ": " + problem +
                             readText(log));
}

Tensors visir::runByCommand(StringRef command, const std::string &path,
                            func::FuncOp function, ArrayRef<Tensor> inputs,
                            unsigned threads) {
  SmallString<128> folder;
  if (llvm::sys::fs::createUniqueDirectory("visir", folder))
    throw std::runtime_error("temporary folder cannot be made");
  auto cleanUp = llvm::make_scope_exit(
      [&] { llvm::sys::fs::remove_directories(folder); });
  SmallVector<StringRef> parts;
  command.split(parts, ' ', -1, /*KeepEmpty=*/false);
  std::vector<std::string> words(parts.begin(), parts.end());
  words.insert(words.end(), {"run", path, "--raw", "--output",
                             folder.str().str(), "--threads",
                             std::to_string(threads)});
  for (auto [i, tensor] : llvm::enumerate(inputs)) {
    std::string file = pathIn(folder, "input" + Twine(i) + ".raw");
    SmallVector<char> bytes = tensor.toBytes();
    std::error_code code;
    llvm::raw_fd_ostream(file, code).write(bytes.data(), bytes.size());
    words.insert(words.end(), {"--input", std::to_string(i) + "=" + file});
  }
  execute(words, folder);
  Tensors results;
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    std::string name = resultName(function, i);
    std::replace(name.begin(), name.end(), '/', '_');
    std::string bytes = readText(pathIn(folder, name + ".raw"));
    auto tensor = cast<RankedTensorType>(type);
    size_t expected = Tensor(tensor).toBytes().size();
    if (bytes.size() != expected)
      throw std::runtime_error("size of output " + name + " is " +
                               std::to_string(bytes.size()) +
                               " bytes, expected " + std::to_string(expected));
    results.push_back(Tensor::fromBytes(tensor, bytes));
  }
  return results;
}
