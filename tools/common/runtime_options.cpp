// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/runtime_options.h"

#include "runtime/include/visir/runtime.h"

#include <cstdlib>
#include <cstring>

namespace visir::tools {
namespace {

// The words of a command line, with "--name=value" cut in two.
class Words {
public:
  Words(int count, const char *const *words) : words(words, words + count) {}

  bool next(std::string *word) {
    if (at == words.size())
      return false;
    *word = words[at++];
    size_t equals = word->find('=');
    hasInline = word->rfind("--", 0) == 0 && equals != std::string::npos;
    if (hasInline) {
      inlineValue = word->substr(equals + 1);
      word->resize(equals);
    }
    name = *word;
    return true;
  }

  std::string value() {
    if (hasInline) {
      hasInline = false;
      return inlineValue;
    }
    if (at == words.size())
      throw UsageError("value of " + name + " is missing, expected one");
    return words[at++];
  }

  // Refuses "--flag=value".
  void end() const {
    if (hasInline)
      throw UsageError("value of " + name + " is \"" + inlineValue +
                       "\", expected none");
  }

private:
  std::vector<std::string> words;
  size_t at = 0;
  std::string name, inlineValue;
  bool hasInline = false;
};

uint64_t parseCount(const std::string &option, const std::string &text,
                    uint64_t most) {
  char *end = nullptr;
  unsigned long long value = strtoull(text.c_str(), &end, 10);
  if (text.empty() || text[0] == '-' || *end != '\0' || value > most)
    throw UsageError("value of " + option + " is \"" + text +
                     "\", expected a number up to " + std::to_string(most));
  return value;
}

double parseSeconds(const std::string &text) {
  char *end = nullptr;
  double value = strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value > 0 && value <= 3600))
    throw UsageError("value of --seconds is \"" + text +
                     "\", expected a number in 0..3600");
  return value;
}

