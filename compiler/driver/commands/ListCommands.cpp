// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `visir ops` and `visir targets`: what this build supports.
#include "compiler/driver/commands/Commands.h"

#include "frontends/onnx/Import.h"
#include "compiler/pipeline/Targets.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace visir;

int visir::opsCommand(ArrayRef<char *> raw) {
  bool json = false;
  Arguments arguments("ops [--json]",
                      "Lists the ONNX operators that can be imported.");
  arguments.flag("--json", "as JSON", json);
  if (auto exit = arguments.parse(raw))
    return *exit;
  OnnxVersions versions = onnxVersions();
  if (json) {
    json::Array rows;
    for (const OnnxSupport &row : onnxSupport())
      rows.push_back(json::Object{{"op", row.opType},
                                  {"first_opset", row.firstOpset}});
    outs() << json::Value(json::Object{
                  {"first_opset", versions.firstOpset},
                  {"last_opset", versions.lastOpset},
                  {"operators", std::move(rows)}})
           << "\n";
    return kExitOk;
  }
  outs() << "ONNX operators of the default domain, opset "
         << versions.firstOpset << " to " << versions.lastOpset
         << " (IR version " << versions.firstIr << " to " << versions.lastIr
         << ")\n";
  for (const OnnxSupport &row : onnxSupport())
    outs() << "  " << row.opType << " (since " << row.firstOpset << ")\n";
  return kExitOk;
}

int visir::targetsCommand(ArrayRef<char *> raw) {
  bool json = false;
  Arguments arguments("targets [--json]",
                      "Lists the targets that models can be compiled for.");
  arguments.flag("--json", "as JSON", json);
  if (auto exit = arguments.parse(raw))
    return *exit;
  json::Array rows;
  for (const TargetDescription &target : describeTargets()) {
    if (json)
      rows.push_back(
          json::Object{{"name", target.name}, {"text", target.text}});
    else
      outs() << "  " << left_justify(target.name, 20) << target.text << "\n";
  }
  if (json)
    outs() << json::Value(std::move(rows)) << "\n";
  return kExitOk;
}
