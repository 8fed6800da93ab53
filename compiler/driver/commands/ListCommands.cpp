// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `visir ops` and `visir targets`: what this build supports.
#include "compiler/driver/commands/Commands.h"

#include "frontends/onnx/Import.h"
#include "targets/cpu/codegen/Kernel.h"

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
  for (StringRef name :
       {"x86-64-v2", "x86-64-v3", "x86-64-v4", "aarch64", "host"}) {
    const cpu::CpuSpec *spec = cpu::findSpec(name);
    if (!spec)
      continue;
    if (json)
      rows.push_back(json::Object{{"name", name.str()},
                                  {"cpu", spec->cpu},
                                  {"vector_bytes", spec->vectorBytes}});
    else
      outs() << "  " << name << std::string(12 - name.size(), ' ')
             << spec->vectorBytes * 8 << "-bit vectors, LLVM cpu "
             << spec->cpu << "\n";
  }
  if (json)
    outs() << json::Value(std::move(rows)) << "\n";
  return kExitOk;
}
