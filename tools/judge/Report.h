// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a comparison found, for people and as JSON.
#ifndef VISIR_TOOLS_JUDGE_REPORT_H
#define VISIR_TOOLS_JUDGE_REPORT_H

#include "compiler/driver/Compare.h"
#include "tools/judge/Sizes.h"

#include "llvm/Support/JSON.h"

namespace visir {

struct Report {
  std::string model, target, against;
  std::string folder; ///< of the reduced part
  const Comparison &comparison;
  const std::optional<FirstDifference> &first;
  const std::optional<llvm::SmallVector<mlir::Operation *>> &reduced;
  SymbolSizes sizes = {}; ///< of bounded dimensions
};

/// All of it on standard output.
void printText(const Report &report);
void printJson(const Report &report);
llvm::json::Object toJson(const Report &report);

/// The line that names the first node, and the one that tells of a reduced
/// part.
void printFirst(const FirstDifference &first);
void printReduced(llvm::ArrayRef<mlir::Operation *> ops,
                  llvm::StringRef folder);

} // namespace visir

#endif // VISIR_TOOLS_JUDGE_REPORT_H
