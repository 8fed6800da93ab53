// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The commands on artifacts that every Visir tool offers.
#ifndef VISIR_TOOLS_COMMON_RUNTIME_COMMANDS_H
#define VISIR_TOOLS_COMMON_RUNTIME_COMMANDS_H

#include "tools/common/runtime_options.h"

namespace visir::tools {

// Each prints its result to standard output and throws on failure.
void runArtifact(const RuntimeOptions &options);
void benchArtifact(const RuntimeOptions &options);
void profileArtifact(const RuntimeOptions &options);
void inspectArtifact(const RuntimeOptions &options);
void verifyArtifact(const RuntimeOptions &options);

// Whether `name` is one of run, bench, profile, inspect, verify,
// check, devices.
bool isRuntimeCommand(const char *name);

// A line for each command, and what the exit codes mean.
std::string runtimeCommandsHelp();
const char *exitCodesHelp();

// Carries out a command with the words behind its name; prints errors to
// standard error and returns the exit code.
int runtimeCommand(const char *name, int count, const char *const *words);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_RUNTIME_COMMANDS_H
