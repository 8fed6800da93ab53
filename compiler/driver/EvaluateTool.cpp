// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line of visir-evaluate.
#include "compiler/driver/Evaluate.h"

#include "compiler/driver/commands/Arguments.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <iostream>

using namespace llvm;
using namespace visir;

static const char usage[] = R"(usage: visir-evaluate MODEL [options]
       visir-evaluate --batch

Runs a model (.onnx or IR text) in the reference interpreter, or compiles it
for a target and runs that.

  --inputs FILE    .npz by input names, or .npy for the only input
  --outputs FILE   .npz to write
  --wide           write floats as f64
  --entry NAME     function to run (the first one)
  --shape NAME=AxB extents of an input
  --bind NAME=V    value of an input that becomes a constant, or a .npy file
  --noise SOURCE   what random nodes draw from, as of visir compile
  --passes TEXT    passes to run before ("visir-graph-to-dispatch"), or a phase
                   up to which all run ("fused")
  --target NAME    compile for this target and run ("host"), or emulate the
                   kernels of an architecture of CUDA ("emulated:sm_80")
  --runner COMMAND visir-rt of the target, which runs the artifacts, with the
                   emulator or remote shell before it
  --precision NAME of the target's program: fp32, tf32, fp16 or bf16
  --batch          read lines of MODEL, inputs, outputs, the names of inputs
                   to bind (by commas), passes, target and precision, separated
                   by tabs; answer each with "done", "failed TEXT" or "refused
                   TEXT"
)";

/// Sets the precision from its name; else says what is wrong.
static std::string setPrecision(EvaluateOptions &options, StringRef name) {
  auto precision = parsePrecision(name);
  if (!precision)
    return ("precision is " + name + ", expected fp32, tf32, fp16 or bf16")
        .str();
  options.precision = *precision;
  return "";
}

/// Reads the arguments; false, with `problem` set, if they are wrong.
static bool parseArguments(ArrayRef<char *> arguments, EvaluateOptions &options,
                           bool &batch, std::string &problem) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    StringRef argument = arguments[i];
    auto value = [&]() -> std::string {
      if (i + 1 < arguments.size())
        return arguments[++i];
      problem = ("value of " + argument + " is missing").str();
      return "";
    };
    if (argument == "--batch")
      batch = true;
    else if (argument == "--wide")
      options.wide = true;
    else if (argument == "--inputs")
      options.inputs = value();
    else if (argument == "--outputs")
      options.outputs = value();
    else if (argument == "--entry")
      options.entry = value();
    else if (argument == "--passes")
      options.passes = value();
    else if (argument == "--target")
      options.target = value();
    else if (argument == "--runner")
      options.runner = value();
    else if (argument == "--precision") {
      std::string name = value();
      if (problem.empty())
        problem = setPrecision(options, name);
    } else if (argument == "--shape")
      options.shapes.push_back(value());
    else if (argument == "--bind")
      options.bindings.push_back(value());
    else if (argument == "--noise")
      options.noise = value();
    else if (argument.starts_with("-") || !options.model.empty())
      problem = ("argument is " + argument + ", expected one of --help").str();
    else
      options.model = argument.str();
  }
  if (problem.empty() && !batch && options.model.empty())
    problem = "model is missing";
  return problem.empty();
}

/// One line for each case, so that a caller can wait for it.
static int runBatch(const EvaluateOptions &shared,
                    const MakeRunner &makeRunner) {
  std::string line;
  while (std::getline(std::cin, line)) {
    SmallVector<StringRef> fields;
    StringRef(line).split(fields, '\t');
    if (fields.size() < 3) {
      outs() << "refused line has " << fields.size()
             << " fields, expected at least 3\n";
      outs().flush();
      continue;
    }
    EvaluateOptions options = shared;
    options.model = fields[0].str();
    options.inputs = fields[1].str();
    options.outputs = fields[2].str();
    SmallVector<StringRef> names;
    if (fields.size() > 3)
      fields[3].split(names, ',', -1, /*KeepEmpty=*/false);
    for (StringRef name : names)
      options.bound.push_back(name.str());
    if (fields.size() > 4 && !fields[4].empty())
      options.passes = fields[4].str();
    if (fields.size() > 5 && !fields[5].empty())
      options.target = fields[5].str();
    std::string text;
    if (fields.size() > 6 && !fields[6].empty())
      text = setPrecision(options, fields[6]);
    EvaluateStatus status = text.empty()
                                ? evaluateFiles(options, text, makeRunner)
                                : EvaluateStatus::Refused;
    std::replace(text.begin(), text.end(), '\n', ' ');
    outs() << (status == EvaluateStatus::Done     ? "done"
               : status == EvaluateStatus::Failed ? "failed "
                                                  : "refused ")
           << (status == EvaluateStatus::Done ? "" : text) << "\n";
    outs().flush();
  }
  return 0;
}

int visir::runEvaluate(int argc, char **argv, const MakeRunner &makeRunner) {
  ArrayRef<char *> arguments(argv + 1, argc - 1);
  if (arguments.empty() || is_contained(arguments, StringRef("--help"))) {
    outs() << usage;
    return arguments.empty() ? kExitUsage : 0;
  }
  EvaluateOptions options;
  bool batch = false;
  std::string problem;
  if (!parseArguments(arguments, options, batch, problem)) {
    errs() << "error: " << problem << "\n";
    return kExitUsage;
  }
  if (batch)
    return runBatch(options, makeRunner);
  std::string text;
  EvaluateStatus status = evaluateFiles(options, text, makeRunner);
  for (StringRef line : split(StringRef(text).rtrim(), '\n'))
    if (!line.empty())
      errs() << "error: " << line << "\n";
  return int(status);
}
