// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/codegen/CudaKernel.h"

#include "targets/common/Layout.h"
#include "targets/common/Payload.h"
#include "targets/common/scalar/ScalarKernel.h"
#include "targets/common/tiled/GroupKernel.h"
#include "targets/cuda/abi/kernel_abi.h"
#include "targets/cuda/codegen/Attention.h"
#include "targets/cuda/codegen/LongSums.h"
#include "targets/cuda/codegen/MatrixProduct.h"
#include "targets/cuda/codegen/WideAttention.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace visir;
using namespace visir::cuda;

// Older architectures are left out: LLVM's and ptxas' support ends there.
static constexpr Arch kArchitectures[] = {
    {"sm_75", "+ptx63", false}, {"sm_80", "+ptx70", true},
    {"sm_86", "+ptx71", true},  {"sm_87", "+ptx74", true},
    {"sm_89", "+ptx78", true},  {"sm_90", "+ptx78", true},
    {"sm_100", "+ptx86", true}, {"sm_110", "+ptx90", true},
    {"sm_120", "+ptx87", true}};

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

namespace {

/// A block of threads, its shared memory a variable of the module.
class ThreadBlock : public tiled::Workgroup {
public:
  explicit ThreadBlock(func::FuncOp func) : func(func) {}

  Value shared(OpBuilder &b, Location loc, int64_t elements,
               Type element) override;
  void barrier(OpBuilder &b, Location loc) override {
    NVVM::Barrier0Op::create(b, loc);
  }
  SmallVector<Value> multiplyMatrix(OpBuilder &b, Location loc, ValueRange x,
                                    ValueRange y, ValueRange sums) override;

private:
  func::FuncOp func;
};

} // namespace

static constexpr int64_t kSharedSpace = 3;
static constexpr int64_t kSharedAlignment = 16;

Value ThreadBlock::shared(OpBuilder &b, Location loc, int64_t elements,
                    Type element) {
  auto type =
      MemRefType::get({elements}, element, MemRefLayoutAttrInterface(),
                      b.getI64IntegerAttr(kSharedSpace));
  std::string name = (func.getName() + "_shared").str();
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(func);
    memref::GlobalOp::create(b, loc, name, b.getStringAttr("private"), type,
                             b.getUnitAttr(), /*constant=*/false,
                             b.getI64IntegerAttr(kSharedAlignment));
  }
  return memref::GetGlobalOp::create(b, loc, type, name);
}

SmallVector<Value> ThreadBlock::multiplyMatrix(OpBuilder &b, Location loc,
                                               ValueRange x, ValueRange y,
                                               ValueRange sums) {
  auto bits = [&](ValueRange values) {
    SmallVector<Value> result;
    for (Value value : values)
      result.push_back(
          arith::BitcastOp::create(b, loc, b.getI32Type(), value));
    return result;
  };
  auto type = LLVM::LLVMStructType::getLiteral(
      b.getContext(), SmallVector<Type>(sums.size(), b.getF32Type()));
  auto product = NVVM::MmaOp::create(
      b, loc, type, bits(x), bits(y), sums,
      /*shape=*/{16, 8, 8}, /*b1Op=*/std::nullopt,
      /*intOverflow=*/std::nullopt,
      std::array{NVVM::MMATypes::tf32, NVVM::MMATypes::tf32},
      std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
  SmallVector<Value> results;
  for (int64_t i = 0, e = sums.size(); i < e; ++i)
    results.push_back(
        LLVM::ExtractValueOp::create(b, loc, product.getRes(), i));
  return results;
}

/// Which block and thread this is, as indices.
static std::pair<Value, Value> emitPlace(OpBuilder &b, Location loc) {
  Type i32 = b.getI32Type(), index = b.getIndexType();
  Value block = NVVM::BlockIdXOp::create(b, loc, i32);
  Value thread = NVVM::ThreadIdXOp::create(b, loc, i32);
  return {arith::IndexCastOp::create(b, loc, index, block),
          arith::IndexCastOp::create(b, loc, index, thread)};
}

/// What the thread's own invocation does.
static LogicalResult emitPlain(func::FuncOp func, DispatchOp op,
                               int64_t invocations, int64_t neighbours) {
  Location loc = op.getLoc();
  OpBuilder b = OpBuilder::atBlockEnd(func.addEntryBlock());
  auto [block, thread] = emitPlace(b, loc);
  Value size = arith::ConstantIndexOp::create(b, loc, VISIR_CUDA_BLOCK_SIZE);
  Value id = arith::AddIOp::create(
      b, loc, arith::MulIOp::create(b, loc, block, size), thread);
  Value count = arith::ConstantIndexOp::create(b, loc, invocations);
  Value active = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, id,
                                       count);
  auto guard = scf::IfOp::create(b, loc, active, /*withElse=*/false);
  func::ReturnOp::create(b, loc);
  b.setInsertionPointToStart(guard.thenBlock());
  scalar::ArgumentMemory memory(func.getArguments());
  return neighbours > 1
             ? scalar::emitNeighbours(b, op, id, neighbours, memory)
             : scalar::emitInvocation(b, op, id, memory);
}

static void emitTiled(func::FuncOp func, DispatchOp op,
                      const tiled::GroupKernel &plan) {
  OpBuilder b = OpBuilder::atBlockEnd(func.addEntryBlock());
  auto [block, thread] = emitPlace(b, op.getLoc());
  scalar::ArgumentMemory memory(func.getArguments());
  ThreadBlock workgroup(func);
  plan.emit(b, op, block, thread, memory, workgroup);
  func::ReturnOp::create(b, op.getLoc());
}