std::pair<std::string, std::string> parseInput(const std::string &text) {
  size_t equals = text.find('=');
  if (equals == std::string::npos)
    return {"0", text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

// Which commands take an option: their first letters.
struct OptionHelp {
  const char *name, *placeholder, *commands, *text;
};

constexpr OptionHelp kOptions[] = {
    {"--entry", "NAME", "rbpi", "entry point (default: the first)"},
    {"--entry", "NAME", "g",
     "entry point that takes the inputs (default: encode)"},
    {"--input", "[NAME=]FILE", "rbpg",
     ".npy file for an input, by name or index; a .raw\n"
     "file of its elements alone; or a JPEG or PNG\n"
     "picture, if the artifact says how to use it"},
    {"--random", "SEED", "rbp", "fill the other inputs from a seed"},
    {"--length", "NAME=SIZE", "rbp",
     "size of a bounded dimension in random inputs and\nstates (default: the largest; of states 0)"},
    {"--output", "FOLDER", "r", "write the outputs as .npy files"},
    {"--raw", "", "r", "write them as .raw files: elements, no header"},
    {"--threads", "N", "rbpcg", "threads of a run (default: all processors)"},
    {"--target", "NAME", "rbpicg", "program to use (default: the best)"},
    {"--device", "NAME", "rbpcg",
     "where to run: cpu, cuda, cuda:1, vulkan,\n"
     "vulkan:discrete, KIND:PART OF ITS NAME (default:\nthe best)"},
    {"--seconds", "S", "bp", "time to measure for (default: 1)"},
    {"--runs", "N", "bp", "runs to measure instead"},
    {"--top", "N", "r", "largest values of the first output to list"},
    {"--top", "N", "bp", "longest commands to list (default: all)"},
    {"--top", "N", "i", "largest constants to list (default: 10)"},
    {"--labels", "FILE", "r", "names of the values, one per line"},
    {"--calibrate", "", "b",
     "print the compiler's cost model beside each\ncommand's time, and their rank correlation"},
    {"--trace", "FILE", "bp", "write a trace for ui.perfetto.dev"},
    {"--html", "FILE", "bp",
     "write a page with timeline, roofline, memory plan\nand commands"},
    {"--html", "FILE", "i", "write a page with memory plan and commands"},
    {"--prompt", "IDS", "g", "tokens that the text begins with: 101,2003"},
    {"--end", "ID", "g", "token that ends a text"},
    {"--beams", "N", "g",
     "texts to follow at once (default: 1, the\nlikeliest token always)"},
    {"--max-length", "N", "g",
     "most tokens, prompt and end included (default: 20)"},
    {"--min-length", "N", "g", "no end before so many (default: 0)"},
    {"--length-penalty", "X", "g",
     "a score is a sum over the length to this power\n(default: 1)"},
    {"--repetition-penalty", "X", "g",
     "above 1: tokens that occurred are less likely"},
    {"--early-stopping", "", "g",
     "stop when as many texts ended as there are beams"},
    {"--vocabulary", "FILE", "g",
     "words of the tokens, one per line, \"##\" in front of\nwhat goes on with the word before; without it ids\nare printed"},
    {"--full", "", "rbpcg", "check the digests of constants, too"},
    {"--self-test", "WHEN", "rbpcg",
     "when a Vulkan device is judged by the artifact's\nresults: first (use; the default), always or never"},
    {"--copy-code", "", "rbpg", "load the code to fresh pages"},
    {"--copy-constants", "", "rbpg", "load the constants to memory"},
    {"--json", "", "rbpivcg", "print JSON"},
};

bool isTakenBy(const OptionHelp &option, const char *command) {
  return !command || strchr(option.commands, command[0]);
}

// Refuses an option that is unknown or that the command does not take.
void checkOption(const std::string &word, const char *command) {
  for (const OptionHelp &option : kOptions)
    if (word == option.name && isTakenBy(option, command))
      return;
  throw UsageError("option is " + word + ", expected one that --help lists");
}

std::pair<std::string, int64_t> parseLength(const std::string &text) {
  size_t equals = text.find('=');
  if (equals == std::string::npos)
    throw UsageError("value of --length is \"" + text +
                     "\", expected NAME=SIZE");
  return {text.substr(0, equals),
          static_cast<int64_t>(
              parseCount("--length", text.substr(equals + 1), UINT32_MAX))};
}

bool parseFlag(const std::string &word, RuntimeOptions *options) {
  if (word == "--json")
    options->json = true;
  else if (word == "--raw")
    options->raw = true;
  else if (word == "--calibrate")
    options->calibrate = true;
  else if (word == "--early-stopping")
    options->earlyStopping = true;
  else if (word == "--full")
    options->full = true;
  else if (word == "--copy-code")
    options->flags |= VISIR_MODULE_COPY_CODE;
  else if (word == "--copy-constants")
    options->flags |= VISIR_MODULE_COPY_CONSTANTS;
  else
    return false;
  return true;
}

float parseFactor(const std::string &option, const std::string &text) {
  char *end = nullptr;
  float value = strtof(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value >= 0 && value <= 1000))
    throw UsageError("value of " + option + " is \"" + text +
                     "\", expected a number in 0..1000");
  return value;
}

std::vector<int64_t> parseTokens(const std::string &text) {
  std::vector<int64_t> tokens;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = text.find(',', begin);
    end = end == std::string::npos ? text.size() : end;
    tokens.push_back(static_cast<int64_t>(
        parseCount("--prompt", text.substr(begin, end - begin), INT64_MAX)));
    begin = end + 1;
  }
  return tokens;
}

