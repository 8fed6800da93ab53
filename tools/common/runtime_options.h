// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The command line of run, generate, bench, profile, inspect, verify and check.
#ifndef VISIR_TOOLS_COMMON_RUNTIME_OPTIONS_H
#define VISIR_TOOLS_COMMON_RUNTIME_OPTIONS_H

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace visir::tools {

// Exit codes of the tools.
constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 64;

// A command line that cannot be meant; the text says which part.
class UsageError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

struct RuntimeOptions {
  std::string artifact;
  std::string entry;  // empty: the first
  std::string target; // empty: the best that runs here
  std::string device; // empty: the best
  uint32_t threads = 0;
  bool json = false;
  bool raw = false;   // outputs as .raw files, not .npy
  bool full = false;  // check constants, too
  uint32_t flags = 0; // visir_module_flags_t

  // name or index, and a .npy or .raw file or a picture.
  std::vector<std::pair<std::string, std::string>> inputs;
  // Names of bounded dimensions, and their sizes in random inputs and states.
  std::vector<std::pair<std::string, int64_t>> lengths;
  // Inputs without a file are random; needs `random` to be asked for by run.
  bool random = false;
  uint64_t seed = 0;
  std::string outputFolder; // empty: print a summary

  double seconds = 1; // of measuring
  uint64_t runs = 0;  // instead of seconds, when not 0
  uint32_t top = 0;   // rows of the command table, 0: all; run: best classes
  std::string labels; // file with a class name per line
  std::string trace;  // file for a Perfetto trace
  std::string html;   // file for a page
  bool calibrate = false; // print the cost model beside the times

  // Of generate.
  std::vector<int64_t> prompt;
  int64_t end = -1; // the token that ends a text
  uint32_t beams = 1, maxLength = 20, minLength = 0;
  float lengthPenalty = 1, repetitionPenalty = 1;
  bool earlyStopping = false;
  std::string vocabulary; // file with a word per line, empty: print ids
};

// Reads the words after the name of a command (run, generate, bench, profile,
// inspect, verify, check), which takes some of the options; null: all. Throws UsageError.
RuntimeOptions parseRuntimeOptions(int count, const char *const *words,
                                   const char *command);

// A row for each option that the command takes; null: all.
std::string runtimeOptionsHelp(const char *command);
// Whether one of the words asks for help.
bool asksForHelp(int count, const char *const *words);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_RUNTIME_OPTIONS_H
