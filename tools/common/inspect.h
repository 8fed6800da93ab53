// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is in an artifact.
#ifndef VISIR_TOOLS_COMMON_INSPECT_H
#define VISIR_TOOLS_COMMON_INSPECT_H

#include "tools/common/json.h"
#include "tools/common/runtime_options.h"

#include "runtime/include/visir/runtime.hpp"

namespace visir::tools {

std::string inspectText(const rt::Module &module);
void inspectJson(const rt::Module &module, JsonWriter &json);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_INSPECT_H
