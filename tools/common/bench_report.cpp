// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/bench.h"
#include "tools/common/calibration.h"
#include "tools/common/text.h"

#include <algorithm>

namespace visir::tools {
std::vector<CommandTime> longestFirst(const Benchmark &benchmark,
                                      const RuntimeOptions &options) {
  std::vector<CommandTime> rows = benchmark.commands;
  std::sort(rows.begin(), rows.end(),
            [](const CommandTime &a, const CommandTime &b) {
              return a.medianUs != b.medianUs ? a.medianUs > b.medianUs
                                              : a.index < b.index;
            });
  if (options.top != 0 && rows.size() > options.top)
    rows.resize(options.top);
  return rows;
}

namespace {

double sumOfCommands(const Benchmark &benchmark) {
  double sum = 0;
  for (const CommandTime &command : benchmark.commands)
    sum += command.medianUs;
  return sum;
}

void commandJson(const CommandTime &command, const Peak &peak,
                 JsonWriter &json) {
  json.beginObject();
  json.field("index", command.index);
  json.field("function", command.info.function);
  json.field("config", command.info.config);
  json.field("nodes", command.sources);
  json.field("median_us", command.medianUs);
  json.field("flops", command.info.flops);
  json.field("gflops", rate(command.info.flops, command.medianUs));
  json.field("executed_flops", command.work.executedFlops);
  json.field("executed_gflops",
             rate(command.work.executedFlops, command.medianUs));
  json.field("share_of_peak", shareOfPeak(command, peak));
  json.field("wasted_lanes", wastedLanes(command.work));
  json.field("bytes", command.info.bytes);
  json.field("gbs", rate(static_cast<double>(command.info.bytes),
                         command.medianUs));
  json.field("share_of_roof", shareOfRoof(command));
  json.field("model_us", command.modelUs);
  json.field("tiles", command.info.tile_count);
  json.field("parallel", command.info.parallel != 0);
  json.endObject();
}

} // namespace

std::string benchmarkText(const Model &model, const Benchmark &benchmark,
                          const RuntimeOptions &options) {
  const RunTimes &times = benchmark.times;
  double gflops = rate(model.entryInfo.flops, times.medianUs);
  std::string text = format(
      "%s: %.1f us median, %.1f min, %.1f p99 of %llu runs, %u threads\n",
      model.entryInfo.name, times.medianUs, times.minUs, times.p99Us,
      static_cast<unsigned long long>(times.runs), benchmark.threads);
  if (benchmark.firstRuns)
    text += format("first run %.1f us after %.1f us of loading; with the file "
                   "out of the page cache %.1f us after %.1f us\n",
                   benchmark.cached.runUs, benchmark.cached.loadUs,
                   benchmark.cold.runUs, benchmark.cold.loadUs);
  double executed = benchmark.executedFlops();
  double share = rate(executed, times.medianUs) / benchmark.peak.gflops;
  text += format("%.3f GFLOP executed, %.1f %% of the measured peak of %.1f "
                 "GFLOP/s; by the direct method %.3f GFLOP, %.1f GFLOP/s, "
                 "%.1f %%\n",
                 executed * 1e-9, 100 * share, benchmark.peak.gflops,
                 model.entryInfo.flops * 1e-9, gflops,
                 100 * gflops / benchmark.peak.gflops);
  text += format("reading %.0f GB/s from the second cache, %.0f from the outer "
                 "one, %.0f from memory\n\n",
                 benchmark.peak.nearGbs, benchmark.peak.farGbs,
                 benchmark.peak.memoryGbs);
  text += format("%10s %6s %9s %6s %7s %6s %6s %8s  %-22s %s\n", "us", "%",
                 "GFLOP/s", "% peak", "GB/s", "% roof", "% idle", "MB",
                 "function", "nodes");
  double sum = sumOfCommands(benchmark);
  for (const CommandTime &row : longestFirst(benchmark, options))
    text += format("%10.1f %6.1f %9.1f %6.1f %7.1f %6.1f %6.1f %8.2f  %-22s "
                   "%s\n",
                   row.medianUs, sum > 0 ? 100 * row.medianUs / sum : 0,
                   rate(row.work.executedFlops, row.medianUs),
                   100 * shareOfPeak(row, benchmark.peak),
                   rate(static_cast<double>(row.info.bytes), row.medianUs),
                   100 * shareOfRoof(row), 100 * wastedLanes(row.work),
                   static_cast<double>(row.info.bytes) * 1e-6,
                   shorten(row.info.function, 22).c_str(),
                   shorten(row.sources, 60).c_str());
  text += format("%10.1f  sum of %zu commands, each measured alone\n\n"
                 "GFLOP/s and %% peak count executed operations; %% roof: the "
                 "time that peak and\nbandwidth allow, of the time taken; "
                 "%% idle: lanes and rows that nobody needs\n",
                 sum, benchmark.commands.size());
  return text;
}

void benchmarkJson(const Model &model, const Benchmark &benchmark,
                   const RuntimeOptions &options, JsonWriter &json) {
  const RunTimes &times = benchmark.times;
  double gflops = rate(model.entryInfo.flops, times.medianUs);
  json.beginObject();
  json.field("artifact", options.artifact);
  json.field("entry", model.entryInfo.name);
  json.field("target", model.module.info().target);
  json.field("threads", benchmark.threads);
  json.field("runs", times.runs);
  json.field("min_us", times.minUs);
  json.field("median_us", times.medianUs);
  json.field("p99_us", times.p99Us);
  if (benchmark.firstRuns) {
    json.field("cached_load_us", benchmark.cached.loadUs);
    json.field("cached_first_us", benchmark.cached.runUs);
    json.field("cold_load_us", benchmark.cold.loadUs);
    json.field("cold_first_us", benchmark.cold.runUs);
  }
  json.field("flops", model.entryInfo.flops);
  json.field("gflops", gflops);
  json.field("peak_gflops", benchmark.peak.gflops);
  json.field("share_of_peak", gflops / benchmark.peak.gflops);
  json.field("executed_flops", benchmark.executedFlops());
  json.field("executed_share_of_peak",
             rate(benchmark.executedFlops(), times.medianUs) /
                 benchmark.peak.gflops);
  json.field("near_gbs", benchmark.peak.nearGbs);
  json.field("far_gbs", benchmark.peak.farGbs);
  json.field("memory_gbs", benchmark.peak.memoryGbs);
  Calibration calibration = calibrate(benchmark);
  json.field("rank_correlation", calibration.rankCorrelation);
  json.field("model_us", calibration.modelUs);
  json.field("median_model_error", calibration.medianError);
  json.field("session_bytes", model.session.memoryBytes());
  json.key("commands").beginArray();
  for (const CommandTime &row : longestFirst(benchmark, options))
    commandJson(row, benchmark.peak, json);
  json.endArray();
  json.endObject();
}

std::string benchmarkTrace(const Model &model, const Benchmark &benchmark) {
  JsonWriter json;
  json.beginObject();
  json.key("traceEvents").beginArray();
  for (const CommandTime &command : benchmark.commands) {
    json.beginObject();
    json.field("name", command.info.function);
    json.field("cat", model.entryInfo.name);
    json.field("ph", "X");
    json.field("ts", command.startUs);
    json.field("dur", command.medianUs);
    json.field("pid", 1u);
    json.field("tid", 1u);
    json.key("args").beginObject();
    json.field("nodes", command.sources);
    json.field("config", command.info.config);
    json.field("gflops", rate(command.info.flops, command.medianUs));
    json.endObject();
    json.endObject();
  }
  json.endArray();
  json.endObject();
  return json.text() + "\n";
}

} // namespace visir::tools
