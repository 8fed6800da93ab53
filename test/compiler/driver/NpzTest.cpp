// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Npz.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace visir;

namespace {

class NpzTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("npz", "npz", path));
  }
  void TearDown() override { llvm::sys::fs::remove(path); }

  /// The error of reading a file of these bytes.
  std::string readError(llvm::StringRef bytes) {
    std::error_code code;
    llvm::raw_fd_ostream(path, code) << bytes;
    auto arrays = readNumpy(path);
    return arrays ? "" : llvm::toString(arrays.takeError());
  }

  static std::string npy(const std::string &dictionary,
                         const std::string &data) {
    return std::string("\x93NUMPY\x01\x00", 8) + char(dictionary.size()) +
           '\0' + dictionary + data;
  }

  llvm::SmallString<128> path;
};

TEST_F(NpzTest, readsWhatItWrites) {
  std::vector<NpyArray> arrays{
      {"a/b", "f4", {2}, {0, 0, 0, 0, 0, 0, char(0x80), 0x3f}},
      {"empty", "i8", {0, 3}, {}},
      {"scalar", "b1", {}, {1}}};
  ASSERT_FALSE(bool(writeNpz(path, arrays)));
  auto read = readNumpy(path);
  ASSERT_TRUE(bool(read));
  ASSERT_EQ(read->size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*read)[i].name, arrays[i].name);
    EXPECT_EQ((*read)[i].dtype, arrays[i].dtype);
    EXPECT_EQ((*read)[i].shape, arrays[i].shape);
    EXPECT_EQ((*read)[i].bytes, arrays[i].bytes);
  }
}

TEST_F(NpzTest, turnsColumnsIntoRows) {
  EXPECT_EQ(readError(npy("{'descr': '|i1', 'fortran_order': True, 'shape': "
                          "(2, 3), }\n",
                          "adbecf")),
            "");
  auto read = readNumpy(path);
  ASSERT_TRUE(bool(read));
  EXPECT_EQ(std::string((*read)[0].bytes.begin(), (*read)[0].bytes.end()),
            "abcdef");
}

TEST_F(NpzTest, refusesWhatItCannotRead) {
  using testing::HasSubstr;
  EXPECT_THAT(readError("nonsense"), HasSubstr("is not a NumPy array"));
  EXPECT_THAT(readError(npy("{'descr': '>f4', 'fortran_order': False, "
                            "'shape': (), }",
                            "1234")),
              HasSubstr("dtype of"));
  EXPECT_THAT(readError(npy("{'descr': '<f4', 'fortran_order': False, "
                            "'shape': (2,), }",
                            "1234")),
              HasSubstr("has 4 bytes, expected 8"));
  EXPECT_THAT(readError(npy("{'descr': '<f4', 'fortran_order': False, "
                            "'shape': (2,x), }",
                            "1234")),
              HasSubstr("extent of an array is 'x', expected a number"));
  EXPECT_THAT(readError(npy("{'descr': [('a', '<f4')], 'fortran_order': "
                            "False, 'shape': (1,), }",
                            "1234")),
              HasSubstr("is a structured array, expected numbers"));
  EXPECT_THAT(readError("PK\x03\x04 cut off"),
              HasSubstr("archive has no directory"));
  auto missing = readNumpy("/no/such/file.npz");
  EXPECT_THAT(llvm::toString(missing.takeError()), HasSubstr("/no/such/file"));
}

// Texts, complex numbers and types without a size are longer, or shorter, than
// the numbers that callers take them for.
TEST_F(NpzTest, refusesOtherTypes) {
  for (const char *type : {"", "<", "<U9", "|S100", "<c16", "<f3", "<f16", "|V0",
                           "<f-4", "O"}) {
    std::string header = std::string("{'descr': '") + type +
                         "', 'fortran_order': False, 'shape': (1,), }";
    EXPECT_THAT(readError(npy(header, std::string(200, 'x'))),
                testing::HasSubstr(std::string(" is ") + type +
                                   ", expected little-endian numbers"));
  }
}

// The product of the extents wraps around to 0.
TEST_F(NpzTest, refusesExtentsBeyondMemory) {
  EXPECT_THAT(
      readError(npy("{'descr': '<i4', 'fortran_order': False, 'shape': "
                    "(4611686018427387904, 4), }",
                    "1234")),
      testing::HasSubstr("has 4 bytes, expected 18446744073709551615"));
}

TEST_F(NpzTest, refusesCompressedArchives) {
  std::string entry("PK\1\2", 4);
  entry.append(42, '\0');
  entry[10] = 8; // deflate
  std::string end("PK\5\6", 4);
  end.append(18, '\0');
  end[10] = 1;
  EXPECT_THAT(readError(entry + end),
              testing::HasSubstr(" is compressed, expected numpy.savez"));
}

} // namespace
