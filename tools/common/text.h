// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TOOLS_COMMON_TEXT_H
#define VISIR_TOOLS_COMMON_TEXT_H

#include <cstddef>
#include <string>

namespace visir::tools {

// A line of a report, as printf makes it, of at most 511 characters.
std::string format(const char *pattern, ...)
    __attribute__((format(printf, 1, 2)));

// The text, with dots at the end if it is longer than `most`.
std::string shorten(const std::string &text, size_t most);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_TEXT_H
