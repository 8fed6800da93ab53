// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/judge/Sizes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;
using namespace visir;

/// The bounds of all symbols, 0 for one that has none.
static SymbolSizes boundsOf(const std::vector<ShapeSet> &shapes) {
  SymbolSizes bounds;
  for (const ShapeSet &set : shapes)
    for (const auto &[name, extents] : set.shapes)
      for (const ShapeExtent &extent : extents)
        for (const std::string &symbol : extent.symbols) {
          int64_t &bound = bounds[symbol];
          bound = std::max(bound, extent.max);
        }
  return bounds;
}

std::string visir::parseSizes(StringRef text,
                              const std::vector<ShapeSet> &shapes,
                              SymbolSizes &sizes) {
  SymbolSizes bounds = boundsOf(shapes);
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    auto [name, value] = part.split('=');
    auto bound = bounds.find(name.str());
    int64_t size = 0;
    if (bound == bounds.end() || value.getAsInteger(10, size))
      return ("--at is '" + text + "', expected a number for each symbol of " +
              "--shape, as T=17,P=3")
          .str();
    if (size < 1 || size > bound->second)
      return ("size of '" + name + "' in --at is " + value + ", expected 1.." +
              Twine(bound->second))
          .str();
    sizes[name.str()] = size;
  }
  for (const auto &[name, bound] : bounds)
    if (!sizes.count(name))
      return ("--at is '" + text + "', expected a size of '" + name + "', too")
          .str();
  return "";
}

std::vector<SymbolSizes>
visir::usualSizes(const std::vector<ShapeSet> &shapes) {
  std::vector<SymbolSizes> result;
  SymbolSizes largest = boundsOf(shapes), middle, smallest;
  for (const auto &[name, bound] : largest) {
    smallest[name] = 1;
    middle[name] = (bound + 1) / 2;
  }
  if (!largest.empty())
    for (const SymbolSizes &sizes : {smallest, middle, largest})
      if (!is_contained(result, sizes))
        result.push_back(sizes);
  return result;
}

std::vector<ShapeSet> visir::shapesAt(std::vector<ShapeSet> shapes,
                                      const SymbolSizes &sizes) {
  for (ShapeSet &set : shapes)
    for (auto &[name, extents] : set.shapes)
      for (ShapeExtent &extent : extents) {
        for (const std::string &symbol : extent.symbols)
          extent.value += sizes.at(symbol);
        extent.symbols.clear();
        extent.max = 0;
      }
  return shapes;
}

std::string visir::sizesText(const SymbolSizes &sizes) {
  std::string text;
  for (const auto &[name, size] : sizes)
    text += (text.empty() ? "" : ", ") + name + "=" + std::to_string(size);
  return text;
}
