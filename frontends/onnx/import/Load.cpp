// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Load.h"

#include "frontends/onnx/Import.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/MemoryBuffer.h"

#include <google/protobuf/io/coded_stream.h>

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Messages within messages; real models stay below 20.
static constexpr int kMaxNesting = 64;

OnnxVersions visir::onnxVersions() {
  return {kFirstOpset, kLastOpset, kFirstIr, kLastIr};
}

static LogicalResult checkVersions(const ::onnx::ModelProto &model,
                                   Location loc) {
  int64_t ir = model.ir_version();
  if (ir < kFirstIr || ir > kLastIr)
    return emitError(loc) << "IR version is " << ir << ", expected "
                          << kFirstIr << " .. " << kLastIr;
  for (const auto &import : model.opset_import()) {
    if (!import.domain().empty() && import.domain() != "ai.onnx")
      continue;
    int64_t opset = import.version();
    if (opset < kFirstOpset || opset > kLastOpset)
      return emitError(loc) << "opset is " << opset << ", expected "
                            << kFirstOpset << " .. " << kLastOpset;
  }
  return success();
}

std::unique_ptr<::onnx::ModelProto> visir::onnx::loadModel(StringRef path,
                                                           Location loc,
                                                           bool &unsupported) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer) {
    emitError(loc) << "cannot read '" << path
                   << "': " << buffer.getError().message();
    return nullptr;
  }
  StringRef bytes = (*buffer)->getBuffer();
  if (bytes.size() > INT32_MAX) {
    emitError(loc) << "size is " << bytes.size() << " bytes, expected at most "
                   << INT32_MAX << " (keep weights as external data)";
    return nullptr;
  }
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
  stream.SetRecursionLimit(kMaxNesting);
  auto model = std::make_unique<::onnx::ModelProto>();
  if (!model->ParseFromCodedStream(&stream) ||
      !stream.ConsumedEntireMessage()) {
    emitError(loc) << "'" << path << "' is not an ONNX file: its protobuf "
                   << "encoding is broken";
    return nullptr;
  }
  if (failed(checkVersions(*model, loc))) {
    unsupported = model->ir_version() > 0; // a file that lacks it is broken
    return nullptr;
  }
  if (!model->has_graph()) {
    emitError(loc) << "the file has no graph";
    return nullptr;
  }
  return model;
}
