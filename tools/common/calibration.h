// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The compiler's cost model beside what was measured.
#ifndef VISIR_TOOLS_COMMON_CALIBRATION_H
#define VISIR_TOOLS_COMMON_CALIBRATION_H

#include "tools/common/bench.h"

namespace visir::tools {

// Over the commands that have an estimate.
struct Calibration {
  size_t commands = 0;
  double modelUs = 0, measuredUs = 0; // sums
  double rankCorrelation = 0;         // Spearman's, of the commands' times
  double medianError = 0;             // of |model / measured - 1|
};

Calibration calibrate(const Benchmark &benchmark);

// For people: the correlation, sums by kind of kernel, and a table of the
// commands, longest first.
std::string calibrationText(const Model &model, const Benchmark &benchmark,
                            const RuntimeOptions &options);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_CALIBRATION_H
