// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes JSON to a string, for tools that must build without LLVM.
#ifndef VISIR_TOOLS_COMMON_JSON_H
#define VISIR_TOOLS_COMMON_JSON_H

#include <cstdint>
#include <string>

namespace visir::tools {

// Values follow keys in objects, or each other in arrays; the caller closes
// what it opens.
class JsonWriter {
public:
  JsonWriter &key(const std::string &name);
  void beginObject() { open('{'); }
  void endObject() { close('}'); }
  void beginArray() { open('['); }
  void endArray() { close(']'); }
  void value(const std::string &text);
  void value(const char *text) { value(std::string(text)); }
  void value(double number);
  void value(uint64_t number) { raw(std::to_string(number)); }
  void value(int64_t number) { raw(std::to_string(number)); }
  void value(uint32_t number) { raw(std::to_string(number)); }
  void value(bool truth) { raw(truth ? "true" : "false"); }

  template <typename T> void field(const std::string &name, const T &content) {
    key(name).value(content);
  }
  const std::string &text() const { return out; }

private:
  void open(char bracket);
  void close(char bracket);
  void raw(const std::string &text);
  void separate();

  std::string out;
  bool needsComma = false;
};

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_JSON_H
