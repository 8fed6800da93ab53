// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/codegen/NarrowFloats.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
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

/// Memory of f16, which cooperative matrices read, takes f16.
struct ConvertStore : OpConversionPattern<memref::StoreOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(memref::StoreOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!op.getMemRefType().getElementType().isF16())
      return failure();
    Value pointer = spirv::getElementPtr(
        *getTypeConverter<SPIRVTypeConverter>(), op.getMemRefType(),
        adaptor.getMemref(), adaptor.getIndices(), op.getLoc(), rewriter);
    Value half = spirv::BitcastOp::create(
        rewriter, op.getLoc(), rewriter.getF16Type(), adaptor.getValue());
    rewriter.replaceOpWithNewOp<spirv::StoreOp>(op, pointer, half);
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
  patterns.add<ConvertBitcast, ConvertConstant, ConvertSelect, ConvertStore>(
      types, patterns.getContext(), kBenefit);
}
