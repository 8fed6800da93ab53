// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/runtime_commands.h"

#include "tools/common/bench.h"
#include "tools/common/calibration.h"
#include "tools/common/check.h"
#include "tools/common/devices.h"
#include "tools/common/generate.h"
#include "tools/common/html_report.h"
#include "tools/common/inspect.h"
#include "tools/common/npy.h"
#include "tools/common/ranking.h"
#include "tools/common/tensor_summary.h"

#include <cstdio>
#include <cstring>

namespace visir::tools {
namespace {

void print(const std::string &text) {
  fwrite(text.data(), 1, text.size(), stdout);
}

void printJson(const JsonWriter &json) { print(json.text() + "\n"); }

void writeText(const std::string &path, const std::string &text) {
  FILE *file = fopen(path.c_str(), "wb");
  bool written =
      file && fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file && fclose(file) != 0)
    written = false;
  if (!written)
    throw std::runtime_error("\"" + path + "\": cannot be written");
}

// Names of tensors may hold slashes.
std::string fileName(const std::string &tensor, const char *ending) {
  std::string name = tensor;
  for (char &c : name)
    if (c == '/' || c == '\0')
      c = '_';
  return name + ending;
}

void writeOutput(const RuntimeOptions &options, const std::string &name,
                 const rt::Tensor &tensor) {
  if (options.outputFolder.empty())
    return;
  std::string path = options.outputFolder + "/";
  if (options.raw)
    writeRaw(path + fileName(name, ".raw"), tensor);
  else
    writeNpy(path + fileName(name, ".npy"), tensor);
}

struct Command {
  const char *name;
  void (*run)(const RuntimeOptions &options);
  const char *summary;
};

constexpr Command kCommands[] = {
    {"run", runArtifact, "run once and print or write the outputs"},
    {"generate", generateText, "write a text token by token"},
    {"bench", benchArtifact, "measure first and warm runs and each command"},
    {"profile", profileArtifact, "measure each command, few runs"},
    {"inspect", inspectArtifact, "print what is in the artifact"},
    {"verify", verifyArtifact, "check structure, meaning and all digests"},
    {"check", checkList, "run the cases of a list, compare with files"}};

const Command *findCommand(const char *name) {
  for (const Command &command : kCommands)
    if (std::string(command.name) == name)
      return &command;
  return nullptr;
}

} // namespace

void runArtifact(const RuntimeOptions &options) {
  Model model(options);
  model.makeInputs(options, options.random);
  model.makeOutputs();
  model.run();
  JsonWriter json;
  json.beginObject();
  json.field("device", model.module.device());
  json.key("outputs").beginArray();
  for (uint32_t i = 0; i < model.entryInfo.output_count; ++i) {
    visir_tensor_info_t info = model.module.output(model.entry, i);
    TensorSummary summary = summarise(model.outputs[i]);
    writeOutput(options, info.name, model.outputs[i]);
    if (options.json)
      summaryJson(info, summary, json);
    else
      print(summaryText(info, summary));
  }
  json.endArray();
  if (options.top != 0 && !model.outputs.empty()) {
    auto ranks = rank(model.outputs[0], options.top, options.labels);
    if (options.json)
      ranksJson(ranks, json);
    else
      print(ranksText(ranks));
  }
  json.endObject();
  if (options.json)
    printJson(json);
}

static void measureAndReport(const RuntimeOptions &options, bool firstRuns) {
  FirstRun cold, cached;
  if (firstRuns) {
    cold = measureFirstRun(options, true);
    cached = measureFirstRun(options, false);
  }
  Model model(options);
  model.makeInputs(options, true);
  model.makeOutputs();
  Benchmark benchmark = measure(model, options);
  benchmark.firstRuns = firstRuns;
  benchmark.cold = cold;
  benchmark.cached = cached;
  if (!options.trace.empty())
    writeText(options.trace, benchmarkTrace(model, benchmark));
  if (!options.html.empty())
    writeText(options.html, htmlReport(model.module, model.entry, &benchmark));
  if (!options.json)
    return print(options.calibrate
                     ? calibrationText(model, benchmark, options)
                     : benchmarkText(model, benchmark, options));
  JsonWriter json;
  benchmarkJson(model, benchmark, options, json);
  printJson(json);
}

void benchArtifact(const RuntimeOptions &options) {
  measureAndReport(options, true);
}

void profileArtifact(const RuntimeOptions &options) {
  // The same measurements; few whole runs, since the commands matter.
  RuntimeOptions shorter = options;
  if (shorter.runs == 0)
    shorter.runs = 5;
  measureAndReport(shorter, false);
}

void inspectArtifact(const RuntimeOptions &options) {
  rt::Context context(1);
  rt::Module module(context, options.artifact, VISIR_MODULE_INSPECT,
                    options.target.empty() ? nullptr : options.target.c_str());
  if (!options.html.empty())
    writeText(options.html, htmlReport(module, module.findEntry(options.entry),
                                       /*benchmark=*/nullptr));
  if (!options.json)
    return print(inspectText(module, options.top));
  JsonWriter json;
  inspectJson(module, options.top, json);
  printJson(json);
}

void verifyArtifact(const RuntimeOptions &options) {
  rt::Context context(1);
  rt::Module module(context, options.artifact, VISIR_MODULE_INSPECT);
  module.verifyDigests();
  if (!options.json)
    return print("ok\n");
  JsonWriter json;
  json.beginObject();
  json.field("ok", true);
  json.endObject();
  printJson(json);
}

std::string runtimeCommandsHelp() {
  std::string text;
  for (const Command &command : kCommands)
    text += "  " + std::string(command.name) +
            std::string(10 - std::string(command.name).size(), ' ') +
            command.summary + "\n";
  return text + "  devices   list the devices that this build can run on\n";
}

const char *exitCodesHelp() {
  return "exit codes: 0 success, 1 failure, 64 wrong command line\n";
}

bool isRuntimeCommand(const char *name) {
  return findCommand(name) || strcmp(name, "devices") == 0;
}

int runtimeCommand(const char *name, int count, const char *const *words) {
  const Command *command = findCommand(name);
  try {
    if (strcmp(name, "devices") == 0) {
      listDevices(count, words);
      return kExitOk;
    }
    if (!command)
      throw UsageError(std::string("command is \"") + name +
                       "\", expected run, generate, bench, profile, inspect, verify, "
                       "check or devices");
    if (asksForHelp(count, words)) {
      const char *file = command->run == checkList ? "LIST" : "ARTIFACT.visir";
      print(std::string(name) + " " + file + " [OPTIONS]: " +
            command->summary + "\n\n" +
            runtimeOptionsHelp(name) + "\n" + exitCodesHelp());
      return kExitOk;
    }
    command->run(parseRuntimeOptions(count, words, name));
    return kExitOk;
  } catch (const UsageError &error) {
    fprintf(stderr, "error: %s\n", error.what());
    return kExitUsage;
  } catch (const std::exception &error) {
    fprintf(stderr, "error: %s\n", error.what());
    return kExitFailed;
  }
}

} // namespace visir::tools
