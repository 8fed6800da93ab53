// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Npz.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace visir;

template <class... Args> static Error error(const char *format, Args... args) {
  return createStringError(inconvertibleErrorCode(), format, args...);
}

static uint16_t read16(StringRef data, size_t at) {
  return support::endian::read16le(data.data() + at);
}

static uint32_t read32(StringRef data, size_t at) {
  return support::endian::read32le(data.data() + at);
}

/// The text of a key's value in the header's dictionary, from the character
/// after the colon on.
static StringRef valueOf(StringRef header, StringRef key) {
  return header.split(("'" + key + "':").str()).second.ltrim();
}

static Error parseShape(StringRef text, std::vector<int64_t> &shape) {
  StringRef list = text.take_until([](char c) { return c == ')'; });
  if (!list.consume_front("("))
    return error("array header has no shape");
  SmallVector<StringRef> extents;
  list.split(extents, ',', -1, /*KeepEmpty=*/false);
  for (StringRef extent : extents) {
    int64_t value;
    if (extent.trim().empty())
      continue;
    if (extent.trim().getAsInteger(10, value) || value < 0)
      return error("extent of an array is '%s', expected a number",
                   extent.str().c_str());
    shape.push_back(value);
  }
  return Error::success();
}

/// Changes a column-major array of items of `size` bytes to row-major.
static void toRowMajor(NpyArray &array, size_t size) {
  std::vector<char> result(array.bytes.size());
  std::vector<int64_t> index(array.shape.size());
  for (size_t to = 0; to < result.size(); to += size) {
    size_t from = 0;
    for (size_t d = index.size(); d-- > 0;)
      from = from * array.shape[d] + index[d];
    memcpy(result.data() + to, array.bytes.data() + from * size, size);
    for (size_t d = index.size(); d-- > 0;) {
      if (++index[d] < array.shape[d])
        break;
      index[d] = 0;
    }
  }
  array.bytes = std::move(result);
}

/// The bytes of an element, or 0 if the type is none of a number. NumPy has no
/// bfloat16: its bytes are "V2".
static size_t elementSize(StringRef dtype) {
  size_t size;
  bool isNumber = dtype.size() == 2 && StringRef("fiubV").contains(dtype[0]) &&
                  !dtype.drop_front().getAsInteger(10, size);
  return isNumber && isPowerOf2_64(size) ? size : 0;
}

/// The bytes of an array, or UINT64_MAX where no memory holds them.
static uint64_t arrayBytes(const NpyArray &array, size_t size) {
  uint64_t bytes = size;
  for (int64_t extent : array.shape) {
    bool overflows = false;
    bytes = SaturatingMultiply<uint64_t>(bytes, extent, &overflows);
    if (overflows)
      return UINT64_MAX;
  }
  return bytes;
}

static Expected<NpyArray> parseNpy(StringRef name, StringRef data) {
  if (!data.starts_with("\x93NUMPY") || data.size() < 12)
    return error("%s is not a NumPy array", name.str().c_str());
  bool old = data[6] == 1;
  size_t start = old ? 10 : 12;
  size_t length = old ? read16(data, 8) : read32(data, 8);
  if (start + length > data.size())
    return error("header of %s is cut off", name.str().c_str());
  StringRef header = data.substr(start, length);
  StringRef rest = data.drop_front(start + length);
  StringRef type = valueOf(header, "descr");
  if (!type.consume_front("'"))
    return error("%s is a structured array, expected numbers",
                 name.str().c_str());
  type = type.take_until([](char c) { return c == '\''; });
  NpyArray array;
  array.name = name.str();
  array.dtype = type.ltrim("<|=").str();
  size_t size = elementSize(array.dtype);
  if (type.starts_with(">") || size == 0)
    return error("dtype of %s is %s, expected little-endian numbers",
                 name.str().c_str(), type.take_front(64).str().c_str());
  if (Error problem = parseShape(valueOf(header, "shape"), array.shape))
    return std::move(problem);
  uint64_t bytes = arrayBytes(array, size);
  if (rest.size() < bytes)
    return error("%s has %zu bytes, expected %zu", name.str().c_str(),
                 rest.size(), size_t(bytes));
  array.bytes.assign(rest.begin(), rest.begin() + bytes);
  if (valueOf(header, "fortran_order").starts_with("True"))
    toRowMajor(array, size);
  return array;
}

