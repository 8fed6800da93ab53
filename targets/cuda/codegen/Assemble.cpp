// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/codegen/CudaKernel.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace visir;
using namespace visir::cuda;
using llvm::StringRef;

std::string cuda::findPtxas() {
  if (auto found = llvm::sys::findProgramByName("ptxas"))
    return *found;
  if (auto home = llvm::sys::Process::GetEnv("CUDA_HOME")) {
    llvm::SmallString<128> path(*home);
    llvm::sys::path::append(path, "bin", "ptxas");
    if (llvm::sys::fs::can_execute(path))
      return path.str().str();
  }
  return "";
}

namespace {

/// A temporary file that goes away.
struct Temporary {
  explicit Temporary(StringRef suffix) {
    error = llvm::sys::fs::createTemporaryFile("visir", suffix, path);
    remover.setFile(path);
  }
  llvm::SmallString<128> path;
  std::error_code error;
  llvm::FileRemover remover;
};

} // namespace

static StringRef contents(const std::unique_ptr<llvm::MemoryBuffer> &buffer) {
  return buffer->getBuffer();
}

llvm::Expected<std::vector<char>>
cuda::assemble(StringRef ptxas, StringRef ptx, const Arch &arch) {
  Temporary source("ptx"), object("cubin"), log("log");
  for (const Temporary *file : {&source, &object, &log})
    if (file->error)
      return llvm::createStringError("temporary file cannot be made: " +
                                     file->error.message());
  {
    std::error_code error;
    llvm::raw_fd_ostream stream(source.path, error);
    stream << ptx;
  }
  StringRef arguments[] = {ptxas,  "-arch", arch.name,
                           "-o",   object.path, source.path};
  std::optional<StringRef> outputs[] = {StringRef(), StringRef(log.path),
                                        StringRef(log.path)};
  int status =
      llvm::sys::ExecuteAndWait(ptxas, arguments, std::nullopt, outputs);
  if (status != 0) {
    auto text = llvm::MemoryBuffer::getFile(log.path);
    return llvm::createStringError(
        "ptxas fails: " + (text ? contents(*text).rtrim() : StringRef()));
  }
  auto bytes = llvm::MemoryBuffer::getFile(object.path);
  if (!bytes)
    return llvm::createStringError("output of ptxas cannot be read: " +
                                   bytes.getError().message());
  StringRef made = contents(*bytes);
  return std::vector<char>(made.begin(), made.end());
}
