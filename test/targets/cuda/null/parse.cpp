// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ptx.h"

#include <cctype>
#include <cstdlib>
#include <cstring>

namespace visir::null {
namespace {

using Words = std::vector<std::string>;

std::string trim(const std::string &text) {
  size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos)
    return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

Words split(const std::string &text, char at) {
  Words parts;
  size_t begin = 0, depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && (text[i] == '{' || text[i] == '['))
      ++depth;
    if (i < text.size() && (text[i] == '}' || text[i] == ']'))
      --depth;
    if (i == text.size() || (text[i] == at && depth == 0)) {
      parts.push_back(trim(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  return parts;
}

// Bytes of a type such as b32 or f64; 0 for a predicate, -1 for no type.
int typeBytes(const std::string &type) {
  if (type == "pred")
    return 0;
  if (type == "f16x2" || type == "bf16x2")
    return 4;
  if (type == "bf16")
    return 2;
  size_t digits = type.find_first_of("0123456789");
  if (digits != 1 || !strchr("busf", type[0]))
    return -1;
  int bits = atoi(type.c_str() + 1);
  bool whole = bits >= 8 && bits <= 64 && (bits & (bits - 1)) == 0 &&
               type.size() == 1 + std::to_string(bits).size();
  return whole ? bits / 8 : -1;
}

// Names that change nothing here: rounding to nearest is the host's, flushed
// denormals and approximations are within the tolerances of the tests.
bool isIgnored(const std::string &word) {
  static const char *const kWords[] = {"rn",   "ftz",      "lo",   "approx",
                                       "full", "uni",      "wrap", "relaxed",
                                       "gpu",  "volatile", "weak"};
  for (const char *ignored : kWords)
    if (word == ignored)
      return true;
  return false;
}

// A shared variable: of the module, laid out by each kernel that names it.
struct Shared {
  uint32_t alignment, bytes;
};
using SharedMap = std::map<std::string, Shared>;

// .shared .align 16 .b8 name[4096]; dynamic memory has no extent.
bool readShared(const std::string &text, SharedMap &map) {
  size_t align = text.find(".align ");
  size_t open = text.find('[');
  if (open == std::string::npos)
    return false;
  size_t begin = text.find_last_of(" \t", open) + 1;
  map[text.substr(begin, open - begin)] = {
      align == std::string::npos
          ? 16
          : static_cast<uint32_t>(atoi(text.c_str() + align + 7)),
      static_cast<uint32_t>(atoi(text.c_str() + open + 1))};
  return true;
}

class KernelParser {
public:
  KernelParser(Kernel &kernel, SharedMap shared,
               std::map<std::string, uint32_t> params)
      : kernel(kernel), shared(std::move(shared)), params(std::move(params)) {
    kernel.registerBytes = 64;
    for (uint32_t &special : kernel.special)
      special = take(4);
  }

  void statement(const std::string &text, uint32_t line);
  void label(const std::string &name) {
    labels[name] = static_cast<uint32_t>(kernel.code.size());
  }
  void finish();
  std::string failure;

private:
  struct Register {
    uint32_t at, width;
  };

  uint32_t take(uint32_t width) {
    uint32_t at = kernel.registerBytes;
    uint32_t bytes = width ? width * kLanes : 64;
    kernel.registerBytes += (bytes + 63) / 64 * 64;
    return at;
  }
  uint32_t preset(uint64_t value, uint32_t width) {
    auto [it, isNew] = constants.try_emplace({value, width}, 0);
    if (isNew) {
      it->second = take(width);
      kernel.presets.push_back({it->second, width, value});
    }
    return it->second;
  }
  void declare(const std::string &text);
  Operand operand(const std::string &text, uint32_t width);
  Operand address(const std::string &text);
  bool immediate(const std::string &text, uint64_t *value);
  void instruction(const std::string &text, uint32_t line);
  void memoryShape(Instruction &made, const Words &words);
  void refuse(const std::string &what) {
    if (failure.empty())
      failure = what;
  }

  Kernel &kernel;
  uint32_t sink = 0; // a register that nobody reads; 0: none yet
  SharedMap shared;
  std::map<std::string, uint64_t> symbols; // shared variables' addresses
  std::map<std::string, uint32_t> params;
  std::map<std::string, Register> registers;
  std::map<std::pair<uint64_t, uint32_t>, uint32_t> constants;
  std::map<std::string, uint32_t> labels;
  std::vector<std::pair<size_t, std::string>> branches;
};

void KernelParser::declare(const std::string &text) {
  // .reg .b32 %r<30>
  Words words = split(text, ' ');
  std::string type, name;
  for (const std::string &part : split(text, '\t'))
    for (const std::string &word : split(part, ' ')) {
      if (word.empty() || word == ".reg")
        continue;
      (word[0] == '.' ? type : name) += word;
    }
  int width = typeBytes(type.substr(1));
  if (width < 0)
    return refuse("type of a register is " + type);
  size_t open = name.find('<');
  if (open == std::string::npos) {
    registers[name] = {take(width), uint32_t(width)};
    return;
  }
  int count = atoi(name.c_str() + open + 1);
  for (int i = 0; i < count; ++i)
    registers[name.substr(0, open) + std::to_string(i)] = {take(width),
                                                           uint32_t(width)};
}

bool KernelParser::immediate(const std::string &text, uint64_t *value) {
  if (text.empty())
    return false;
  if (text.size() > 2 && text[0] == '0' &&
      (text[1] == 'f' || text[1] == 'F' || text[1] == 'd' || text[1] == 'D')) {
    *value = strtoull(text.c_str() + 2, nullptr, 16);
    return true;
  }
  auto known = shared.find(text);
  if (known != shared.end()) {
    auto [found, isNew] = symbols.try_emplace(text, 0);
    if (isNew) {
      auto [alignment, bytes] = known->second;
      found->second = (kernel.sharedBytes + alignment - 1) / alignment *
                      uint64_t(alignment);
      kernel.sharedBytes = static_cast<uint32_t>(found->second) + bytes;
      kernel.hasDynamicShared |= bytes == 0;
    }
    *value = found->second;
    return true;
  }
  char *end = nullptr;
  *value = text[0] == '-'
               ? static_cast<uint64_t>(strtoll(text.c_str(), &end, 0))
               : strtoull(text.c_str(), &end, 0);
  return end && (*end == '\0' || strcmp(end, "U") == 0);
}

Operand KernelParser::operand(const std::string &text, uint32_t width) {
  static const std::map<std::string, Special> kNames = {
      {"%tid.x", kTidX},     {"%tid.y", kTidY},       {"%tid.z", kTidZ},
      {"%ctaid.x", kCtaidX}, {"%ntid.x", kNtidX},     {"%ntid.y", kNtidY},
      {"%ntid.z", kNtidZ},   {"%nctaid.x", kNctaidX}, {"%laneid", kLaneId}};
  Operand made;
  if (text[0] == '{') {
    for (const std::string &part :
         split(text.substr(1, text.size() - 2), ',')) {
      Operand one = operand(part, width);
      made.list.push_back(one.at);
      if (part != "_")
        made.width = one.width;
    }
    return made;
  }
  size_t bar = text.find('|');
  if (bar != std::string::npos) {
    made = operand(trim(text.substr(0, bar)), width);
    made.list.push_back(operand(trim(text.substr(bar + 1)), 0).at);
    return made;
  }
  auto found = registers.find(text);
  if (found != registers.end()) {
    made.at = found->second.at;
    made.width = found->second.width;
    return made;
  }
  auto special = kNames.find(text);
  if (special != kNames.end()) {
    made.at = kernel.special[special->second];
    made.width = 4;
    return made;
  }
  if (text == "_") { // takes what is not wanted
    if (sink == 0)
      sink = take(8);
    made.at = sink;
    made.width = width;
    return made;
  }
  uint64_t value;
  if (!immediate(text, &value))
    refuse("operand is " + text);
  made.offset = static_cast<int64_t>(value);
  made.at = preset(value, width);
  made.width = width;
  return made;
}

Operand KernelParser::address(const std::string &text) {
  std::string inner = trim(text.substr(1, text.size() - 2));
  size_t plus = inner.find_first_of("+-", 1);
  int64_t offset = 0;
  if (plus != std::string::npos) {
    offset = strtoll(inner.c_str() + plus + (inner[plus] == '+'), nullptr, 0);
    inner = trim(inner.substr(0, plus));
  }
  auto param = params.find(inner);
  Operand made;
  if (param != params.end()) {
    made.width = 8;
    made.at = preset(0, 8);
    offset += param->second;
  } else {
    made = operand(inner, 8);
  }
  made.offset = offset;
  return made;
}

// The elements of a load or a store.
void KernelParser::memoryShape(Instruction &made, const Words &words) {
  for (const std::string &word : words) {
    if (word == "v2" || word == "v4" || word == "v8")
      made.elements = static_cast<uint32_t>(word[1] - '0');
    if (typeBytes(word) > 0) {
      made.elementBytes = static_cast<uint32_t>(typeBytes(word));
      made.isSigned = word[0] == 's';
    }
  }
}

// The bytes of an operand that is an immediate.
uint32_t immediateWidth(const std::string &base, bool wide, int bytes,
                        uint32_t index) {
  bool isShift = base == "shl" || base == "shr";
  if ((isShift && index == 2) || (base == "bfe" && index >= 2) ||
      (base == "bfi" && index >= 3))
    return 4;
  if (wide && index == 3)
    return static_cast<uint32_t>(2 * bytes);
  return static_cast<uint32_t>(bytes < 0 ? 4 : bytes);
}

void KernelParser::instruction(const std::string &text, uint32_t line) {
  Instruction made;
  made.line = line;
  std::string rest = text;
  if (rest[0] == '@') {
    size_t end = rest.find_first_of(" \t");
    made.hasGuard = true;
    made.guardNegated = rest[1] == '!';
    std::string guard = rest.substr(made.guardNegated ? 2 : 1,
                                    end - (made.guardNegated ? 2 : 1));
    made.guard = operand(guard, 0).at;
    rest = trim(rest.substr(end));
  }
  size_t end = rest.find_first_of(" \t");
  std::string opcode = rest.substr(0, end);
  rest = end == std::string::npos ? "" : trim(rest.substr(end));
  Words words = split(opcode, '.');
  std::string key = words[0];
  for (size_t i = 1; i < words.size(); ++i)
    if (!isIgnored(words[i]))
      key += "." + words[i];
  const std::string &base = words[0];
  if (base == "bra") {
    made.flow = Flow::branch;
    branches.push_back({kernel.code.size(), rest});
  } else if (base == "ret" || base == "exit") {
    made.flow = Flow::exit;
  } else if (key.rfind("bar.sync", 0) == 0 ||
             key.rfind("barrier.sync", 0) == 0 ||
             key.rfind("barrier.cta.sync", 0) == 0) {
    made.flow = Flow::barrier;
  } else {
    bool isMemory = base == "ld" || base == "st";
    if (isMemory) {
      memoryShape(made, words);
      key = base + "." + (words.size() > 1 ? words[1] : "");
    }
    made.execute = findExecute(key);
    if (!made.execute)
      return refuse("instruction is " + opcode);
    int bytes = typeBytes(words.back());
    bool wide = words.size() > 1 && words[1] == "wide";
    for (const std::string &part : split(rest, ',')) {
      if (part.empty())
        continue;
      if (made.operandCount == 6)
        return refuse("instruction has too many operands: " + text);
      uint32_t index = made.operandCount++;
      made.operands[index] =
          part[0] == '['
              ? address(part)
              : operand(part, immediateWidth(base, wide, bytes, index));
    }
  }
  kernel.code.push_back(std::move(made));
}

void KernelParser::statement(const std::string &text, uint32_t line) {
  if (text.rfind(".reg", 0) == 0)
    declare(text);
  else if (text.rfind(".shared", 0) == 0)
    readShared(text, shared) ? void() : refuse("shared variable is " + text);
  else if (text.rfind(".pragma", 0) == 0 || text.rfind(".loc", 0) == 0)
    return;
  else if (text[0] == '.')
    refuse("directive is " + text);
  else
    instruction(text, line);
}

void KernelParser::finish() {
  Instruction last;
  last.flow = Flow::exit;
  kernel.code.push_back(last);
  for (auto &[at, name] : branches) {
    auto found = labels.find(name);
    if (found == labels.end())
      return refuse("label is " + name);
    kernel.code[at].target = found->second;
  }
}

// Splits the text into statements.
class Reader {
public:
  Reader(const char *text, std::string *reason) : text(text), reason(reason) {}

  std::unique_ptr<Program> read();

private:
  bool next(std::string *statement, char *end);
  bool readKernel(const std::string &head);
  void addParameters(const std::string &list, Kernel &kernel);
  bool refuse(const std::string &what) {
    if (reason->empty())
      *reason = what;
    return false;
  }

  const char *text;
  std::string *reason;
  uint32_t line = 1;
  SharedMap shared;
  std::map<std::string, uint32_t> params;
  std::unique_ptr<Program> program = std::make_unique<Program>();
};

// Up to the next ; or : or brace of a block, without comments.
bool Reader::next(std::string *statement, char *end) {
  statement->clear();
  uint32_t depth = 0;
  for (; *text; ++text) {
    if (text[0] == '/' && text[1] == '/')
      text += strcspn(text, "\n");
    if (!*text)
      break;
    line += *text == '\n';
    bool isList =
        !statement->empty() && trim(*statement) != "" && (*statement)[0] != '.';
    if (*text == '{' && isList)
      ++depth;
    else if (*text == '}' && depth) {
      --depth;
      *statement += *text;
      continue;
    }
    bool isLabel = *text == ':' && text[1] != ':' &&
                   (statement->empty() || statement->back() != ':');
    if (depth == 0 &&
        (*text == ';' || isLabel || *text == '{' || *text == '}')) {
      *end = *text++;
      *statement = trim(*statement);
      return true;
    }
    if (!statement->empty() || !isspace(static_cast<unsigned char>(*text)))
      *statement += *text == '\n' ? ' ' : *text;
    // Directives of the file end with their line.
    if (*text == '\n' && (statement->rfind(".version", 0) == 0 ||
                          statement->rfind(".target", 0) == 0 ||
                          statement->rfind(".address_size", 0) == 0)) {
      *end = '\n';
      ++text;
      *statement = trim(*statement);
      return true;
    }
  }
  return false;
}

void Reader::addParameters(const std::string &list, Kernel &kernel) {
  for (const std::string &part : split(list, ',')) {
    if (part.empty())
      continue;
    uint32_t bytes = 8;
    for (const std::string &word : split(part, ' '))
      if (word.size() > 2 && word[0] == '.' && typeBytes(word.substr(1)) > 0)
        bytes = static_cast<uint32_t>(typeBytes(word.substr(1)));
    uint32_t at = (kernel.parameterBytes + bytes - 1) / bytes * bytes;
    params[part.substr(part.find_last_of(" \t") + 1)] = at;
    kernel.parameters.push_back({at, bytes});
    kernel.parameterBytes = at + bytes;
  }
}

bool Reader::readKernel(const std::string &head) {
  size_t open = head.find('('), close = head.rfind(')');
  size_t entry = head.find(".entry");
  if (open == std::string::npos || close == std::string::npos)
    return refuse("kernel has no parameters: " + head);
  Kernel kernel;
  kernel.name = trim(head.substr(entry + 6, open - entry - 6));
  params.clear();
  addParameters(head.substr(open + 1, close - open - 1), kernel);
  size_t most = head.find(".maxntid");
  if (most != std::string::npos) {
    kernel.maxThreads = 1;
    for (const std::string &part : split(head.substr(most + 8), ','))
      kernel.maxThreads *= static_cast<uint32_t>(atoi(part.c_str()));
  }
  KernelParser parser(kernel, shared, params);
  std::string statement;
  char end = 0;
  // Blocks inside have registers of their own, which only hide others' names.
  uint32_t depth = 0;
  while (next(&statement, &end)) {
    if (end == ':')
      parser.label(statement);
    else if (!statement.empty())
      parser.statement(statement, line);
    if (end == '}' && depth-- == 0)
      break;
    depth += end == '{';
  }
  parser.finish();
  if (!parser.failure.empty())
    return refuse(kernel.name + ": " + parser.failure);
  program->kernels[kernel.name] = std::move(kernel);
  return true;
}

std::unique_ptr<Program> Reader::read() {
  std::string statement;
  char end = 0;
  while (next(&statement, &end)) {
    size_t target = statement.find(".target sm_");
    if (target != std::string::npos)
      program->architecture = atoi(statement.c_str() + target + 11);
    else if (statement.find(".entry") != std::string::npos && end == '{') {
      if (!readKernel(statement))
        return nullptr;
    } else if (statement.find(".shared") != std::string::npos &&
               !readShared(statement, shared)) {
      refuse("shared variable is " + statement);
      return nullptr;
    }
  }
  if (program->architecture == 0 || program->kernels.empty()) {
    refuse("text has no target or no kernel");
    return nullptr;
  }
  return std::move(program);
}

} // namespace

std::unique_ptr<Program> parse(const char *text, std::string *reason) {
  return Reader(text, reason).read();
}

} // namespace visir::null
