// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/codegen/VulkanKernel.h"

#include "targets/common/Layout.h"
#include "targets/common/Payload.h"
#include "targets/common/scalar/ScalarKernel.h"
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

/// The number of the invocation among those of all workgroups.
static Value emitInvocationId(OpBuilder &b, Location loc) {
  Value x = gpu::BlockIdOp::create(b, loc, gpu::Dimension::x);
  Value y = gpu::BlockIdOp::create(b, loc, gpu::Dimension::y);
  Value width = gpu::GridDimOp::create(b, loc, gpu::Dimension::x);
  Value thread = gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x);
  Value size = arith::ConstantIndexOp::create(b, loc, kWorkgroupSize);
  Value row = arith::MulIOp::create(b, loc, y, width);
  Value group = arith::AddIOp::create(b, loc, row, x);
  Value first = arith::MulIOp::create(b, loc, group, size);
  return arith::AddIOp::create(b, loc, first, thread);
}

/// What one invocation does, if there is work for it.
static LogicalResult emitBody(gpu::GPUFuncOp func, DispatchOp op,
                              int64_t invocations) {
  Location loc = op.getLoc();
  OpBuilder b = OpBuilder::atBlockEnd(&func.getBody().front());
  Value id = emitInvocationId(b, loc);
  Value count = arith::ConstantIndexOp::create(b, loc, invocations);
  Value active =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, id, count);
  auto guard = scf::IfOp::create(b, loc, active, /*withElse=*/false);
  gpu::ReturnOp::create(b, loc);
  b.setInsertionPointToStart(guard.thenBlock());
  scalar::ArgumentMemory memory(func.getArguments());
  return scalar::emitInvocation(b, op, id, memory);
}

FailureOr<EmittedKernel> vulkan::emitKernel(DispatchOp op) {
  MLIRContext *context = op.getContext();
  Location loc = op.getLoc();
  EmittedKernel kernel;
  int64_t invocations = scalar::invocationCount(op);
  kernel.canFail = scalar::mayRaise(op);
  kernel.workgroups = llvm::divideCeil(invocations, kWorkgroupSize);
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
                spirv::getEntryPointABIAttr(context, {kWorkgroupSize, 1, 1}));
  for (unsigned i = 0; i < types.size(); ++i)
    func.setArgAttr(i, spirv::getInterfaceVarABIAttrName(),
                    spirv::getInterfaceVarABIAttr(/*descriptorSet=*/0, i,
                                                  std::nullopt, context));
  if (failed(emitBody(func, op, invocations)))
    return failure();
  return kernel;
}
