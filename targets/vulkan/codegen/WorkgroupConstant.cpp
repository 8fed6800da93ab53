// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/codegen/WorkgroupConstant.h"

#include "targets/vulkan/abi/kernel_abi.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"

using namespace mlir;
using namespace visir;

namespace {

struct ConvertBlockSize : OpConversionPattern<gpu::BlockDimOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(gpu::BlockDimOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto abi = spirv::lookupEntryPointABI(op);
    auto module = op->getParentOfType<spirv::ModuleOp>();
    if (!abi || !module || op.getDimension() != gpu::Dimension::x)
      return failure();
    constexpr const char *kNames[] = {"workgroup_x", "workgroup_y",
                                      "workgroup_z"};
    Type i32 = rewriter.getI32Type();
    if (!module.lookupSymbol(kNames[0])) {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointToStart(module.getBody());
      SmallVector<Attribute> parts;
      for (auto [i, name] : llvm::enumerate(kNames)) {
        int32_t size = abi.getWorkgroupSize().asArrayRef()[i];
        auto constant = spirv::SpecConstantOp::create(
            rewriter, op.getLoc(), name, rewriter.getI32IntegerAttr(size));
        if (i == 0)
          constant->setAttr("spec_id", rewriter.getI32IntegerAttr(
                                           VISIR_VULKAN_WORKGROUP_CONSTANT));
        parts.push_back(FlatSymbolRefAttr::get(op.getContext(), name));
      }
      spirv::SpecConstantCompositeOp::create(
          rewriter, op.getLoc(), VectorType::get(3, i32),
          StringRef("workgroup"), rewriter.getArrayAttr(parts));
    }
    rewriter.replaceOpWithNewOp<spirv::ReferenceOfOp>(op, i32,
                                                      StringRef(kNames[0]));
    return success();
  }
};

} // namespace

void vulkan::populateWorkgroupPatterns(SPIRVTypeConverter &types,
                                       RewritePatternSet &patterns) {
  // Tried before the pattern that takes the entry point's size, which has 10.
  constexpr unsigned kBenefit = 20;
  patterns.add<ConvertBlockSize>(types, patterns.getContext(), kBenefit);
}

void vulkan::decorateWorkgroup(std::vector<uint32_t> &words) {
  constexpr size_t kHeaderWords = 5;
  size_t decorations = 0;
  uint32_t constant = 0;
  for (size_t at = kHeaderWords; at < words.size();) {
    auto opcode = static_cast<spirv::Opcode>(words[at] & 0xffff);
    if (opcode == spirv::Opcode::OpDecorate && !decorations)
      decorations = at;
    if (opcode == spirv::Opcode::OpSpecConstantComposite)
      constant = words[at + 2];
    at += words[at] >> 16;
  }
  if (!constant)
    return;
  // The other constant's number is a decoration, so there is one.
  constexpr uint32_t kWords = 4;
  const uint32_t added[kWords] = {
      kWords << 16 | uint32_t(spirv::Opcode::OpDecorate), constant,
      uint32_t(spirv::Decoration::BuiltIn),
      uint32_t(spirv::BuiltIn::WorkgroupSize)};
  words.insert(words.begin() + decorations, added, added + kWords);
}
