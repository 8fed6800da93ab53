// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a list of cases and compares their outputs with files.
#ifndef VISIR_TOOLS_COMMON_CHECK_H
#define VISIR_TOOLS_COMMON_CHECK_H

#include "tools/common/runtime_options.h"

namespace visir::tools {

// `options.artifact` is the list: a text of lines whose words are separated by
// tabs, with paths relative to the list's folder:
//
//   artifact  FILE
//   case      NAME  ENTRY  RELATIVE  SCALED  INPUTS  OUTPUTS
//
// A case is of the artifact before it. INPUTS and OUTPUTS are .npy files,
// separated by commas, or "-" for none. An element may differ from the file's
// by RELATIVE of it and SCALED of the largest finite one. Prints what fails and
// how many pass; throws when one fails.
void checkList(const RuntimeOptions &options);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_CHECK_H
