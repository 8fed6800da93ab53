// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/codegen/NarrowFloats.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"

using namespace mlir;
using namespace visir;

static bool isNarrowFloat(Type type) { return type.isF16() || type.isBF16(); }

namespace {

/// Bits stay bits.
struct ConvertBitcast : OpConversionPattern<arith::BitcastOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(arith::BitcastOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isNarrowFloat(op.getType()) && !isNarrowFloat(op.getIn().getType()))
      return failure();
    rewriter.replaceOp(op, adaptor.getIn());
    return success();
  }
};

struct ConvertConstant : OpConversionPattern<arith::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(arith::ConstantOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isNarrowFloat(op.getType()))
      return failure();
    llvm::APInt bits =
        cast<FloatAttr>(op.getValue()).getValue().bitcastToAPInt();
    Type type = getTypeConverter()->convertType(op.getType());
    rewriter.replaceOpWithNewOp<spirv::ConstantOp>(
        op, type, rewriter.getIntegerAttr(type, bits));
    return success();
  }
};

struct ConvertSelect : OpConversionPattern<arith::SelectOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(arith::SelectOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isNarrowFloat(op.getType()))
      return failure();
    rewriter.replaceOpWithNewOp<spirv::SelectOp>(
        op, adaptor.getCondition(), adaptor.getTrueValue(),
        adaptor.getFalseValue());
    return success();
  }
};

} // namespace

void vulkan::populateNarrowFloatPatterns(SPIRVTypeConverter &types,
                                         RewritePatternSet &patterns) {
  types.addConversion([](FloatType type) -> std::optional<Type> {
    if (!isNarrowFloat(type))
      return std::nullopt;
    return IntegerType::get(type.getContext(), 16);
  });
  // Tried before the patterns for types that SPIR-V has.
  constexpr unsigned kBenefit = 2;
  patterns.add<ConvertBitcast, ConvertConstant, ConvertSelect>(
      types, patterns.getContext(), kBenefit);
}
