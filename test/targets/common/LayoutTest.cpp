// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/Layout.h"

#include "compiler/support/Constants.h"

#include "mlir/IR/MLIRContext.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mlir;
using namespace visir;

namespace {

struct LayoutTest : testing::Test {
  LayoutTest() { context.loadDialect<VisirDialect>(); }

  ElementsAttr iota(ArrayRef<int64_t> shape) {
    auto type = RankedTensorType::get(shape, Float32Type::get(&context));
    SmallVector<char> bytes(tensorBytes(type));
    for (int64_t i = 0; i < type.getNumElements(); ++i)
      storeDouble(bytes, type.getElementType(), i, double(i + 1));
    return makeConstant(type, bytes);
  }
  std::vector<float> packed(ElementsAttr value, LayoutAttr layout) {
    SmallVector<char> bytes = packConstant(value, layout);
    std::vector<float> out(bytes.size() / 4);
    memcpy(out.data(), bytes.data(), bytes.size());
    return out;
  }
  MLIRContext context;
};

TEST_F(LayoutTest, RowMajorStrides) {
  Placement place = placementOf({2, 3, 4}, LayoutAttr());
  EXPECT_EQ(place.dims[0].stride, 12);
  EXPECT_EQ(place.dims[1].stride, 4);
  EXPECT_EQ(place.dims[2].stride, 1);
  EXPECT_EQ(place.elements, 24);
  EXPECT_FALSE(place.tiled());
}

TEST_F(LayoutTest, ChannelsLastConstant) {
  auto layout = LayoutAttr::get(&context, {0, 2, 1}, {}, {});
  EXPECT_THAT(packed(iota({1, 2, 3}), layout),
              testing::ElementsAre(1, 4, 2, 5, 3, 6));
}

TEST_F(LayoutTest, PanelsArePaddedWithZeros) {
  auto layout = LayoutAttr::get(&context, {1, 0}, {1}, {2});
  // K x N = 2 x 3: two panels of width two.
  EXPECT_THAT(packed(iota({2, 3}), layout),
              testing::ElementsAre(1, 2, 4, 5, 3, 0, 6, 0));
}

TEST_F(LayoutTest, RowMajorIsTheIdentity) {
  EXPECT_THAT(packed(iota({2, 2}), LayoutAttr()),
              testing::ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(packed(iota({}), LayoutAttr()), testing::ElementsAre(1));
}

TEST_F(LayoutTest, SizeCountsThePadding) {
  auto layout = LayoutAttr::get(&context, {1, 0}, {1}, {16});
  auto type =
      RankedTensorType::get({5, 36}, Float32Type::get(&context), layout);
  EXPECT_EQ(placedBytes(type), 48 * 5 * 4);
}

} // namespace
