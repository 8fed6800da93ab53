// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Measuring a model's first and warm runs and its commands.
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

// A process's first use of an artifact: opening it with a session, then the
// first run, which touches code and constants for the first time.
struct FirstRun {
  double loadUs = 0, runUs = 0;
};

struct Benchmark {
  RunTimes times;
  // With the file out of the page cache, where the system lets it go, and
  // with it there; not measured when `firstRuns` is false.
  FirstRun cold, cached;
  bool firstRuns = false;
  Peak peak;
  uint32_t threads = 0;
  std::vector<CommandTime> commands; // in order of the program
};

// Opens the artifact anew and runs it once; `cold` asks the system to drop
// the file from the page cache before, which it does if nobody maps it.
FirstRun measureFirstRun(const RuntimeOptions &options, bool cold);

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