static void emitMatrices(func::FuncOp func, DispatchOp op,
                         const MatrixPlan &plan) {
  OpBuilder b = OpBuilder::atBlockEnd(func.addEntryBlock());
  auto [block, thread] = emitPlace(b, op.getLoc());
  scalar::ArgumentMemory memory(func.getArguments());
  Value shared = ThreadBlock(func).shared(
      b, op.getLoc(), plan.sharedElements(), b.getI16Type());
  emitMatrixProduct(b, op, plan, block, thread, memory, func, shared);
  func::ReturnOp::create(b, op.getLoc());
  func->setAttr(kResidentAttr, b.getI64IntegerAttr(plan.resident));
}

static void emitFlash(func::FuncOp func, DispatchOp op,
                      const AttentionPlan &plan) {
  OpBuilder b = OpBuilder::atBlockEnd(func.addEntryBlock());
  auto [block, thread] = emitPlace(b, op.getLoc());
  scalar::ArgumentMemory memory(func.getArguments());
  Value shared = ThreadBlock(func).shared(
      b, op.getLoc(), plan.sharedElements(), b.getI16Type());
  emitAttention(b, op, plan, block, thread, memory, func, shared);
  func::ReturnOp::create(b, op.getLoc());
  func->setAttr(kResidentAttr, b.getI64IntegerAttr(1));
}

static void emitWideFlash(func::FuncOp func, DispatchOp op,
                          const WideAttentionPlan &plan) {
  OpBuilder b = OpBuilder::atBlockEnd(func.addEntryBlock());
  auto [block, thread] = emitPlace(b, op.getLoc());
  scalar::ArgumentMemory memory(func.getArguments());
  ThreadBlock workgroup(func);
  emitWideAttention(b, op, plan, block, thread, memory, func, workgroup);
  func::ReturnOp::create(b, op.getLoc());
  func->setAttr(kResidentAttr, b.getI64IntegerAttr(1));
}

/// A function with the dispatch's bindings and the status as parameters.
static func::FuncOp makeFunction(DispatchOp op, ModuleOp kernels,
                                 StringRef symbol) {
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
  return func;
}

/// Of the config of a product or an attention.
static constexpr StringLiteral kTf32 = "tf32";

/// A block may have 1024 threads, but 256 leave each one enough registers.
tiled::GroupLimits cuda::limitsOf(const Arch &arch, DispatchOp op) {
  DictionaryAttr config = op.getConfigAttr();
  return {/*threads=*/256, /*sharedBytes=*/48 * 1024, /*processors=*/80,
          arch.matrix, config && config.contains(kTf32)};
}

void cuda::permitTf32(func::FuncOp func) {
  Builder b(func.getContext());
  for (auto op : func.getOps<DispatchOp>())
    if ((op.getKind() == RootKind::Contract ||
         op.getKind() == RootKind::Attention) &&
        op.getPrologueBlock().getTerminator()->getOperand(0).getType().isF32())
      op.setConfigAttr(
          b.getDictionaryAttr(b.getNamedAttr(kTf32, b.getUnitAttr())));
}

FailureOr<EmittedKernel> cuda::emitKernel(DispatchOp op, ModuleOp kernels,
                                          const Arch &arch,
                                          StringRef symbol) {
  int64_t invocations = scalar::invocationCount(op);
  if (failed(checkSizes(op, invocations)))
    return failure();
  // Fewer blocks would leave cores idle.
  constexpr int64_t kLeastInvocations = 2 * VISIR_CUDA_BLOCK_SIZE;
  int64_t neighbours = scalar::neighboursAtOnce(op);
  if (invocations / neighbours < kLeastInvocations)
    neighbours = 1;
  invocations /= neighbours;
  EmittedKernel kernel;
  kernel.info.symbol = symbol.str();
  func::FuncOp func = makeFunction(op, kernels, symbol);
  tiled::GroupLimits limits = limitsOf(arch, op);
  auto matrices = planMatrices(op, limits);
  auto attention = planAttention(op, limits);
  auto wide = planWideAttention(op, limits);
  auto plan = tiled::GroupKernel::plan(op, limits);
  if (succeeded(matrices)) {
    emitMatrices(func, op, *matrices);
    kernel.threads = matrices->product.threads();
    kernel.info.tileCount = matrices->product.groups();
  } else if (succeeded(attention)) {
    emitFlash(func, op, *attention);
    kernel.threads = attention->threads();
    kernel.info.tileCount = attention->groups();
  } else if (succeeded(wide)) {
    emitWideFlash(func, op, *wide);
    kernel.threads = wide->threads();
    kernel.info.tileCount = wide->groups();
  } else if (succeeded(plan)) {
    emitTiled(func, op, *plan);
    kernel.threads = plan->threads();
    kernel.info.tileCount = plan->groups();
  } else if (succeeded(emitPlain(func, op, invocations, neighbours))) {
    kernel.threads = VISIR_CUDA_BLOCK_SIZE;
    kernel.info.tileCount =
        llvm::divideCeil(invocations, VISIR_CUDA_BLOCK_SIZE);
  } else {
    func.erase();
    return failure();
  }
  func->setAttr(kThreadsAttr,
                Builder(func.getContext()).getI64IntegerAttr(kernel.threads));
  return kernel;
}
