// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/codegen/VulkanKernel.h"

#include "targets/common/Layout.h"
#include "targets/common/Payload.h"
#include "targets/common/scalar/ScalarKernel.h"
#include "targets/common/tiled/GroupKernel.h"
#include "targets/vulkan/abi/kernel_abi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVDialect.h"
#include "mlir/Dialect/SPIRV/IR/TargetAndABI.h"

using namespace mlir;
using namespace visir;
using namespace visir::vulkan;

void vulkan::loadDialects(MLIRContext &context) {
  context.loadDialect<arith::ArithDialect, gpu::GPUDialect, math::MathDialect,
                      memref::MemRefDialect, scf::SCFDialect,
                      spirv::SPIRVDialect>();
}

static MemRefType bufferType(int64_t elements, Type element) {
  auto space = spirv::StorageClassAttr::get(element.getContext(),
                                            spirv::StorageClass::StorageBuffer);
  // Arrays have one element at least; it is never touched if there is none.
  return MemRefType::get({std::max<int64_t>(elements, 1)}, element,
                         MemRefLayoutAttrInterface(), space);
}

/// The buffers of all bindings and the word for errors.
static SmallVector<Type> bufferTypes(DispatchOp op, bool canFail) {
  SmallVector<Type> types;
  auto add = [&](Type tensor) {
    auto type = cast<RankedTensorType>(tensor);
    types.push_back(bufferType(placementOf(type).elements,
                               memoryType(type.getElementType())));
  };
  for (Type type : op->getOperandTypes())
    add(type);
  for (Type type : op->getResultTypes())
    add(type);
  if (canFail)
    types.push_back(bufferType(1, IntegerType::get(op.getContext(), 32)));
  return types;
}

/// Elements and invocations are counted with 32 bits.
static LogicalResult checkSizes(DispatchOp op, int64_t invocations,
                                ArrayRef<Type> buffers) {
  constexpr int64_t kMost = (int64_t(1) << 31) - 1 - kWorkgroupSize;
  if (invocations > kMost)
    return op.emitError() << "number of invocations is " << invocations
                          << ", expected at most " << kMost;
  for (Type buffer : buffers) {
    int64_t elements = cast<MemRefType>(buffer).getNumElements();
    if (elements > kMost)
      return op.emitError() << "number of elements is " << elements
                            << ", expected at most " << kMost;
  }
  return success();
}

/// The number of the workgroup, and of the invocation in it.
static std::pair<Value, Value> emitPlace(OpBuilder &b, Location loc) {
  Value x = gpu::BlockIdOp::create(b, loc, gpu::Dimension::x);
  Value y = gpu::BlockIdOp::create(b, loc, gpu::Dimension::y);
  Value width = gpu::GridDimOp::create(b, loc, gpu::Dimension::x);
  Value thread = gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x);
  Value row = arith::MulIOp::create(b, loc, y, width);
  return {arith::AddIOp::create(b, loc, row, x), thread};
}

/// Makes a branch for `number` < `count`; `b` stands in it then.
static void emitGuard(OpBuilder &b, Location loc, Value number,
                      int64_t count) {
  Value bound = arith::ConstantIndexOp::create(b, loc, count);
  Value active = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                       number, bound);
  auto guard = scf::IfOp::create(b, loc, active, /*withElse=*/false);
  gpu::ReturnOp::create(b, loc);
  b.setInsertionPointToStart(guard.thenBlock());
}

/// What one invocation does, if there is work for it.
static LogicalResult emitPlain(gpu::GPUFuncOp func, DispatchOp op,
                               int64_t invocations) {
  Location loc = op.getLoc();
  OpBuilder b = OpBuilder::atBlockEnd(&func.getBody().front());
  auto [group, thread] = emitPlace(b, loc);
  Value size = gpu::BlockDimOp::create(b, loc, gpu::Dimension::x);
  Value first = arith::MulIOp::create(b, loc, group, size);
  Value id = arith::AddIOp::create(b, loc, first, thread);
  emitGuard(b, loc, id, invocations);
  scalar::ArgumentMemory memory(func.getArguments());
  return scalar::emitInvocation(b, op, id, memory);
}

