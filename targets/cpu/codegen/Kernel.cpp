// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/Kernel.h"

#include "dialects/visir/Heatmap.h"
#include "targets/cpu/codegen/Cost.h"
#include "targets/cpu/codegen/Tiled.h"
#include "targets/cpu/codegen/binary/BitProduct.h"
#include "targets/cpu/codegen/binary/SignPack.h"
#include "targets/cpu/codegen/dispatch/Emitters.h"
#include "targets/cpu/codegen/dispatch/HeatmapDecode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Whether scalar code would take a time that is worth a remark.
static bool isLarge(const Nest &nest) {
  constexpr int64_t kPoints = 1 << 12;
  return nest.parallelPoints() * nest.reductionPoints() >= kPoints;
}

/// Whether plain loops are a makeshift: products, and windows of them. A sum
/// of one operand has no better kernel.
static bool wantsTiles(DispatchOp op) {
  if (op.getKind() == RootKind::Contract ||
      op.getKind() == RootKind::Attention)
    return true;
  if (op.getKind() != RootKind::Reduce)
    return false;
  if (packsSigns(op) || isBitProduct(op))
    return true;
  Value x = op.getPrologueBlock().getTerminator()->getOperand(0);
  auto product = x.getDefiningOp<arith::MulFOp>();
  return product && product.getLhs() != product.getRhs() &&
         isa<BlockArgument>(product.getLhs()) &&
         isa<BlockArgument>(product.getRhs());
}

LogicalResult cpu::chooseConfig(DispatchOp op, const CpuSpec &spec) {
  if (op.getConfigAttr())
    return success();
  std::string reason;
  if (DictionaryAttr config = tiledConfig(op, spec, reason)) {
    op.setConfigAttr(config);
    return success();
  }
  if (wantsTiles(op))
    op.emitRemark("slow path: plain loops for a root ")
        << stringifyRootKind(op.getKind()) << ": " << reason;
  FailureOr<Nest> nest = buildNest(op);
  if (failed(nest))
    return failure();
  LoopConfig config = chooseLoopConfig(op, *nest, spec);
  if (config.lanes == 0 && isLarge(*nest))
    op.emitRemark("slow path: a root ")
        << stringifyRootKind(op.getKind()) << " goes one element at a time";
  op.setConfigAttr(config.toAttr(op.getContext()));
  return success();
}

static FailureOr<KernelInfo> emitRoot(KernelBuilder &kb) {
  switch (kb.op.getKind()) {
  case RootKind::Map:
    return emitMap(kb);
  case RootKind::Reduce:
  case RootKind::Contract:
    return emitReduce(kb);
  case RootKind::Softmax:
  case RootKind::Norm:
    return emitRowWise(kb);
  case RootKind::ArgReduce:
    return decodeOf(kb.op) ? emitHeatmapDecode(kb) : emitArgReduce(kb);
  case RootKind::Scan:
    return emitScan(kb);
  case RootKind::TopK:
    return emitTopK(kb);
  case RootKind::Scatter:
    return emitScatter(kb);
  case RootKind::GridSample:
    return emitGridSample(kb);
  case RootKind::Attention:
    return emitPlainAttention(kb);
  }
  llvm_unreachable("unknown kind of root");
}

FailureOr<KernelInfo> cpu::emitKernel(DispatchOp op, const CpuSpec &spec,
                                      ModuleOp kernels, StringRef symbol) {
  op.getContext()
      ->loadDialect<LLVM::LLVMDialect, arith::ArithDialect, func::FuncDialect,
                    math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                    vector::VectorDialect>();
  for (Value value : op->getOperands())
    if (!cast<RankedTensorType>(value.getType()).hasStaticShape())
      return op.emitError() << "type of an input is " << value.getType()
                            << ", expected a static shape";
  if (DictionaryAttr config = op.getConfigAttr();
      config && config.contains("kernel")) {
    std::string reason;
    FailureOr<KernelInfo> info =
        emitTiled(op, spec, kernels, symbol, reason);
    if (failed(info))
      return op.emitError() << "kernel of the config does not apply: "
                            << reason;
    return info;
  }
  KernelBuilder kb(op, spec, kernels, symbol);
  // Nothing to compute: the smallest kernel that the ABI admits.
  if (llvm::is_contained(op.getExtents().take_front(op.getParallelRank()), 0))
    return kb.finish(1, 0);
  FailureOr<KernelInfo> info = emitRoot(kb);
  if (failed(info)) {
    kernels.lookupSymbol((symbol + kBodySuffix).str())->erase();
    return failure();
  }
  setLoopCost(op, *makeLoopPlan(kb, /*reduces=*/false), spec, info->flops);
  return info;
}
