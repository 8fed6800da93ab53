// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// TensorProto to constants.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_TENSOR_H
#define VISIR_FRONTENDS_ONNX_IMPORT_TENSOR_H

#include "frontends/onnx/import/ExternalData.h"
#include "frontends/onnx/import/Proto.h"

#include "mlir/IR/BuiltinAttributes.h"

namespace visir::onnx {

/// Tensors of more elements than this are refused wherever they come up.
constexpr int64_t kMaxElements = int64_t(1) << 40;
/// No axis of an input is longer: imports may enumerate an axis.
constexpr int64_t kMaxExtent = int64_t(1) << 26;

/// The product of the extents, or nothing when one is negative or the product
/// exceeds kMaxElements.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

/// The element type of TensorProto.DataType, or null.
mlir::Type elementTypeOf(mlir::MLIRContext *context, int dataType);
/// The data type of an element type that elementTypeOf gives.
int dataTypeOf(mlir::Type element);
/// "FLOAT", "STRING" ... or the number.
std::string dataTypeName(int dataType);

struct ReadTensor {
  /// Null when there is an error.
  mlir::ElementsAttr value;
  std::string error;
  /// The file is well-formed but the element type is not supported.
  bool unsupported = false;
};

ReadTensor readTensor(mlir::MLIRContext *context,
                      const ::onnx::TensorProto &tensor,
                      const ExternalData &external);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_TENSOR_H