static Expected<std::vector<NpyArray>> parseNpz(StringRef data) {
  size_t end = data.rfind("PK\5\6");
  if (end == StringRef::npos || end + 22 > data.size())
    return error("archive has no directory");
  size_t at = read32(data, end + 16);
  std::vector<NpyArray> arrays;
  for (int count = read16(data, end + 10); count > 0; --count) {
    if (at + 46 > data.size() || data.substr(at, 4) != "PK\1\2")
      return error("directory of the archive is damaged");
    size_t method = read16(data, at + 10), size = read32(data, at + 20);
    size_t nameLength = read16(data, at + 28);
    size_t local = read32(data, at + 42);
    StringRef name = data.substr(at + 46, nameLength);
    at += 46 + nameLength + read16(data, at + 30) + read16(data, at + 32);
    if (method != 0)
      return error("%s is compressed, expected numpy.savez",
                   name.str().c_str());
    if (local + 30 > data.size())
      return error("directory of the archive is damaged");
    size_t start =
        local + 30 + read16(data, local + 26) + read16(data, local + 28);
    name.consume_back(".npy");
    Expected<NpyArray> array = parseNpy(name, data.substr(start, size));
    if (!array)
      return array.takeError();
    arrays.push_back(std::move(*array));
  }
  return arrays;
}

Expected<std::vector<NpyArray>> visir::readNumpy(StringRef path) {
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false,
                                    /*RequiresNullTerminator=*/false);
  if (!file)
    return error("%s: %s", path.str().c_str(),
                 file.getError().message().c_str());
  StringRef data = (*file)->getBuffer();
  if (data.starts_with("PK"))
    return parseNpz(data);
  Expected<NpyArray> array = parseNpy(path, data);
  if (!array)
    return array.takeError();
  array->name.clear();
  std::vector<NpyArray> arrays;
  arrays.push_back(std::move(*array));
  return arrays;
}

/// The magic, the length and the padded dictionary of format version 1.
static std::string npyHeader(const NpyArray &array) {
  std::string dict;
  raw_string_ostream os(dict);
  const char *order = StringRef(array.dtype).ends_with("1") ? "|" : "<";
  os << "{'descr': '" << order << array.dtype
     << "', 'fortran_order': False, 'shape': (";
  for (int64_t extent : array.shape)
    os << extent << ",";
  os << "), }";
  dict.append(63 - (dict.size() + 10) % 64, ' ');
  dict += '\n';
  char length[2];
  support::endian::write16le(length, dict.size());
  return std::string("\x93NUMPY\x01\x00", 8) + std::string(length, 2) + dict;
}

namespace {
/// Little-endian fields written one after the other.
class Fields {
public:
  explicit Fields(raw_ostream &os) : os(os) {}
  Fields &u16(uint16_t value) { return put(value); }
  Fields &u32(uint32_t value) { return put(value); }

private:
  template <class T> Fields &put(T value) {
    for (size_t i = 0; i < sizeof(T); ++i)
      os << char(value >> (8 * i));
    return *this;
  }
  raw_ostream &os;
};
} // namespace

Error visir::writeNpz(StringRef path, ArrayRef<NpyArray> arrays) {
  std::error_code code;
  raw_fd_ostream os(path, code);
  if (code)
    return error("%s: %s", path.str().c_str(), code.message().c_str());
  std::string directory;
  raw_string_ostream central(directory);
  for (const NpyArray &array : arrays) {
    std::string header = npyHeader(array), name = array.name + ".npy";
    uint64_t size = header.size() + array.bytes.size(), offset = os.tell();
    if (offset + size > UINT32_MAX)
      return error("archive is larger than 4 GiB");
    uint32_t checksum = crc32(arrayRefFromStringRef(header));
    // zlib takes a null pointer as a question for the initial checksum.
    if (!array.bytes.empty())
      checksum = crc32(checksum, arrayRefFromStringRef(StringRef(
                                     array.bytes.data(), array.bytes.size())));
    auto common = [&](Fields fields) {
      // Version, flags, method (stored), time, date, checksum, sizes, names.
      fields.u16(20).u16(0).u16(0).u16(0).u16(0x21);
      fields.u32(checksum).u32(size).u32(size).u16(name.size()).u16(0);
    };
    os << "PK\3\4";
    common(Fields(os));
    os << name << header;
    os.write(array.bytes.data(), array.bytes.size());
    central << "PK\1\2";
    Fields(central).u16(20);
    common(Fields(central));
    Fields(central).u16(0).u16(0).u16(0).u32(0).u32(offset);
    central << name;
  }
  uint64_t start = os.tell();
  os << directory << "PK\5\6";
  Fields(os).u16(0).u16(0).u16(arrays.size()).u16(arrays.size());
  Fields(os).u32(directory.size()).u32(start).u16(0);
  os.close();
  if (os.has_error())
    return error("%s: %s", path.str().c_str(), os.error().message().c_str());
  return Error::success();
}
