// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/work.h"

#include <cstdlib>
#include <cstring>
#include <string>

namespace visir::tools {
namespace {

// The number of "name = 123 : i64" in a configuration; `otherwise` without.
double numberIn(const char *config, const char *name, double otherwise) {
  std::string key = std::string(name) + " = ";
  const char *found = strstr(config, key.c_str());
  if (!found)
    return otherwise;
  char *end = nullptr;
  double value = strtod(found + key.size(), &end);
  return end != found + key.size() && value >= 0 && value < 1e30 ? value
                                                                  : otherwise;
}

} // namespace

CommandWork workOf(const visir_command_info_t &command) {
  CommandWork work;
  work.flops = command.flops;
  work.executedFlops = numberIn(command.config, "executed_flops", work.flops);
  work.issuedFlops =
      numberIn(command.config, "issued_flops", work.executedFlops);
  work.cycles = numberIn(command.config, "cycles", 0);
  return work;
}

double wastedLanes(const CommandWork &work) {
  return work.issuedFlops > 0 ? 1 - work.executedFlops / work.issuedFlops : 0;
}

} // namespace visir::tools
