// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The options `--shape`, `--bind` and `--noise` as they stand on a command line.
#include "frontends/onnx/Import.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;
using namespace visir;

/// A letter or an underscore, then also digits; no 'x', which separates.
static bool isSymbolName(StringRef text) {
  return !text.empty() && !isDigit(text.front()) &&
         all_of(text, [](char c) {
           return c != 'x' && (isAlnum(c) || c == '_');
         });
}

/// "3", "T<=128", "T", "P+T", "P+1".
static bool parseExtent(StringRef text, ShapeExtent &extent) {
  auto [sum, bound] = text.split("<=");
  bool isBounded = sum.size() != text.size();
  SmallVector<StringRef> terms;
  sum.split(terms, '+');
  for (StringRef term : terms) {
    int64_t number;
    if (!term.getAsInteger(10, number) && number >= 0 &&
        number <= int64_t(1) << 40)
      extent.value += number;
    else if (isSymbolName(term))
      extent.symbols.push_back(term.str());
    else
      return false;
  }
  if (!isBounded)
    return terms.size() == 1 || !extent.symbols.empty();
  return extent.symbols.size() == 1 && terms.size() == 1 &&
         !bound.getAsInteger(10, extent.max) && extent.max > 0;
}

/// "1x3x224x224"; an empty text is a scalar.
static bool parseExtents(StringRef text, std::vector<ShapeExtent> &extents) {
  if (text.empty())
    return true;
  SmallVector<StringRef> parts;
  text.split(parts, 'x');
  for (StringRef part : parts) {
    extents.emplace_back();
    if (!parseExtent(part, extents.back()))
      return false;
  }
  return true;
}

/// At the last '=' that is not part of "<=": names may hold '='.
static std::pair<StringRef, StringRef> splitName(StringRef text) {
  size_t at = text.size();
  do
    at = text.take_front(at).rfind('=');
  while (at != StringRef::npos && at > 0 && text[at - 1] == '<');
  if (at == StringRef::npos)
    return {"", text};
  return {text.take_front(at), text.drop_front(at + 1)};
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
      auto [name, value] = splitName(part);
      std::vector<ShapeExtent> extents;
      if (name.empty() || !parseExtents(value, extents))
        return ("--shape is '" + part +
                "', expected name=1x3x224x224, or T<=128 for a bounded "
                "dimension")
            .str();
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

std::string visir::parseNoise(StringRef text, ImportOptions &options) {
  auto [source, seed] = text.split(':');
  options.noise = StringSwitch<NoiseSource>(source)
                      .Case("frozen", NoiseSource::Frozen)
                      .Case("input", NoiseSource::Input)
                      .Case("counter", NoiseSource::Counter)
                      .Default(NoiseSource::None);
  bool hasSeed = source.size() != text.size();
  bool isSound = !hasSeed || (options.noise == NoiseSource::Frozen &&
                              !seed.getAsInteger(10, options.seed));
  if (options.noise == NoiseSource::None || !isSound)
    return ("--noise is '" + text +
            "', expected frozen, frozen:SEED, input or counter")
        .str();
  return "";
}
