// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of operators. It names every entry, so that the linker keeps the
// files that define them.
#include "frontends/onnx/Import.h"
#include "frontends/onnx/import/Node.h"

namespace visir::onnx {

#define VISIR_ONNX_ENTRY(opType, opset)                                        \
  extern const OpImport opImport_##opType##_##opset;
#include "Registry.inc"
#undef VISIR_ONNX_ENTRY

} // namespace visir::onnx

using namespace visir;
using namespace visir::onnx;

ArrayRef<OpImport> visir::onnx::opImports() {
  static const std::vector<OpImport> table = [] {
    std::vector<OpImport> entries = {
#define VISIR_ONNX_ENTRY(opType, opset) opImport_##opType##_##opset,
#include "Registry.inc"
#undef VISIR_ONNX_ENTRY
    };
    llvm::sort(entries, [](const OpImport &a, const OpImport &b) {
      int order = StringRef(a.opType).compare(b.opType);
      return order ? order < 0 : a.firstOpset < b.firstOpset;
    });
    return entries;
  }();
  return table;
}

const OpImport *visir::onnx::findOpImport(StringRef opType, int64_t opset) {
  const OpImport *best = nullptr;
  for (const OpImport &entry : opImports())
    if (opType == entry.opType && entry.firstOpset <= opset)
      best = &entry;
  return best;
}

std::vector<OnnxSupport> visir::onnxSupport() {
  std::vector<OnnxSupport> rows;
  for (const OpImport &entry : opImports())
    if (rows.empty() || rows.back().opType != entry.opType)
      rows.push_back({entry.opType, entry.firstOpset});
  return rows;
}
