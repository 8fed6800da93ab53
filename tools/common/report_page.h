// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The page around the data of a report, which stands between the two.
#ifndef VISIR_TOOLS_COMMON_REPORT_PAGE_H
#define VISIR_TOOLS_COMMON_REPORT_PAGE_H

namespace visir::tools {

extern const char kReportHead[], kReportTail[];

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_REPORT_PAGE_H
