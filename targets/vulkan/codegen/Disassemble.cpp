// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/codegen/VulkanKernel.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

using namespace visir;

std::string vulkan::findDisassembler() {
  auto path = llvm::sys::findProgramByName("spirv-dis");
  return path ? *path : "";
}

llvm::Expected<std::string>
vulkan::disassemble(llvm::StringRef disassembler,
                    llvm::ArrayRef<uint32_t> words) {
  llvm::SmallString<128> input, output;
  int descriptor;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile(
          "visir", "spv", descriptor, input))
    return llvm::createStringError(error, "temporary file cannot be made");
  llvm::FileRemover removeInput(input);
  {
    llvm::raw_fd_ostream file(descriptor, /*shouldClose=*/true);
    file.write(reinterpret_cast<const char *>(words.data()),
               words.size() * sizeof(uint32_t));
  }
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("visir", "spvasm", output))
    return llvm::createStringError(error, "temporary file cannot be made");
  llvm::FileRemover removeOutput(output);
  std::string message;
  int exit = llvm::sys::ExecuteAndWait(
      disassembler, {disassembler, input, "-o", output}, std::nullopt, {}, 0, 0,
      &message);
  if (exit != 0)
    return llvm::createStringError("spirv-dis exits with %d, expected 0",
                                   exit);
  auto text = llvm::MemoryBuffer::getFile(output);
  if (!text)
    return llvm::createStringError(text.getError(),
                                   "text of spirv-dis cannot be read");
  return (*text)->getBuffer().str();
}
