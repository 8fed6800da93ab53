// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/codegen/CudaKernel.h"

#include "targets/common/Layout.h"
#include "targets/common/Payload.h"
#include "targets/common/scalar/ScalarKernel.h"
#include "targets/cuda/abi/kernel_abi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace visir;
using namespace visir::cuda;

// Older architectures are left out: LLVM's and ptxas' support ends there.
static constexpr Arch kArchitectures[] = {
    {"sm_75", "+ptx63"},  {"sm_80", "+ptx70"},  {"sm_86", "+ptx71"},
    {"sm_87", "+ptx74"},  {"sm_89", "+ptx78"},  {"sm_90", "+ptx78"},
    {"sm_100", "+ptx86"}, {"sm_110", "+ptx90"}, {"sm_120", "+ptx87"}};

ArrayRef<Arch> cuda::architectures() { return kArchitectures; }

const Arch *cuda::findArch(StringRef name) {
  const Arch *found = llvm::find_if(
      kArchitectures, [&](const Arch &arch) { return name == arch.name; });
  return found == std::end(kArchitectures) ? nullptr : found;
}

OwningOpRef<ModuleOp> cuda::makeKernelModule(MLIRContext &context) {
  context.loadDialect<arith::ArithDialect, func::FuncDialect,
                      math::MathDialect, memref::MemRefDialect,
                      NVVM::NVVMDialect, scf::SCFDialect>();
  return ModuleOp::create(UnknownLoc::get(&context));
}

static constexpr int64_t kGlobalSpace = 1;

/// A flat memref of the binding. A tensor without elements is never touched.
static Type bindingType(Value tensor, OpBuilder &b) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return MemRefType::get({placementOf(type).elements},
                         memoryType(type.getElementType()),
                         MemRefLayoutAttrInterface(),
                         b.getI64IntegerAttr(kGlobalSpace));
}

/// What is known of an argument: bindings overlap only by ties.
static void setAttributes(func::FuncOp func, DispatchOp op) {
  Builder b(op.getContext());
  unsigned inputs = op.getInputs().size();
  for (unsigned i = 0, e = inputs + op.getNumResults(); i < e; ++i) {
    func.setArgAttr(i, "llvm.align",
                    b.getI64IntegerAttr(VISIR_CUDA_BINDING_ALIGNMENT));
    if (i < inputs && llvm::is_contained(op.getTies(), int64_t(i)))
      continue;
    func.setArgAttr(i, "llvm.noalias", b.getUnitAttr());
    if (i < inputs)
      func.setArgAttr(i, "llvm.readonly", b.getUnitAttr());
  }
}

/// Elements and invocations are counted with 32 bits.
static LogicalResult checkSizes(DispatchOp op, int64_t invocations) {
  constexpr int64_t kMost = (int64_t(1) << 31) - 1 - VISIR_CUDA_BLOCK_SIZE;
  if (invocations > kMost)
    return op.emitError() << "number of invocations is " << invocations
                          << ", expected at most " << kMost;
  auto check = [&](Type type) -> LogicalResult {
    int64_t elements = placementOf(cast<RankedTensorType>(type)).elements;
    if (elements <= kMost)
      return success();
    return op.emitError() << "number of elements is " << elements
                          << ", expected at most " << kMost;
  };
  for (Type type : op->getOperandTypes())
    if (failed(check(type)))
      return failure();
  for (Type type : op->getResultTypes())
    if (failed(check(type)))
      return failure();
  return success();
}

/// Emits the body of the kernel: what the thread's own invocation does.
static LogicalResult emitBody(func::FuncOp func, DispatchOp op,
                              int64_t invocations) {
  Location loc = op.getLoc();
  OpBuilder b = OpBuilder::atBlockEnd(func.addEntryBlock());
  Type i32 = b.getI32Type();
  Value block = NVVM::BlockIdXOp::create(b, loc, i32);
  Value thread = NVVM::ThreadIdXOp::create(b, loc, i32);
  Value size =
      arith::ConstantIntOp::create(b, loc, VISIR_CUDA_BLOCK_SIZE, 32);
  Value number = arith::AddIOp::create(
      b, loc, arith::MulIOp::create(b, loc, block, size), thread);
  Value id = arith::IndexCastOp::create(b, loc, b.getIndexType(), number);
  Value count = arith::ConstantIndexOp::create(b, loc, invocations);
  Value active = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, id,
                                       count);
  auto guard = scf::IfOp::create(b, loc, active, /*withElse=*/false);
  func::ReturnOp::create(b, loc);
  b.setInsertionPointToStart(guard.thenBlock());
  scalar::ArgumentMemory memory(func.getArguments());
  return scalar::emitInvocation(b, op, id, memory);
}

FailureOr<KernelInfo> cuda::emitKernel(DispatchOp op, ModuleOp kernels,
                                       StringRef symbol) {
  int64_t invocations = scalar::invocationCount(op);
  if (failed(checkSizes(op, invocations)))
    return failure();
  OpBuilder b = OpBuilder::atBlockEnd(kernels.getBody());
  SmallVector<Type> types;
  for (Value tensor : op.getInputs())
    types.push_back(bindingType(tensor, b));
  for (Value tensor : op.getResults())
    types.push_back(bindingType(tensor, b));
  types.push_back(MemRefType::get({1}, b.getI32Type(),
                                  MemRefLayoutAttrInterface(),
                                  b.getI64IntegerAttr(kGlobalSpace)));
  auto func = func::FuncOp::create(b, op.getLoc(), symbol,
                                   b.getFunctionType(types, {}));
  setAttributes(func, op);
  if (failed(emitBody(func, op, invocations))) {
    func.erase();
    return failure();
  }
  KernelInfo info;
  info.symbol = symbol.str();
  info.tileCount = llvm::divideCeil(invocations, VISIR_CUDA_BLOCK_SIZE);
  return info;
}
