// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any words, one a line, as the command line of visir-rt in a folder that holds
// an artifact. What would only take long is cut short.
#include "test/fuzz/scratch.h"
#include "test/runtime/support/sample.h"
#include "tools/common/runtime_commands.h"

#include <algorithm>
#include <cstdio>
#include <exception>

using namespace visir;

namespace {

using Run = void (*)(const tools::RuntimeOptions &);

void enter() {
  testing::enterEmptyFolder();
  testing::Bytes sample = testing::makeSample().finish();
  FILE *file = fopen("a.visir", "wb");
  if (!file || fwrite(sample.data(), 1, sample.size(), file) != sample.size() ||
      fclose(file) != 0)
    abort();
}

Run findRun(const std::string &name) {
  if (name == "run")
    return tools::runArtifact;
  if (name == "bench")
    return tools::benchArtifact;
  if (name == "profile")
    return tools::profileArtifact;
  if (name == "inspect")
    return tools::inspectArtifact;
  return tools::verifyArtifact;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static bool entered = (enter(), true);
  (void)entered;
  std::vector<std::string> words = testing::wordsOf(data, bytes);
  std::vector<const char *> rest;
  for (size_t i = 1; i < words.size(); ++i)
    rest.push_back(words[i].c_str());
  if (words.empty() ||
      tools::asksForHelp(static_cast<int>(rest.size()), rest.data()))
    return 0;
  try {
    tools::RuntimeOptions options = tools::parseRuntimeOptions(
        static_cast<int>(rest.size()), rest.data(), nullptr);
    options.threads = std::min<uint32_t>(options.threads, 2);
    options.runs = std::clamp<uint64_t>(options.runs, 1, 2);
    findRun(words[0])(options);
  } catch (const std::exception &error) {
    if (error.what()[0] == '\0')
      abort(); // an error says what is wrong
  }
  return 0;
}
