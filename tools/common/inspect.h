// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is in an artifact.
#ifndef VISIR_TOOLS_COMMON_INSPECT_H
#define VISIR_TOOLS_COMMON_INSPECT_H

#include "tools/common/json.h"
#include "tools/common/runtime_options.h"

#include "runtime/include/visir/runtime.hpp"

namespace visir::tools {

// What a command does, as its function is called: "contract" of
// "k12_contract".
std::string kindOf(const visir_command_info_t &command);

// With the `top` largest constants, 10 for 0.
std::string inspectText(const rt::Module &module, uint32_t top);
// The fields of a command, without the object around them.
void commandJson(const rt::Module &module, uint32_t entry, uint32_t index,
                 JsonWriter &json);
void inspectJson(const rt::Module &module, uint32_t top, JsonWriter &json);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_INSPECT_H
