// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Reproducer.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace visir;

void visir::writeReproducer(ModuleOp before, Phase phase,
                            const CompileOptions &options) {
  int descriptor;
  SmallString<128> path;
  // A reproducer is a favour: without room for it the error stands alone.
  if (llvm::sys::fs::createTemporaryFile("visir-reproducer", "mlir",
                                         descriptor, path))
    return;
  llvm::raw_fd_ostream out(descriptor, /*shouldClose=*/true);
  OpPrintingFlags flags;
  flags.enableDebugInfo(true, /*prettyForm=*/false);
  before.print(out, flags);
  out << "\n";
  Phase passed = static_cast<Phase>(static_cast<int>(phase) - 1);
  std::string command = ("visir compile " + path + " --from " +
                         phaseName(passed) + " --target " +
                         llvm::join(options.targets, ","))
                            .str();
  if (options.precision != Precision::Fp32)
    command += (" --precision " + precisionName(options.precision)).str();
  if (phase <= Phase::Fused)
    command += (" --to " + phaseName(phase)).str();
  emitRemark(UnknownLoc::get(before.getContext()))
      << "run the failing phase again: " << command;
}
