// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/calibration.h"

#include "tools/common/inspect.h"
#include "tools/common/statistics.h"
#include "tools/common/text.h"

#include <cmath>
#include <map>

namespace visir::tools {
namespace {

double ratioOf(double model, double measured) {
  return measured > 0 ? model / measured : 0;
}

struct KindSum {
  size_t commands = 0;
  double modelUs = 0, measuredUs = 0;
};

} // namespace

Calibration calibrate(const Benchmark &benchmark) {
  Calibration result;
  std::vector<double> model, measured, errors;
  for (const CommandTime &command : benchmark.commands) {
    if (command.modelUs <= 0)
      continue;
    model.push_back(command.modelUs);
    measured.push_back(command.medianUs);
    errors.push_back(
        std::abs(ratioOf(command.modelUs, command.medianUs) - 1));
    result.modelUs += command.modelUs;
    result.measuredUs += command.medianUs;
  }
  result.commands = model.size();
  if (!errors.empty())
    result.medianError = quantile(errors, 0.5);
  result.rankCorrelation = rankCorrelation(model, measured);
  return result;
}

std::string calibrationText(const Model &model, const Benchmark &benchmark,
                            const RuntimeOptions &options) {
  Calibration all = calibrate(benchmark);
  std::string text = format(
      "%s: rank correlation %.3f of model and measurement over %zu of %zu "
      "commands, median error %.1f %%;\nmodel %.1f us, measured %.1f us, %u "
      "threads\n\n",
      model.entryInfo.name, all.rankCorrelation, all.commands,
      benchmark.commands.size(), 100 * all.medianError, all.modelUs,
      all.measuredUs, benchmark.threads);
  std::map<std::string, KindSum> kinds;
  for (const CommandTime &command : benchmark.commands) {
    KindSum &kind = kinds[kindOf(command.info)];
    ++kind.commands;
    kind.modelUs += command.modelUs;
    kind.measuredUs += command.medianUs;
  }
  text += format("%10s %10s %7s  %s\n", "us", "model us", "ratio", "kind");
  for (const auto &[name, kind] : kinds)
    text += format("%10.1f %10.1f %7.2f  %zu %s\n", kind.measuredUs,
                   kind.modelUs, ratioOf(kind.modelUs, kind.measuredUs),
                   kind.commands, name.c_str());
  text += format("\n%10s %10s %7s  %-22s %s\n", "us", "model us", "ratio",
                 "function", "nodes");
  for (const CommandTime &row : longestFirst(benchmark, options))
    text += format("%10.1f %10.1f %7.2f  %-22s %s\n", row.medianUs,
                   row.modelUs, ratioOf(row.modelUs, row.medianUs),
                   shorten(row.info.function, 22).c_str(),
                   shorten(row.sources, 80).c_str());
  return text;
}

} // namespace visir::tools