namespace {

class Group : public tiled::Workgroup {
public:
  Value shared(OpBuilder &b, Location loc, int64_t elements,
               Type element) override {
    auto space = spirv::StorageClassAttr::get(b.getContext(),
                                              spirv::StorageClass::Workgroup);
    return memref::AllocOp::create(
        b, loc,
        MemRefType::get({elements}, element, MemRefLayoutAttrInterface(),
                        space));
  }
  void barrier(OpBuilder &b, Location loc) override {
    gpu::BarrierOp::create(b, loc);
  }
};

} // namespace

/// All invocations of a workgroup take the branch, or none does: it may hold
/// barriers.
static void emitTiled(gpu::GPUFuncOp func, DispatchOp op,
                      const tiled::GroupKernel &plan) {
  OpBuilder b = OpBuilder::atBlockEnd(&func.getBody().front());
  auto [group, thread] = emitPlace(b, op.getLoc());
  emitGuard(b, op.getLoc(), group, plan.groups());
  scalar::ArgumentMemory memory(func.getArguments());
  Group workgroup;
  plan.emit(b, op, group, thread, memory, workgroup);
}

// What every device of Vulkan 1.1 has; the cores are those of a small one.
static constexpr tiled::GroupLimits kLimits = {
    /*threads=*/128, /*sharedBytes=*/16 * 1024, /*processors=*/16};

static void emitMatrices(gpu::GPUFuncOp func, DispatchOp op,
                         const MatrixPlan &plan, MatrixMode mode) {
  OpBuilder b = OpBuilder::atBlockEnd(&func.getBody().front());
  auto [group, thread] = emitPlace(b, op.getLoc());
  emitGuard(b, op.getLoc(), group, plan.groups());
  scalar::ArgumentMemory memory(func.getArguments());
  emitMatrixProduct(b, op, plan, mode, group, thread, memory);
}

FailureOr<EmittedKernel> vulkan::emitKernel(DispatchOp op, MatrixMode mode) {
  MLIRContext *context = op.getContext();
  Location loc = op.getLoc();
  EmittedKernel kernel;
  int64_t invocations = scalar::invocationCount(op);
  kernel.canFail = scalar::mayRaise(op);
  auto plan = tiled::GroupKernel::plan(op, kLimits);
  FailureOr<MatrixPlan> matrices = failure();
  if (mode != MatrixMode::None)
    matrices = planMatrices(op);
  if (succeeded(matrices)) {
    kernel.threads = matrices->threads();
    kernel.workgroups = matrices->groups();
    kernel.sharedBytes = matrices->sharedBytes();
    kernel.cooperative = mode == MatrixMode::Cooperative;
  } else if (succeeded(plan)) {
    kernel.threads = plan->threads();
    kernel.workgroups = plan->groups();
  } else {
    kernel.workgroups = llvm::divideCeil(invocations, kWorkgroupSize);
    kernel.resizable = true;
  }
  SmallVector<Type> types = bufferTypes(op, kernel.canFail);
  if (failed(checkSizes(op, invocations, types)))
    return failure();
  kernel.holder = ModuleOp::create(loc);
  OpBuilder b = OpBuilder::atBlockEnd(kernel.holder->getBody());
  auto module = gpu::GPUModuleOp::create(b, loc, "kernels");
  b.setInsertionPointToEnd(module.getBody());
  auto func = gpu::GPUFuncOp::create(b, loc, VISIR_VULKAN_ENTRY_POINT,
                                     b.getFunctionType(types, {}));
  func->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  func->setAttr(spirv::getEntryPointABIAttrName(),
                spirv::getEntryPointABIAttr(
                    context, {int32_t(kernel.threads), 1, 1}));
  for (unsigned i = 0; i < types.size(); ++i)
    func.setArgAttr(i, spirv::getInterfaceVarABIAttrName(),
                    spirv::getInterfaceVarABIAttr(/*descriptorSet=*/0, i,
                                                  std::nullopt, context));
  if (succeeded(matrices))
    emitMatrices(func, op, *matrices, mode);
  else if (succeeded(plan))
    emitTiled(func, op, *plan);
  else if (failed(emitPlain(func, op, invocations)))
    return failure();
  return kernel;
}
