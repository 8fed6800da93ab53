// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensor bytes that lie in files beside the model.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_EXTERNALDATA_H
#define VISIR_FRONTENDS_ONNX_IMPORT_EXTERNALDATA_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace visir::onnx {

/// Reads files of one folder and its subfolders. A location must be relative,
/// without "..", and no part of it may be a symbolic link; the file must be
/// a regular one with a single hard link, so that a model from a stranger
/// reads nothing but what came with it.
class ExternalData {
public:
  explicit ExternalData(std::string folder) : folder_(std::move(folder)) {}

  /// Reads `length` bytes from `offset` on; allocates after the file is known
  /// to hold them. Returns an error text that completes "external data
  /// '<location>' ...", or an empty string.
  std::string read(llvm::StringRef location, uint64_t offset, uint64_t length,
                   llvm::SmallVectorImpl<char> &out) const;

private:
  std::string folder_;
};

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_EXTERNALDATA_H
