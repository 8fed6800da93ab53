// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/json.h"

#include <cmath>
#include <cstdio>

namespace visir::tools {
namespace {

std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (char c : text) {
    unsigned char byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20) {
      char escape[8];
      snprintf(escape, sizeof(escape), "\\u%04x", byte);
      result += escape;
    } else {
      result += c;
    }
  }
  return result + "\"";
}

} // namespace

void JsonWriter::separate() {
  if (needsComma)
    out += ',';
  needsComma = true;
}

void JsonWriter::open(char bracket) {
  separate();
  out += bracket;
  needsComma = false;
}

void JsonWriter::close(char bracket) {
  out += bracket;
  needsComma = true;
}

void JsonWriter::raw(const std::string &text) {
  separate();
  out += text;
}

JsonWriter &JsonWriter::key(const std::string &name) {
  separate();
  out += quoted(name) + ":";
  needsComma = false;
  return *this;
}

void JsonWriter::value(const std::string &text) { raw(quoted(text)); }

void JsonWriter::value(double number) {
  // JSON has no infinities.
  if (!std::isfinite(number))
    return raw("null");
  char text[32];
  snprintf(text, sizeof(text), "%.9g", number);
  raw(text);
}

} // namespace visir::tools
