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

bool parseFlag(const std::string &word, RuntimeOptions *options) {
  if (word == "--json")
    options->json = true;
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

bool parseValued(const std::string &word, Words &words,
                 RuntimeOptions *options) {
  if (word == "--entry")
    options->entry = words.value();
  else if (word == "--target")
    options->target = words.value();
  else if (word == "--device")
    options->device = words.value();
  else if (word == "--threads")
    options->threads =
        static_cast<uint32_t>(parseCount(word, words.value(), 1024));
  else if (word == "--input")
    options->inputs.push_back(parseInput(words.value()));
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
  else
    return false;
  return true;
}

} // namespace

RuntimeOptions parseRuntimeOptions(int count, const char *const *arguments) {
  RuntimeOptions options;
  Words words(count, arguments);
  for (std::string word; words.next(&word);) {
    if (parseFlag(word, &options) || parseValued(word, words, &options)) {
      words.end();
      continue;
    }
    if (word.rfind("-", 0) == 0)
      throw UsageError("option is " + word +
                       ", expected one that --help "
                       "lists");
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

const char *runtimeOptionsHelp() {
  return "  --entry NAME        entry point (default: the first)\n"
         "  --input [NAME=]FILE .npy file for an input, by name or index; or "
         "a\n"
         "                      JPEG or PNG picture, if the artifact says how\n"
         "                      to use it\n"
         "  --random SEED       fill the other inputs from a seed\n"
         "  --output FOLDER     write the outputs as .npy files\n"
         "  --threads N         threads of a run (default: all processors)\n"
         "  --target NAME       program to use (default: the best)\n"
         "  --device NAME       where to run: cpu, vulkan, vulkan:0, "
         "vulkan:discrete,\n"
         "                      vulkan:PART OF ITS NAME (default: the best)\n"
         "  --seconds S         time to measure for (default: 1)\n"
         "  --runs N            runs to measure instead\n"
         "  --top N             longest commands to list (default: all);\n"
         "                      run: largest values of the first output\n"
         "  --labels FILE       run: names of the values, one per line\n"
         "  --trace FILE        profile: write a trace for ui.perfetto.dev\n"
         "  --full              check the digests of constants, too\n"
         "  --copy-code         load the code to fresh pages\n"
         "  --copy-constants    load the constants to memory\n"
         "  --json              print JSON\n";
}

} // namespace visir::tools
