// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The command generate.
#ifndef VISIR_TOOLS_COMMON_GENERATE_H
#define VISIR_TOOLS_COMMON_GENERATE_H

#include "tools/common/runtime_options.h"

namespace visir::tools {

// Runs the entry that takes the inputs, if there are any, then writes the text
// that follows the prompt, and prints it.
void generateText(const RuntimeOptions &options);

// The tokens' words. A word of the file, which has one per line, that begins
// with "##" goes on with the word before it, as in BERT's vocabularies. Throws
// where the file cannot be read or has too few.
std::string joinWords(const std::vector<int64_t> &tokens,
                      const std::string &vocabulary);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_GENERATE_H
