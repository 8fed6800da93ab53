// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The devices that artifacts can run on here.
#ifndef VISIR_TOOLS_COMMON_DEVICES_H
#define VISIR_TOOLS_COMMON_DEVICES_H

#include <string>

namespace visir::tools {

// A line for each device, with what it is or why it is not there.
std::string devicesText();

// The command `devices [--json]`. Throws UsageError.
void listDevices(int count, const char *const *words);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_DEVICES_H
