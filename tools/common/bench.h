// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Measuring a model's warm runs and commands.
#ifndef VISIR_TOOLS_COMMON_BENCH_H
#define VISIR_TOOLS_COMMON_BENCH_H

#include "tools/common/json.h"
#include "tools/common/model.h"
#include "tools/common/peak.h"

namespace visir::tools {

struct RunTimes {
  uint64_t runs = 0;
  double minUs = 0, medianUs = 0, p99Us = 0;
};

struct CommandTime {
  uint32_t index;
  visir_command_info_t info;
  std::string sources; // names of ONNX nodes, separated by spaces
  double medianUs;
  double startUs; // in the last profiled run
};

struct Benchmark {
  RunTimes times;
  Peak peak;
  std::vector<CommandTime> commands; // in order of the program
};

// Runs the model until it is warm, then measures it: whole runs without
// profiling, then some runs with it.
Benchmark measure(Model &model, const RuntimeOptions &options);

// For people: one line of totals, and a table of the commands, longest first.
std::string benchmarkText(const Model &model, const Benchmark &benchmark,
                          const RuntimeOptions &options);
void benchmarkJson(const Model &model, const Benchmark &benchmark,
                   const RuntimeOptions &options, JsonWriter &json);

// Chrome's trace event format, which ui.perfetto.dev reads.
std::string benchmarkTrace(const Model &model, const Benchmark &benchmark);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_BENCH_H
