// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The caller's tensors: what is accepted, copied, refused.
#include "test/runtime/support/runner.h"

#include <gmock/gmock.h>

using namespace visir::testing;
using ::testing::HasSubstr;

namespace {

class TensorTest : public ::testing::Test {
protected:
  TensorTest() {
    visir_status_t status = runner.open(makeSample().finish());
    EXPECT_EQ(status.code, VISIR_OK) << status.message;
  }

  // Runs with the tensors as they are now; the text of the refusal.
  std::string refusal() {
    visir_status_t status = tensors.run(runner);
    EXPECT_EQ(status.code, VISIR_INVALID_ARGUMENT);
    return status.message;
  }

  Runner runner{2};
  SampleTensors tensors;
};

TEST_F(TensorTest, Counts) {
  EXPECT_STREQ(runner.run(0, {}, {}).message, "input count is 0, expected 3");
  EXPECT_STREQ(runner.run(1, {}, {}).message, "output count is 0, expected 1");
  EXPECT_STREQ(runner.run(2, {}, {}).message,
               "entry is 2, expected less than 2");
}

TEST_F(TensorTest, Dtype) {
  tensors.x.view.dtype = VISIR_F16;
  EXPECT_EQ(refusal(), "input 0 \"x\": dtype is f16, expected f32");
  tensors.x.view.dtype = static_cast<visir_dtype_t>(300);
  EXPECT_EQ(refusal(), "input 0 \"x\": dtype is invalid, expected f32");
}

TEST_F(TensorTest, RankAndDims) {
  tensors.y.view.rank = 1;
  EXPECT_EQ(refusal(), "output 0 \"y\": rank is 1, expected 2");
  tensors.y.view.rank = 2;
  tensors.y.dims[1] = 17;
  EXPECT_EQ(refusal(), "output 0 \"y\": dimension 1 is 17, expected 16");
  tensors.y.dims[1] = -16;
  EXPECT_EQ(refusal(), "output 0 \"y\": dimension 1 is -16, expected 16");
  tensors.y.view.dims = nullptr;
  EXPECT_EQ(refusal(), "output 0 \"y\": dims are null, expected 2");
}

TEST_F(TensorTest, Symbols) {
  tensors.s.dims[0] = 5;
  EXPECT_EQ(refusal(),
            "input 2 \"s\": dimension 0 is 5, expected 1..4 (\"n\")");
  tensors.s.dims[0] = 0;
  EXPECT_EQ(refusal(),
            "input 2 \"s\": dimension 0 is 0, expected 1..4 (\"n\")");
}

TEST_F(TensorTest, ScalarsFromInputs) {
  tensors.k[0] = 101;
  EXPECT_EQ(refusal(), "scalar 0 of command 3 is 101, expected 0..100");
  tensors.k[0] = -1;
  EXPECT_EQ(refusal(), "scalar 0 of command 3 is -1, expected 0..100");
  tensors.k[0] = int64_t(1) << 40;
  EXPECT_EQ(refusal(),
            "scalar 0 of command 3 is 1099511627776, expected 0..100");
}

TEST_F(TensorTest, NullData) {
  tensors.x.view.data = nullptr;
  EXPECT_EQ(refusal(), "input 0 \"x\": data is null, expected 256 bytes");
}

TEST_F(TensorTest, SharedMemory) {
  tensors.y.view.data = tensors.x.view.data;
  EXPECT_EQ(refusal(),
            "output 0 \"y\" shares memory with \"x\", expected no overlap");
  SampleTensors others;
  others.z.view.data = static_cast<char *>(others.y.view.data) + 192;
  EXPECT_STREQ(others.run(runner).message,
               "output 1 \"z\" shares memory with \"y\", expected no overlap");
}

TEST_F(TensorTest, Strides) {
  // x transposed in memory, y with a gap after each row.
  FloatTensor x(VISIR_F32, {16, 4}), y(VISIR_F32, {4, 20});
  for (int row = 0; row < 4; ++row)
    for (int column = 0; column < 16; ++column)
      x[column * 4 + row] = tensors.x[row * 16 + column];
  for (size_t i = 0; i < y.size; ++i)
    y[i] = -1;
  int64_t dims[] = {4, 16}, xStrides[] = {1, 4}, yStrides[] = {20, 1};
  x.view.dims = y.view.dims = dims;
  x.view.strides = xStrides;
  y.view.strides = yStrides;
  visir_status_t status = runner.run(
      0, {x.view, tensors.k.view, tensors.s.view}, {y.view, tensors.z.view});
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  for (int row = 0; row < 4; ++row) {
    for (int column = 0; column < 16; ++column)
      EXPECT_EQ(y[row * 20 + column],
                101.0f * static_cast<float>(row * 16 + column) + 0.5f);
    for (int column = 16; column < 20; ++column)
      EXPECT_EQ(y[row * 20 + column], -1.0f);
  }
}

TEST_F(TensorTest, NegativeAndZeroStrides) {
  // x reversed along its rows; s one row, repeated.
  FloatTensor x(VISIR_F32, {4, 16}), s(VISIR_F32, {16});
  for (int row = 0; row < 4; ++row)
    for (int column = 0; column < 16; ++column)
      x[(3 - row) * 16 + column] = tensors.x[row * 16 + column];
  for (int i = 0; i < 16; ++i)
    s[i] = 0.5f;
  int64_t dims[] = {4, 16}, xStrides[] = {-16, 1}, sStrides[] = {0, 1};
  x.view.strides = xStrides;
  x.view.data = x.values + 48;
  s.view.rank = 2;
  s.view.dims = dims;
  s.view.strides = sStrides;
  visir_status_t status = runner.run(0, {x.view, tensors.k.view, s.view},
                                     {tensors.y.view, tensors.z.view});
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  tensors.expectResults();
}

TEST_F(TensorTest, StridesBeyondMemory) {
  int64_t strides[] = {INT64_MAX, 1};
  tensors.x.view.strides = strides;
  EXPECT_EQ(refusal(), "input 0 \"x\": stride 0 is 9223372036854775807, "
                       "expected one within memory");
  strides[0] = INT64_MAX / 4;
  EXPECT_EQ(refusal(),
            "input 0 \"x\": strides reach beyond memory, expected smaller "
            "ones");
}

} // namespace
