// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/inspect.h"

#include "tools/common/model.h"

#include <cstdio>

namespace visir::tools {
namespace {

std::string megabytes(uint64_t bytes) {
  char text[32];
  snprintf(text, sizeof(text), "%.3f MB", static_cast<double>(bytes) * 1e-6);
  return text;
}

std::string commandText(const rt::Module &module, uint32_t entry,
                        uint32_t index) {
  visir_command_info_t info = module.command(entry, index);
  char text[256];
  snprintf(text, sizeof(text), "  %5u  %-32.64s %6u %9.3f %8.2f  ", index,
           info.function, info.tile_count, info.flops * 1e-6,
           static_cast<double>(info.bytes) * 1e-6);
  std::string line = text;
  for (uint32_t i = 0; i < info.source_count; ++i)
    line += std::string(i ? " " : "") +
            visir_module_command_source(module.get(), entry, index, i);
  return line + "\n";
}

std::string entryText(const rt::Module &module, uint32_t index) {
  visir_entry_info_t info = module.entry(index);
  char text[256];
  snprintf(text, sizeof(text),
           "\nentry %.100s: %u commands, %.3f GFLOP, arena %s\n", info.name,
           info.command_count, info.flops * 1e-9,
           megabytes(info.arena_bytes).c_str());
  std::string result = text;
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
  json.field("bytes", tensor.bytes);
  json.endObject();
}

void commandJson(const rt::Module &module, uint32_t entry, uint32_t index,
                 JsonWriter &json) {
  visir_command_info_t info = module.command(entry, index);
  json.beginObject();
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
  json.key("commands").beginArray();
  for (uint32_t i = 0; i < info.command_count; ++i)
    commandJson(module, index, i, json);
  json.endArray();
  json.endObject();
}

} // namespace

std::string inspectText(const rt::Module &module) {
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
  for (uint32_t i = 0; i < info.entry_count; ++i)
    text += entryText(module, i);
  return text;
}

void inspectJson(const rt::Module &module, JsonWriter &json) {
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
  json.field("states", info.state_count);
  json.key("entries").beginArray();
  for (uint32_t i = 0; i < info.entry_count; ++i)
    entryJson(module, i, json);
  json.endArray();
  json.endObject();
}

} // namespace visir::tools
