// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sizes that a model with bounded dimensions is compared at.
#ifndef VISIR_TOOLS_JUDGE_SIZES_H
#define VISIR_TOOLS_JUDGE_SIZES_H

#include "compiler/driver/Compile.h"

#include "llvm/ADT/StringRef.h"

#include <map>

namespace visir {

/// A value for each symbol of `--shape`.
using SymbolSizes = std::map<std::string, int64_t>;

/// Reads "T=17,P=3", all symbols of `shapes` within their bounds. Returns an
/// error text, or an empty string.
std::string parseSizes(llvm::StringRef text,
                       const std::vector<ShapeSet> &shapes,
                       SymbolSizes &sizes);

/// All symbols at 1, at half of their bounds, and at their bounds; nothing
/// without symbols.
std::vector<SymbolSizes> usualSizes(const std::vector<ShapeSet> &shapes);

/// The shapes with numbers for the symbols.
std::vector<ShapeSet> shapesAt(std::vector<ShapeSet> shapes,
                               const SymbolSizes &sizes);

/// "T=17, P=3"
std::string sizesText(const SymbolSizes &sizes);

} // namespace visir

#endif // VISIR_TOOLS_JUDGE_SIZES_H
