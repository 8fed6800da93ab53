// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The options `--shape` and `--bind` as they stand on a command line.
#include "frontends/onnx/Import.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;
using namespace visir;

/// "1x3x224x224"; an empty text is a scalar.
static bool parseExtents(StringRef text, std::vector<int64_t> &extents) {
  if (text.empty())
    return true;
  SmallVector<StringRef> parts;
  text.split(parts, 'x');
  for (StringRef part : parts) {
    int64_t extent;
    if (part.getAsInteger(10, extent) || extent < 0)
      return false;
    extents.push_back(extent);
  }
  return true;
}

static bool hasName(const ShapeSet &set, StringRef name) {
  return any_of(set.shapes, [&](auto &entry) { return entry.first == name; });
}

std::string visir::parseShapes(ArrayRef<std::string> texts,
                               std::vector<ShapeSet> &sets) {
  for (StringRef text : texts) {
    SmallVector<StringRef> parts;
    text.split(parts, ',');
    for (StringRef part : parts) {
      // Names may hold '=', extents do not.
      auto [name, value] = part.rsplit('=');
      std::vector<int64_t> extents;
      if (!part.contains('=') || name.empty() || !parseExtents(value, extents))
        return ("--shape is '" + part + "', expected name=1x3x224x224").str();
      if (sets.empty() || hasName(sets.back(), name))
        sets.emplace_back();
      sets.back().shapes.emplace_back(name.str(), std::move(extents));
    }
  }
  return "";
}

std::string visir::parseBindings(
    ArrayRef<std::string> texts,
    std::vector<std::pair<std::string, std::string>> &bindings) {
  for (StringRef text : texts) {
    auto [name, value] = text.split('=');
    if (name.empty() || !text.contains('='))
      return ("--bind is '" + text + "', expected name=value").str();
    bindings.emplace_back(name.str(), value.trim().str());
  }
  return "";
}
