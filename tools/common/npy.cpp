// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/npy.h"

#include <cstdio>

namespace visir::tools {
namespace {

constexpr char kMagic[] = "\x93NUMPY";
constexpr size_t kMagicBytes = 6;
constexpr size_t kMaxRank = 64; // NumPy's

struct DtypeRow {
  const char *name;
  visir_dtype_t dtype;
};

// The first row of a dtype is the one written.
constexpr DtypeRow kDtypes[] = {
    {"<f4", VISIR_F32}, {"<f8", VISIR_F64}, {"<f2", VISIR_F16},
    {"|i1", VISIR_I8},  {"|u1", VISIR_U8},  {"<i2", VISIR_I16},
    {"<u2", VISIR_U16}, {"<i4", VISIR_I32}, {"<u4", VISIR_U32},
    {"<i8", VISIR_I64}, {"<u8", VISIR_U64}, {"|b1", VISIR_BOOL},
    {"<u2", VISIR_BF16}};

struct Close {
  void operator()(FILE *file) const { fclose(file); }
};
using FileHandle = std::unique_ptr<FILE, Close>;

[[noreturn]] void fail(const std::string &path, const std::string &text) {
  throw std::runtime_error("\"" + path + "\": " + text);
}

// The beginning of what a file says, which may be long.
std::string shortened(const std::string &text) {
  return text.size() <= 64 ? text : text.substr(0, 64) + "...";
}

FileHandle openFile(const std::string &path, const char *mode) {
  FileHandle file(fopen(path.c_str(), mode));
  if (!file)
    fail(path, "cannot be opened");
  return file;
}

// The text after 'key': up to a comma outside of parentheses.
std::string valueOf(const std::string &header, const std::string &key,
                    const std::string &path) {
  size_t at = header.find("'" + key + "'");
  size_t colon = at == std::string::npos ? at : header.find(':', at);
  if (colon == std::string::npos)
    fail(path, "header has no '" + key + "'");
  size_t begin = header.find_first_not_of(' ', colon + 1);
  if (begin == std::string::npos)
    fail(path, "header has no value for '" + key + "'");
  size_t end = header[begin] == '(' ? header.find(')', begin)
                                    : header.find_first_of(",}", begin);
  if (end == std::string::npos)
    fail(path, "header has no end of '" + key + "'");
  return header.substr(begin, end - begin);
}

visir_dtype_t parseDtype(std::string text, const std::string &path) {
  if (text.size() == 5)
    text = text.substr(1, 3); // quotes
  for (const DtypeRow &row : kDtypes)
    if (text == row.name)
      return row.dtype;
  fail(path,
       "dtype is " + shortened(text) + ", expected a little-endian number");
}

std::vector<int64_t> parseShape(const std::string &text,
                                const std::string &path) {
  constexpr uint64_t most = uint64_t(1) << 40;
  std::vector<int64_t> dims;
  uint64_t elements = 1;
  const char *at = text.c_str();
  for (at += strcspn(at, "0123456789"); *at != '\0';
       at += strcspn(at, "0123456789")) {
    char *end;
    unsigned long long dim = strtoull(at, &end, 10);
    at = end;
    if (dim > most || __builtin_mul_overflow(elements, dim, &elements) ||
        elements > most || dims.size() == kMaxRank)
      fail(path,
           "shape is " + shortened(text) + "), expected sizes that fit memory");
    dims.push_back(static_cast<int64_t>(dim));
  }
  return dims;
}

// Bytes from where the file stands to its end.
uint64_t bytesLeft(FILE *file, const std::string &path) {
  long begin = ftell(file);
  if (begin < 0 || fseek(file, 0, SEEK_END) != 0)
    fail(path, "cannot be read");
  auto bytes = static_cast<uint64_t>(ftell(file) - begin);
  fseek(file, begin, SEEK_SET);
  return bytes;
}

// Before memory is taken for it: the file must hold what its header promises.
void checkSize(FILE *file, visir_dtype_t dtype,
               const std::vector<int64_t> &dims, const std::string &path) {
  uint64_t expected = visir_dtype_bytes(dtype);
  for (int64_t dim : dims)
    expected *= static_cast<uint64_t>(dim);
  uint64_t actual = bytesLeft(file, path);
  if (actual < expected)
    fail(path, "data size is " + std::to_string(actual) + ", expected " +
                   std::to_string(expected));
}

std::string readHeader(FILE *file, const std::string &path) {
  unsigned char start[kMagicBytes + 2], length[4] = {};
  if (fread(start, 1, sizeof(start), file) != sizeof(start) ||
      memcmp(start, kMagic, kMagicBytes) != 0)
    fail(path, "is not a .npy file");
  size_t lengthBytes = start[kMagicBytes] == 1 ? 2 : 4;
  if (start[kMagicBytes] < 1 || start[kMagicBytes] > 3)
    fail(path, "format version is " + std::to_string(start[kMagicBytes]) +
                   ", expected 1..3");
  bool complete = fread(length, 1, lengthBytes, file) == lengthBytes;
  uint32_t bytes = length[0] | length[1] << 8 | length[2] << 16 |
                   static_cast<uint32_t>(length[3]) << 24;
  if (!complete || bytes > (1u << 20))
    fail(path, "header is damaged");
  std::string header(bytes, '\0');
  if (fread(header.data(), 1, bytes, file) != bytes)
    fail(path, "header is cut short");
  return header;
}

// Row-major copy of column-major elements.
rt::Tensor fromFortran(const rt::Tensor &source) {
  rt::Tensor result(source.dtype(), source.dims());
  size_t size = visir_dtype_bytes(source.dtype());
  const std::vector<int64_t> &dims = source.dims();
  std::vector<int64_t> position(dims.size());
  for (size_t index = 0; index < source.elements(); ++index) {
    size_t row = 0;
    for (size_t i = 0; i < dims.size(); ++i)
      row =
          row * static_cast<size_t>(dims[i]) + static_cast<size_t>(position[i]);
    memcpy(result.as<char>() + row * size, source.as<char>() + index * size,
           size);
    for (size_t i = 0; i < dims.size() && ++position[i] == dims[i]; ++i)
      position[i] = 0;
  }
  return result;
}

} // namespace

rt::Tensor readNpy(const std::string &path) {
  FileHandle file = openFile(path, "rb");
  std::string header = readHeader(file.get(), path);
  visir_dtype_t dtype = parseDtype(valueOf(header, "descr", path), path);
  bool fortran = valueOf(header, "fortran_order", path) == "True";
  std::vector<int64_t> dims = parseShape(valueOf(header, "shape", path), path);
  checkSize(file.get(), dtype, dims, path);
  rt::Tensor tensor(dtype, dims);
  if (fread(tensor.data(), 1, tensor.bytes(), file.get()) != tensor.bytes())
    fail(path, "cannot be read");
  return fortran ? fromFortran(tensor) : std::move(tensor);
}

void writeNpy(const std::string &path, const rt::Tensor &tensor) {
  std::string header = "{'descr': '";
  for (const DtypeRow &row : kDtypes) {
    if (row.dtype == tensor.dtype()) {
      header += row.name;
      break;
    }
  }
  header += "', 'fortran_order': False, 'shape': (";
  for (int64_t dim : tensor.dims())
    header += std::to_string(dim) + ",";
  header += "), }";
  // The data begins at a multiple of 64.
  size_t start = kMagicBytes + 4;
  header.append(63 - (start + header.size()) % 64, ' ');
  header += '\n';
  FileHandle file = openFile(path, "wb");
  unsigned char fixed[4] = {1, 0, static_cast<unsigned char>(header.size()),
                            static_cast<unsigned char>(header.size() >> 8)};
  bool written =
      fwrite(kMagic, 1, kMagicBytes, file.get()) == kMagicBytes &&
      fwrite(fixed, 1, 4, file.get()) == 4 &&
      fwrite(header.data(), 1, header.size(), file.get()) == header.size() &&
      fwrite(tensor.data(), 1, tensor.bytes(), file.get()) == tensor.bytes();
  if (!written || fflush(file.get()) != 0)
    fail(path, "cannot be written");
}

void readRaw(const std::string &path, rt::Tensor &tensor) {
  FileHandle file = openFile(path, "rb");
  uint64_t actual = bytesLeft(file.get(), path);
  if (actual != tensor.bytes())
    fail(path, "size is " + std::to_string(actual) + ", expected " +
                   std::to_string(tensor.bytes()));
  if (fread(tensor.data(), 1, tensor.bytes(), file.get()) != tensor.bytes())
    fail(path, "cannot be read");
}

void writeRaw(const std::string &path, const rt::Tensor &tensor) {
  FileHandle file = openFile(path, "wb");
  if (fwrite(tensor.data(), 1, tensor.bytes(), file.get()) != tensor.bytes() ||
      fflush(file.get()) != 0)
    fail(path, "cannot be written");
}

} // namespace visir::tools
