// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Measuring a model's first and warm runs and its commands.
#ifndef VISIR_TOOLS_COMMON_BENCH_H
#define VISIR_TOOLS_COMMON_BENCH_H

#include "tools/common/json.h"
#include "tools/common/model.h"
#include "tools/common/peak.h"
#include "tools/common/work.h"

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
  CommandWork work;
  // What the machine's measured limits allow at best, and what the compiler's
  // cost model says; the latter 0 without an estimate.
  double boundUs, modelUs;
};

// Operations per second in GFLOP/s, or bytes in GB/s; 0 without a time.
inline double rate(double amount, double microseconds) {
  return microseconds > 0 ? amount / microseconds * 1e-3 : 0;
}
// Shares of the peak, and of the roofline.
inline double shareOfPeak(const CommandTime &command, const Peak &peak) {
  return rate(command.work.executedFlops, command.medianUs) / peak.gflops;
}
inline double shareOfRoof(const CommandTime &command) {
  return command.medianUs > 0 ? command.boundUs / command.medianUs : 0;
}

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

  double executedFlops() const {
    double sum = 0;
    for (const CommandTime &command : commands)
      sum += command.work.executedFlops;
    return sum;
  }
};

// Opens the artifact anew and runs it once; `cold` asks the system to drop
// the file from the page cache before, which it does if nobody maps it.
FirstRun measureFirstRun(const RuntimeOptions &options, bool cold);

// Runs the model until it is warm, then measures it: whole runs without
// profiling, then some runs with it.
Benchmark measure(Model &model, const RuntimeOptions &options);

// The commands that --top asks for.
std::vector<CommandTime> longestFirst(const Benchmark &benchmark,
                                      const RuntimeOptions &options);

// For people: lines of totals, and a table of the commands, longest first.
std::string benchmarkText(const Model &model, const Benchmark &benchmark,
                          const RuntimeOptions &options);
void benchmarkJson(const Model &model, const Benchmark &benchmark,
                   const RuntimeOptions &options, JsonWriter &json);

// Chrome's trace event format, which ui.perfetto.dev reads.
std::string benchmarkTrace(const Model &model, const Benchmark &benchmark);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_BENCH_H
