// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/bench.h"

#include "tools/common/statistics.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fcntl.h>
#include <unistd.h>

namespace visir::tools {
namespace {

constexpr double kWarmSeconds = 0.2;
constexpr uint64_t kProfiledRuns = 15;

using Clock = std::chrono::steady_clock;

double microsecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin)
      .count();
}

RunTimes measureRuns(Model &model, const RuntimeOptions &options) {
  Clock::time_point warm = Clock::now();
  do
    model.run();
  while (microsecondsSince(warm) < kWarmSeconds * 1e6);

  std::vector<double> times;
  Clock::time_point begin = Clock::now();
  while (options.runs ? times.size() < options.runs
                      : times.size() < 5 ||
                            microsecondsSince(begin) < options.seconds * 1e6) {
    Clock::time_point start = Clock::now();
    model.run();
    times.push_back(microsecondsSince(start));
  }
  RunTimes result;
  result.runs = times.size();
  result.minUs = quantile(times, 0);
  result.medianUs = quantile(times, 0.5);
  result.p99Us = quantile(times, 0.99);
  return result;
}

// The least time that the command's operations and its bytes each need; bytes
// come from where tensors of their size lie, constants from where all do.
double boundOf(const Model &model, const CommandTime &command,
               const Peak &peak) {
  double bytesUs = 0;
  uint64_t constants = model.module.info().constant_bytes;
  for (const visir_binding_info_t &binding :
       model.module.bindings(model.entry, command.index)) {
    bool constant = binding.kind == VISIR_MEMORY_CONSTANT;
    uint32_t ways = binding.is_read + binding.is_written;
    bytesUs += static_cast<double>(binding.bytes * ways) * 1e-3 /
               peak.bandwidth(constant ? constants : binding.bytes);
  }
  return std::max(command.work.executedFlops * 1e-3 / peak.gflops, bytesUs);
}

// The slowest thread's part of the estimate, if tiles are shared out evenly.
double modelOf(const CommandTime &command, const Peak &peak,
               uint32_t threads) {
  double cyclesPerUs = peak.gflops * 1e3 / (4.0 * peak.lanes * threads);
  uint32_t tiles = command.info.tile_count;
  double share = 1;
  if (command.info.parallel && tiles > 0)
    share = std::ceil(static_cast<double>(tiles) / threads) / tiles;
  return command.work.cycles / cyclesPerUs * share;
}

CommandTime describeCommand(const Model &model, uint32_t index,
                            const Benchmark &benchmark) {
  CommandTime command = {};
  command.index = index;
  command.info = model.module.command(model.entry, index);
  command.work = workOf(command.info);
  Peak peak = benchmark.peak;
  command.modelUs = modelOf(command, peak, benchmark.threads);
  if (!command.info.parallel) {
    for (double *limit :
         {&peak.gflops, &peak.nearGbs, &peak.farGbs, &peak.memoryGbs})
      *limit /= benchmark.threads;
  }
  command.boundUs = boundOf(model, command, peak);
  for (uint32_t i = 0; i < command.info.source_count; ++i) {
    command.sources += i ? " " : "";
    command.sources +=
        visir_module_command_source(model.module.get(), model.entry, index, i);
  }
  return command;
}

std::vector<CommandTime> measureCommands(Model &model,
                                         const Benchmark &benchmark) {
  std::vector<CommandTime> commands;
  for (uint32_t i = 0; i < model.entryInfo.command_count; ++i)
    commands.push_back(describeCommand(model, i, benchmark));
  std::vector<std::vector<double>> times(commands.size());
  model.session.setProfiling(true);
  for (uint64_t run = 0; run < kProfiledRuns; ++run) {
    model.run();
    visir_profile_t profile = model.session.profile();
    for (size_t i = 0; i < commands.size(); ++i) {
      times[i].push_back(static_cast<double>(profile.command_ns[i]) * 1e-3);
      commands[i].startUs = static_cast<double>(profile.start_ns[i]) * 1e-3;
    }
  }
  model.session.setProfiling(false);
  for (size_t i = 0; i < commands.size(); ++i)
    commands[i].medianUs = quantile(times[i], 0.5);
  return commands;
}

void dropFromCache(const std::string &path) {
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return;
  // Pages that are yet to be written cannot go.
  fdatasync(file);
  posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  close(file);
}

} // namespace

FirstRun measureFirstRun(const RuntimeOptions &options, bool cold) {
  if (cold)
    dropFromCache(options.artifact);
  FirstRun result;
  Clock::time_point start = Clock::now();
  Model model(options);
  result.loadUs = microsecondsSince(start);
  model.makeInputs(options, true);
  model.makeOutputs();
  start = Clock::now();
  model.run();
  result.runUs = microsecondsSince(start);
  return result;
}

Benchmark measure(Model &model, const RuntimeOptions &options) {
  Benchmark result;
  result.threads = model.context.threadCount();
  result.peak = measurePeak(result.threads);
  model.session.warmup();
  result.times = measureRuns(model, options);
  result.commands = measureCommands(model, result);
  return result;
}

} // namespace visir::tools
