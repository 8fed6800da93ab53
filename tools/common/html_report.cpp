// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/html_report.h"

#include "tools/common/calibration.h"
#include "tools/common/inspect.h"
#include "tools/common/report_page.h"

namespace visir::tools {
namespace {

// Reads and writes of the arena, as [offset, bytes, is read, is written].
void arenaJson(const rt::Module &module, uint32_t entry, uint32_t command,
               JsonWriter &json) {
  json.beginArray();
  for (const visir_binding_info_t &binding : module.bindings(entry, command)) {
    if (binding.kind != VISIR_MEMORY_ARENA)
      continue;
    json.beginArray();
    json.value(binding.offset);
    json.value(binding.bytes);
    json.value(binding.is_read);
    json.value(binding.is_written);
    json.endArray();
  }
  json.endArray();
}

void timedCommandJson(const rt::Module &module, uint32_t entry, uint32_t index,
                      const Benchmark *benchmark, JsonWriter &json) {
  json.beginObject();
  commandJson(module, entry, index, json);
  json.key("arena");
  arenaJson(module, entry, index, json);
  CommandWork work = workOf(module.command(entry, index));
  json.field("executed", work.executedFlops);
  json.field("wasted", wastedLanes(work));
  if (benchmark) {
    const CommandTime &command = benchmark->commands[index];
    json.field("us", command.medianUs);
    json.field("start", command.startUs);
    json.field("peak_share", shareOfPeak(command, benchmark->peak));
    json.field("roof_share", shareOfRoof(command));
    json.field("model", command.modelUs);
  }
  json.endObject();
}

// A string of JSON may not end the script element that it stands in.
std::string inScript(std::string text) {
  for (size_t at = 0; (at = text.find("</", at)) != std::string::npos; at += 3)
    text.insert(at + 1, "\\");
  return text;
}

} // namespace

std::string htmlReport(const rt::Module &module, uint32_t entry,
                       const Benchmark *benchmark) {
  visir_module_info_t info = module.info();
  visir_entry_info_t entryInfo = module.entry(entry);
  JsonWriter json;
  json.beginObject();
  json.field("entry", entryInfo.name);
  json.field("target", info.target);
  json.field("producer", info.producer);
  json.field("options", info.options);
  json.field("flops", entryInfo.flops);
  json.field("arena_bytes", entryInfo.arena_bytes);
  json.field("constant_bytes", info.constant_bytes);
  json.field("code_bytes", info.code_bytes);
  if (benchmark) {
    json.field("median_us", benchmark->times.medianUs);
    json.field("threads", benchmark->threads);
    json.field("peak_gflops", benchmark->peak.gflops);
    json.field("near_gbs", benchmark->peak.nearGbs);
    json.field("memory_gbs", benchmark->peak.memoryGbs);
    json.field("executed", benchmark->executedFlops());
    json.field("rank_correlation", calibrate(*benchmark).rankCorrelation);
  }
  json.key("commands").beginArray();
  for (uint32_t i = 0; i < entryInfo.command_count; ++i)
    timedCommandJson(module, entry, i, benchmark, json);
  json.endArray();
  json.endObject();
  return std::string(kReportHead) + inScript(json.text()) + kReportTail;
}

} // namespace visir::tools
