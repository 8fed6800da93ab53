// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/inspect.h"

#include "tools/common/model.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>

namespace visir::tools {
namespace {

std::string megabytes(uint64_t bytes) {
  char text[32];
  snprintf(text, sizeof(text), "%.3f MB", static_cast<double>(bytes) * 1e-6);
  return text;
}

constexpr uint32_t kTopConstants = 10;
// Kinds of commands that compute nothing.
constexpr const char *kRelayout = "relayout", *kMove = "move";

std::string nodesText(const rt::Module &module, uint32_t entry,
                      uint32_t command) {
  std::string text;
  for (uint32_t i = 0;
       const char *node =
           visir_module_command_source(module.get(), entry, command, i);
       ++i)
    text += (text.empty() ? "" : " ") + std::string(node);
  return text;
}

std::string commandText(const rt::Module &module, uint32_t entry,
                        uint32_t index) {
  visir_command_info_t info = module.command(entry, index);
  char text[256];
  snprintf(text, sizeof(text), "  %5u  %-32.64s %6u %9.3f %8.2f  ", index,
           info.function, info.tile_count, info.flops * 1e-6,
           static_cast<double>(info.bytes) * 1e-6);
  return text + nodesText(module, entry, index) + "\n";
}

// How many commands there are of each kind, and of how many nodes they are.
struct Summary {
  std::map<std::string, uint32_t> kinds;
  std::set<std::string> nodes;
  // Commands that compute nothing and touch none of the entry's own inputs and
  // outputs: those that put a whole tensor into another order, and others.
  uint32_t interiorRelayouts = 0, interiorMoves = 0;
};

bool touchesOutside(const rt::Module &module, uint32_t entry,
                    uint32_t command) {
  for (const visir_binding_info_t &binding : module.bindings(entry, command))
    if (binding.kind == VISIR_MEMORY_INPUT ||
        binding.kind == VISIR_MEMORY_OUTPUT)
      return true;
  return false;
}

Summary summariseEntry(const rt::Module &module, uint32_t entry) {
  Summary summary;
  uint32_t count = module.entry(entry).command_count;
  for (uint32_t i = 0; i < count; ++i) {
    visir_command_info_t command = module.command(entry, i);
    std::string kind = kindOf(command);
    ++summary.kinds[kind];
    if ((kind == kRelayout || kind == kMove) &&
        !touchesOutside(module, entry, i))
      ++(kind == kMove ? summary.interiorMoves : summary.interiorRelayouts);
    for (uint32_t j = 0; j < command.source_count; ++j)
      summary.nodes.insert(
          visir_module_command_source(module.get(), entry, i, j));
  }
  return summary;
}

struct ConstantUse {
  visir_constant_info_t info;
  uint32_t number;
  // ONNX nodes of the first command that reads it.
  std::string nodes;
};

// The first command that reads each constant, by its number.
std::map<uint32_t, std::string> readersOfConstants(const rt::Module &module) {
  std::map<uint32_t, std::string> readers;
  for (uint32_t entry = 0; entry < module.info().entry_count; ++entry) {
    uint32_t count = module.entry(entry).command_count;
    for (uint32_t i = 0; i < count; ++i)
      for (const visir_binding_info_t &binding : module.bindings(entry, i))
        if (binding.kind == VISIR_MEMORY_CONSTANT)
          readers.emplace(binding.index, nodesText(module, entry, i));
  }
  return readers;
}

std::vector<ConstantUse> largestConstants(const rt::Module &module,
                                          uint32_t top) {
  std::map<uint32_t, std::string> readers = readersOfConstants(module);
  std::vector<ConstantUse> uses;
  for (const visir_constant_info_t &info : module.constants()) {
    uint32_t number = static_cast<uint32_t>(uses.size());
    uses.push_back({info, number, readers[number]});
  }
  std::stable_sort(uses.begin(), uses.end(),
                   [](const ConstantUse &a, const ConstantUse &b) {
                     return a.info.bytes > b.info.bytes;
                   });
  uses.resize(std::min<size_t>(uses.size(), top ? top : kTopConstants));
  return uses;
}

std::string constantsText(const rt::Module &module, uint32_t top) {
  std::string text;
  for (const ConstantUse &use : largestConstants(module, top)) {
    char line[64];
    snprintf(line, sizeof(line), "  %5u  %12s  ", use.number,
             megabytes(use.info.bytes).c_str());
    text += line + use.nodes + "\n";
  }
  return text.empty() ? "" : "\nlargest constants, and the nodes of the first "
                             "command that reads each\n" +
                                 text;
}

std::string stateText(const visir_state_info_t &state) {
  std::string text = std::string("  state  ") + state.name + " " +
                     std::to_string(state.bytes) + " bytes";
  if (state.max_length)
    text += std::string(", length ") + state.symbol +
            "<=" + std::to_string(state.max_length);
  return text + "\n";
}

std::string entryText(const rt::Module &module, uint32_t index) {
  visir_entry_info_t info = module.entry(index);
  char text[256];
  snprintf(text, sizeof(text),
           "\nentry %.100s: %u commands, %.3f GFLOP, arena %s\n", info.name,
           info.command_count, info.flops * 1e-9,
           megabytes(info.arena_bytes).c_str());
  std::string result = text;
  Summary summary = summariseEntry(module, index);
  result += "  nodes  " + std::to_string(summary.nodes.size()) + " of ONNX in";
  const char *separator = " ";
  for (const auto &[kind, count] : summary.kinds) {
    result += separator + std::to_string(count) + " " + kind;
    separator = ", ";
  }
  result += "; " + std::to_string(summary.interiorRelayouts) +
            " changes of layout and " + std::to_string(summary.interiorMoves) +
            " moves of parts inside\n";
  for (uint32_t i = 0; i < info.input_count; ++i) {
    visir_tensor_info_t tensor = module.input(index, i);
    result +=
        std::string("  input  ") + tensor.name + " " + describe(tensor) + "\n";
  }
  for (uint32_t i = 0; i < info.output_count; ++i) {
    visir_tensor_info_t tensor = module.output(index, i);
    result +=
        std::string("  output ") + tensor.name + " " + describe(tensor) + "\n";
  }
  snprintf(text, sizeof(text), "  %5s  %-32s %6s %9s %8s  %s\n", "#",
           "function", "tiles", "MFLOP", "MB", "nodes");
  result += text;
  for (uint32_t i = 0; i < info.command_count; ++i)
    result += commandText(module, index, i);
  return result;
}

void tensorJson(const visir_tensor_info_t &tensor, JsonWriter &json) {
  json.beginObject();
  json.field("name", tensor.name);
  json.field("dtype", visir_dtype_name(tensor.dtype));
  json.key("dims").beginArray();
  for (uint32_t i = 0; i < tensor.rank; ++i)
    json.value(tensor.dims[i]);
  json.endArray();
  json.key("symbols").beginArray();
  for (uint32_t i = 0; i < tensor.rank; ++i)
    json.value(tensor.dim_symbols[i] ? tensor.dim_symbols[i] : "");
  json.endArray();
  json.field("bytes", tensor.bytes);
  json.endObject();
}

void entryJson(const rt::Module &module, uint32_t index, JsonWriter &json) {
  visir_entry_info_t info = module.entry(index);
  json.beginObject();
  json.field("name", info.name);
  json.field("flops", info.flops);
  json.field("arena_bytes", info.arena_bytes);
  json.key("inputs").beginArray();
  for (uint32_t i = 0; i < info.input_count; ++i)
    tensorJson(module.input(index, i), json);
  json.endArray();
  json.key("outputs").beginArray();
  for (uint32_t i = 0; i < info.output_count; ++i)
    tensorJson(module.output(index, i), json);
  json.endArray();
  Summary summary = summariseEntry(module, index);
  json.field("nodes", static_cast<uint64_t>(summary.nodes.size()));
  json.field("interior_relayouts", summary.interiorRelayouts);
  json.field("interior_moves", summary.interiorMoves);
  json.key("kinds").beginObject();
  for (const auto &[kind, count] : summary.kinds)
    json.field(kind, count);
  json.endObject();
  json.key("commands").beginArray();
  for (uint32_t i = 0; i < info.command_count; ++i) {
    json.beginObject();
    commandJson(module, index, i, json);
    json.endObject();
  }
  json.endArray();
  json.endObject();
}

} // namespace

std::string kindOf(const visir_command_info_t &command) {
  const char *underscore = strchr(command.function, '_');
  return underscore ? underscore + 1 : command.function;
}

void commandJson(const rt::Module &module, uint32_t entry, uint32_t index,
                 JsonWriter &json) {
  visir_command_info_t info = module.command(entry, index);
  json.field("function", info.function);
  json.field("config", info.config);
  json.field("tiles", info.tile_count);
  json.field("parallel", info.parallel != 0);
  json.field("flops", info.flops);
  json.field("bytes", info.bytes);
  json.key("nodes").beginArray();
  for (uint32_t i = 0; i < info.source_count; ++i)
    json.value(visir_module_command_source(module.get(), entry, index, i));
  json.endArray();
}

std::string inspectText(const rt::Module &module, uint32_t top) {
  visir_module_info_t info = module.info();
  std::string text = std::string("producer   ") + info.producer + "\n";
  text += std::string("options    ") + info.options + "\n";
  text += std::string("target     ") + info.target + " (one of " +
          std::to_string(info.program_count) + ")\n";
  text += "manifest   " + megabytes(info.manifest_bytes) + ", schema version " +
          std::to_string(info.schema_version) + "\n";
  text += "code       " + megabytes(info.code_bytes) + ", " +
          std::to_string(info.function_count) + " functions\n";
  text += "constants  " + megabytes(info.constant_bytes) + "\n";
  text += "states     " + std::to_string(info.state_count) + "\n";
  for (uint32_t i = 0; i < info.state_count; ++i)
    text += stateText(module.state(i));
  for (uint32_t i = 0; i < info.entry_count; ++i)
    text += entryText(module, i);
  return text + constantsText(module, top);
}

void inspectJson(const rt::Module &module, uint32_t top, JsonWriter &json) {
  visir_module_info_t info = module.info();
  json.beginObject();
  json.field("producer", info.producer);
  json.field("options", info.options);
  json.field("target", info.target);
  json.field("targets", info.program_count);
  json.field("schema_version", info.schema_version);
  json.field("manifest_bytes", info.manifest_bytes);
  json.field("code_bytes", info.code_bytes);
  json.field("constant_bytes", info.constant_bytes);
  json.field("functions", info.function_count);
  json.key("states").beginArray();
  for (uint32_t i = 0; i < info.state_count; ++i) {
    visir_state_info_t state = module.state(i);
    json.beginObject();
    json.field("name", state.name);
    json.field("bytes", state.bytes);
    json.field("symbol", state.symbol);
    json.field("max_length", state.max_length);
    json.endObject();
  }
  json.endArray();
  json.key("entries").beginArray();
  for (uint32_t i = 0; i < info.entry_count; ++i)
    entryJson(module, i, json);
  json.endArray();
  json.key("largest_constants").beginArray();
  for (const ConstantUse &use : largestConstants(module, top)) {
    json.beginObject();
    json.field("index", use.number);
    json.field("bytes", use.info.bytes);
    json.field("nodes", use.nodes);
    json.endObject();
  }
  json.endArray();
  json.endObject();
}

} // namespace visir::tools
