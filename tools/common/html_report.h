// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An entry point as one page that needs no other file: commands, what each was
// fused from, memory plan; with measured times a timeline and a roofline.
#ifndef VISIR_TOOLS_COMMON_HTML_REPORT_H
#define VISIR_TOOLS_COMMON_HTML_REPORT_H

#include "tools/common/bench.h"

namespace visir::tools {

// `benchmark` may be null: then the page holds no times.
std::string htmlReport(const rt::Module &module, uint32_t entry,
                       const Benchmark *benchmark);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_HTML_REPORT_H
