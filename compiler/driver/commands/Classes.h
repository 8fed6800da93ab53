// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_DRIVER_COMMANDS_CLASSES_H
#define VISIR_COMPILER_DRIVER_COMMANDS_CLASSES_H

#include <optional>
#include <string>
#include <vector>

namespace visir {

/// The classes of a model whose token ids are an input.
struct ClassList {
  std::string file, input = "ids", prompt = "a photo of a {}.";
};

/// Appends the shape and the value of the input as of --shape and --bind, and
/// sets what the artifact records. Returns an error text or nothing; the text
/// is empty where the tokenizer's module has told the error.
std::optional<std::string> bindClasses(const ClassList &list,
                                       std::vector<std::string> &shapes,
                                       std::vector<std::string> &bindings,
                                       std::string &record);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_COMMANDS_CLASSES_H
