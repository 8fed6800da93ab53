// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Tensor.h"

#include "compiler/support/Constants.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;
using ::onnx::TensorProto;

std::optional<int64_t>
visir::onnx::countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  bool empty = llvm::is_contained(shape, 0);
  for (int64_t extent : shape) {
    if (extent < 0 || extent > kMaxElements)
      return std::nullopt;
    if (!empty && count > kMaxElements / extent)
      return std::nullopt;
    count *= empty ? 1 : extent;
  }
  return empty ? 0 : count;
}

Type visir::onnx::elementTypeOf(MLIRContext *context, int dataType) {
  auto integer = [&](unsigned width, bool isSigned) {
    return IntegerType::get(context, width,
                            isSigned ? IntegerType::Signed
                                     : IntegerType::Unsigned);
  };
  switch (dataType) {
  case TensorProto::FLOAT: return Float32Type::get(context);
  case TensorProto::DOUBLE: return Float64Type::get(context);
  case TensorProto::FLOAT16: return Float16Type::get(context);
  case TensorProto::BFLOAT16: return BFloat16Type::get(context);
  case TensorProto::INT8: return integer(8, true);
  case TensorProto::INT16: return integer(16, true);
  case TensorProto::INT32: return integer(32, true);
  case TensorProto::INT64: return integer(64, true);
  case TensorProto::UINT8: return integer(8, false);
  case TensorProto::UINT16: return integer(16, false);
  case TensorProto::UINT32: return integer(32, false);
  case TensorProto::UINT64: return integer(64, false);
  case TensorProto::BOOL: return IntegerType::get(context, 1);
  default: return {};
  }
}

int visir::onnx::dataTypeOf(Type element) {
  for (int type = 1; type <= TensorProto::BFLOAT16; ++type)
    if (elementTypeOf(element.getContext(), type) == element)
      return type;
  return TensorProto::UNDEFINED;
}

std::string visir::onnx::dataTypeName(int dataType) {
  static const char *const names[] = {
      "UNDEFINED", "FLOAT",      "UINT8",    "INT8",   "UINT16",  "INT16",
      "INT32",     "INT64",      "STRING",   "BOOL",   "FLOAT16", "DOUBLE",
      "UINT32",    "UINT64",     "COMPLEX64", "COMPLEX128", "BFLOAT16",
      "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ",
      "UINT4", "INT4", "FLOAT4E2M1", "FLOAT8E8M0", "UINT2", "INT2"};
  if (dataType >= 0 && dataType < int(std::size(names)))
    return names[dataType];
  return "data type " + std::to_string(dataType);
}

static ReadTensor broken(const Twine &error) { return {{}, error.str(), false}; }

/// Reads the keys of external data into an offset and checks the length.
static std::string readExternal(const TensorProto &tensor,
                                const ExternalData &external,
                                uint64_t size,
                                SmallVectorImpl<char> &bytes) {
  std::string location;
  uint64_t offset = 0, length = size;
  for (const auto &entry : tensor.external_data()) {
    StringRef key = entry.key(), value = entry.value();
    if (key == "location")
      location = value.str();
    else if (key == "offset" && value.getAsInteger(10, offset))
      return ("offset is '" + value + "', expected a number").str();
    else if (key == "length" && value.getAsInteger(10, length))
      return ("length is '" + value + "', expected a number").str();
  }
  if (length != size)
    return ("length is " + Twine(length) + ", expected " + Twine(size)).str();
  std::string error = external.read(location, offset, size, bytes);
  if (error.empty())
    return error;
  return "external data '" + location + "' " + error;
}

/// Stores a typed field, whose words carry one element each.
template <typename Field>
static std::string readField(const Field &field, Type element, int64_t count,
                             MutableArrayRef<char> bytes) {
  if (field.size() != count)
    return ("number of elements is " + Twine(field.size()) + ", expected " +
            Twine(count))
        .str();
  for (int64_t i = 0; i < count; ++i) {
    if constexpr (std::is_floating_point_v<
                      std::decay_t<decltype(field.Get(0))>>)
      storeDouble(bytes, element, i, field.Get(i));
    else
      storeInt(bytes, element, i, field.Get(i));
  }
  return "";
}

static std::string readTyped(const TensorProto &tensor, Type element,
                             int64_t count, MutableArrayRef<char> bytes) {
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    return readField(tensor.float_data(), element, count, bytes);
  case TensorProto::DOUBLE:
    return readField(tensor.double_data(), element, count, bytes);
  case TensorProto::INT64:
    return readField(tensor.int64_data(), element, count, bytes);
  case TensorProto::UINT32:
  case TensorProto::UINT64:
    return readField(tensor.uint64_data(), element, count, bytes);
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
    // The words carry the bits of the halves.
    return readField(tensor.int32_data(),
                     IntegerType::get(element.getContext(), 16,
                                      IntegerType::Unsigned),
                     count, bytes);
  default:
    return readField(tensor.int32_data(), element, count, bytes);
  }
}

ReadTensor visir::onnx::readTensor(MLIRContext *context,
                                   const TensorProto &tensor,
                                   const ExternalData &external) {
  Type element = elementTypeOf(context, tensor.data_type());
  if (!element)
    return {{},
            "element type is " + dataTypeName(tensor.data_type()) +
                ", expected a float, integer or bool",
            true};
  if (tensor.has_segment())
    return broken("tensor has a segment, expected a whole tensor");
  SmallVector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  std::optional<int64_t> count = countElements(shape);
  if (!count)
    return broken("extents are negative or too large");
  auto type = RankedTensorType::get(shape, element);
  uint64_t size = tensorBytes(type);
  bool isExternal = tensor.data_location() == TensorProto::EXTERNAL;
  bool isRaw = !isExternal && tensor.has_raw_data();
  if (isRaw && tensor.raw_data().size() != size)
    return broken("raw data has " + Twine(tensor.raw_data().size()) +
                  " bytes, expected " + Twine(size));
  // Checked before anything is allocated for it: a file must hold what it
  // declares.
  if (!isExternal && !isRaw && uint64_t(*count) > tensor.ByteSizeLong())
    return broken("number of elements is less than " + Twine(*count));
  SmallVector<char, 0> bytes;
  std::string error;
  if (isExternal) {
    error = readExternal(tensor, external, size, bytes);
  } else if (isRaw) {
    bytes.assign(tensor.raw_data().begin(), tensor.raw_data().end());
  } else {
    bytes.resize(size);
    error = readTyped(tensor, element, *count, bytes);
  }
  if (!error.empty())
    return broken(error);
  if (element.isInteger(1))
    for (char &byte : bytes)
      byte = byte != 0;
  return {makeConstant(type, ArrayRef<char>(bytes)), "", false};
}
