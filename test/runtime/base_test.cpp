// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/base/checked.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

using namespace visir::runtime;

namespace {

std::string hexDigest(const std::string &text, Sha256::Method method) {
  uint8_t digest[kSha256Bytes];
  Sha256 hash(method);
  hash.update(text.data(), text.size());
  hash.finish(digest);
  std::string hex;
  char byte[3];
  for (uint8_t value : digest) {
    snprintf(byte, sizeof(byte), "%02x", value);
    hex += byte;
  }
  return hex;
}

class Sha256Test : public ::testing::TestWithParam<Sha256::Method> {};

// Vectors of FIPS 180-2, appendix B.
TEST_P(Sha256Test, StandardVectors) {
  EXPECT_EQ(hexDigest("", GetParam()), "e3b0c44298fc1c149afbf4c8996fb924"
                                       "27ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hexDigest("abc", GetParam()), "ba7816bf8f01cfea414140de5dae2223"
                                          "b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hexDigest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmno"
                      "mnopnopq",
                      GetParam()),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hexDigest(std::string(1000000, 'a'), GetParam()),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Any way of cutting the input into pieces gives the same digest.
TEST_P(Sha256Test, PiecesOfAnyLength) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += static_cast<char>(i * 7);
  std::string whole = hexDigest(text, Sha256::Method::portable);
  for (size_t piece = 1; piece < 150; ++piece) {
    Sha256 hash(GetParam());
    for (size_t i = 0; i < text.size(); i += piece)
      hash.update(text.data() + i, std::min(piece, text.size() - i));
    uint8_t digest[kSha256Bytes];
    hash.finish(digest);
    char first[3];
    snprintf(first, sizeof(first), "%02x", digest[0]);
    EXPECT_EQ(whole.substr(0, 2), first) << piece;
  }
}

TEST_P(Sha256Test, MethodsAgreeOnEveryLength) {
  std::string text;
  for (int i = 0; i < 200; ++i, text += static_cast<char>(i * 31))
    EXPECT_EQ(hexDigest(text, GetParam()),
              hexDigest(text, Sha256::Method::portable));
}

INSTANTIATE_TEST_SUITE_P(Methods, Sha256Test,
                         ::testing::Values(Sha256::Method::portable,
                                           Sha256::Method::best));

TEST(StatusTest, CarriesCodeTextAndPlace) {
  Status status = Status::error(StatusCode::malformed,
                                "rank is %u, expected at most %u", 9u, 8u);
  EXPECT_FALSE(status.ok());
  EXPECT_STREQ(status.text(), "rank is 9, expected at most 8");
  EXPECT_STREQ(status.at("input %d", 2).text(),
               "input 2: rank is 9, expected at most 8");
  EXPECT_EQ(status.at("input").code(), StatusCode::malformed);
  EXPECT_TRUE(Status().at("anywhere").ok());
}

TEST(StatusTest, CutsLongTexts) {
  std::string text(1000, 'x');
  Status status = Status::error(StatusCode::io, "%s", text.c_str());
  EXPECT_EQ(strlen(status.text()), Status::kTextBytes - 1);
  EXPECT_EQ(strlen(status.at("%s", text.c_str()).text()),
            Status::kTextBytes - 1);
}

TEST(CheckedTest, RangesDoNotWrap) {
  EXPECT_TRUE(rangeFits(0, 0, 0));
  EXPECT_TRUE(rangeFits(4, 6, 10));
  EXPECT_FALSE(rangeFits(4, 7, 10));
  EXPECT_FALSE(rangeFits(11, 0, 10));
  EXPECT_FALSE(rangeFits(8, UINT64_MAX, 10));
  uint64_t result;
  EXPECT_FALSE(checkedMul(uint64_t(1) << 33, uint64_t(1) << 33, &result));
  EXPECT_FALSE(checkedAdd(UINT64_MAX, 1, &result));
  EXPECT_TRUE(isPowerOfTwo(64));
  EXPECT_FALSE(isPowerOfTwo(0));
  EXPECT_FALSE(isPowerOfTwo(48));
}

} // namespace
