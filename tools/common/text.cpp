// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/text.h"

#include <cstdarg>
#include <cstdio>

namespace visir::tools {

std::string format(const char *pattern, ...) {
  char text[512];
  va_list list;
  va_start(list, pattern);
  vsnprintf(text, sizeof(text), pattern, list);
  va_end(list);
  return text;
}

std::string shorten(const std::string &text, size_t most) {
  return text.size() <= most ? text : text.substr(0, most - 3) + "...";
}

} // namespace visir::tools