bool parseGeneration(const std::string &word, Words &words,
                     RuntimeOptions *options) {
  auto count = [&](uint64_t most) {
    return parseCount(word, words.value(), most);
  };
  if (word == "--prompt")
    options->prompt = parseTokens(words.value());
  else if (word == "--end")
    options->end = static_cast<int64_t>(count(INT64_MAX));
  else if (word == "--beams")
    options->beams = static_cast<uint32_t>(count(UINT32_MAX));
  else if (word == "--max-length")
    options->maxLength = static_cast<uint32_t>(count(1 << 20));
  else if (word == "--min-length")
    options->minLength = static_cast<uint32_t>(count(1 << 20));
  else if (word == "--length-penalty")
    options->lengthPenalty = parseFactor(word, words.value());
  else if (word == "--repetition-penalty")
    options->repetitionPenalty = parseFactor(word, words.value());
  else if (word == "--vocabulary")
    options->vocabulary = words.value();
  else
    return false;
  return true;
}

uint32_t parseSelfTest(const std::string &text) {
  if (text == "first")
    return 0;
  if (text == "always")
    return VISIR_MODULE_SELF_TEST;
  if (text == "never")
    return VISIR_MODULE_NO_SELF_TEST;
  throw UsageError("value of --self-test is \"" + text +
                   "\", expected first, always or never");
}

void parseValued(const std::string &word, Words &words,
                 RuntimeOptions *options) {
  if (word == "--entry")
    options->entry = words.value();
  else if (word == "--target")
    options->target = words.value();
  else if (word == "--device")
    options->device = words.value();
  else if (word == "--self-test")
    options->flags |= parseSelfTest(words.value());
  else if (word == "--threads")
    options->threads =
        static_cast<uint32_t>(parseCount(word, words.value(), 1024));
  else if (word == "--input")
    options->inputs.push_back(parseInput(words.value()));
  else if (word == "--length")
    options->lengths.push_back(parseLength(words.value()));
  else if (word == "--output")
    options->outputFolder = words.value();
  else if (word == "--random") {
    options->random = true;
    options->seed = parseCount(word, words.value(), UINT64_MAX);
  } else if (word == "--seconds")
    options->seconds = parseSeconds(words.value());
  else if (word == "--runs")
    options->runs = parseCount(word, words.value(), 1000000000);
  else if (word == "--top")
    options->top =
        static_cast<uint32_t>(parseCount(word, words.value(), UINT32_MAX));
  else if (word == "--labels")
    options->labels = words.value();
  else if (word == "--trace")
    options->trace = words.value();
  else if (word == "--html")
    options->html = words.value();
}

} // namespace

RuntimeOptions parseRuntimeOptions(int count, const char *const *arguments,
                                   const char *command) {
  RuntimeOptions options;
  Words words(count, arguments);
  for (std::string word; words.next(&word);) {
    if (word.rfind("-", 0) == 0) {
      checkOption(word, command);
      if (!parseFlag(word, &options) &&
          !parseGeneration(word, words, &options))
        parseValued(word, words, &options);
      words.end();
      continue;
    }
    if (!options.artifact.empty())
      throw UsageError("second artifact is \"" + word + "\", expected one");
    options.artifact = word;
  }
  if (options.artifact.empty())
    throw UsageError("artifact is missing, expected a .visir file");
  return options;
}

bool asksForHelp(int count, const char *const *words) {
  for (int i = 0; i < count; ++i)
    if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0)
      return true;
  return false;
}

std::string runtimeOptionsHelp(const char *command) {
  constexpr size_t kColumn = 22;
  std::string text;
  for (const OptionHelp &option : kOptions) {
    if (!isTakenBy(option, command))
      continue;
    std::string left = std::string("  ") + option.name +
                       (*option.placeholder ? " " : "") + option.placeholder;
    bool fits = left.size() < kColumn;
    text += left + (fits ? "" : "\n") +
            std::string(kColumn - (fits ? left.size() : 0), ' ');
    for (const char *c = option.text; *c; ++c)
      text += *c == '\n' ? "\n" + std::string(kColumn, ' ')
                         : std::string(1, *c);
    text += "\n";
  }
  return text;
}

} // namespace visir::tools
