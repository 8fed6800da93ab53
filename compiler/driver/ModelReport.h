// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the common phases make of a model: what was recognised and what nearly
// was, and how much is read, written and multiplied before and after.
#ifndef VISIR_COMPILER_DRIVER_MODELREPORT_H
#define VISIR_COMPILER_DRIVER_MODELREPORT_H

#include "compiler/analysis/Work.h"
#include "compiler/driver/Diagnostics.h"

#include "llvm/Support/JSON.h"

#include <map>

namespace visir {

/// What a graph op or a dispatch is called in reports: "conv", "add",
/// "contract".
std::string kindName(mlir::Operation *op);

/// How many there are of each kind.
using Kinds = std::map<std::string, int64_t>;

struct EntryReport {
  std::string name;
  Work before, after; ///< of the phases `canonical` and `fused`
  Kinds ops, dispatches;
};

/// What rewrites say alike of one or more places.
struct Finding {
  std::string rewrite; ///< empty for other remarks
  std::string text;
  std::vector<std::string> places; ///< ONNX nodes
};

struct ModelReport {
  std::vector<EntryReport> entries;
  std::vector<Finding> recognised, missed, remarks;
};

/// Of a module after the phase `canonical`, the same after `fused`, and the
/// messages between.
ModelReport reportOf(mlir::ModuleOp before, mlir::ModuleOp after,
                     llvm::ArrayRef<Message> messages);

std::string reportText(const ModelReport &report);
llvm::json::Value reportJson(const ModelReport &report);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_MODELREPORT_H
