// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/EmulatedRunner.h"

#ifndef VISIR_HAS_CUDA

visir::TargetRunner visir::makeEmulatedRunner(llvm::StringRef, Precision) {
  return {};
}

#else

#include "compiler/pipeline/CudaTarget.h"
#include "compiler/pipeline/Phases.h"
#include "targets/common/PackElements.h"
#include "targets/cuda/emulator/Emulator.h"

using namespace mlir;
using namespace visir;
using visir::reference::Tensor;

using Tensors = SmallVector<Tensor>;

static LogicalResult checkStatus(DispatchOp op, ArrayRef<char> status) {
  if (llvm::all_of(status, [](char byte) { return byte == 0; }))
    return success();
  return op.emitError("index is out of range");
}

/// The results of a dispatch's kernel.
static FailureOr<Tensors> emulateDispatch(DispatchOp op,
                                          const cuda::Arch &arch,
                                          ArrayRef<Tensor> operands) {
  OwningOpRef<ModuleOp> kernels = cuda::makeKernelModule(*op.getContext());
  auto kernel = cuda::emitKernel(op, *kernels, arch, "kernel");
  if (failed(kernel) || failed(cuda::expandMath(*kernels)))
    return failure();
  std::vector<SmallVector<char>> memory;
  for (auto [operand, type] : llvm::zip_equal(operands, op.getOperandTypes()))
    memory.push_back(
        packElements(operand.toBytes(), cast<RankedTensorType>(type)));
  // Results are junk at first, so that elements show which nothing writes.
  constexpr char kJunk = 77;
  for (Type type : op.getResultTypes())
    memory.push_back(SmallVector<char>(
        Tensor(cast<RankedTensorType>(type)).toBytes().size(), kJunk));
  memory.push_back(SmallVector<char>(sizeof(int32_t), 0));
  std::vector<MutableArrayRef<char>> parameters(memory.begin(), memory.end());
  for (auto [j, tie] : llvm::enumerate(op.getTies()))
    if (tie >= 0)
      parameters[operands.size() + j] = parameters[tie];
  auto func = *kernels->getOps<func::FuncOp>().begin();
  if (failed(cuda::emulate(func, parameters, kernel->info.tileCount,
                           kernel->threads)) ||
      failed(checkStatus(op, memory.back())))
    return failure();
  Tensors results;
  for (auto [j, type] : llvm::enumerate(op.getResultTypes()))
    results.push_back(Tensor::fromBytes(cast<RankedTensorType>(type),
                                        parameters[operands.size() + j]));
  return results;
}

/// Evaluates a function of dispatches.
static FailureOr<Tensors> evaluateKernels(func::FuncOp func,
                                          const cuda::Arch &arch,
                                          ArrayRef<Tensor> inputs) {
  llvm::DenseMap<Value, Tensor> tensors;
  for (auto [argument, tensor] : llvm::zip_equal(func.getArguments(), inputs))
    tensors[argument] = tensor;
  auto lookup = [&](ValueRange values) {
    Tensors found;
    for (Value value : values)
      found.push_back(tensors.lookup(value));
    return found;
  };
  for (Operation &op : func.front().without_terminator()) {
    Tensors operands = lookup(op.getOperands());
    auto dispatch = dyn_cast<DispatchOp>(op);
    FailureOr<Tensors> results =
        dispatch ? emulateDispatch(dispatch, arch, operands)
                 : reference::evaluateOp(&op, operands);
    if (failed(results))
      return failure();
    for (auto [value, tensor] : llvm::zip_equal(op.getResults(), *results))
      tensors[value] = tensor;
  }
  return lookup(func.front().getTerminator()->getOperands());
}

TargetRunner visir::makeEmulatedRunner(StringRef name, Precision precision) {
  const cuda::Arch *arch =
      name.consume_front("emulated:") ? cuda::findArch(name) : nullptr;
  if (!arch)
    return {};
  return [=](ModuleOp module,
             ArrayRef<Tensor> inputs) -> FailureOr<Tensors> {
    OwningOpRef<ModuleOp> copy = cast<ModuleOp>(module->clone());
    PassManager manager(module.getContext());
    for (Phase phase : {Phase::Canonical, Phase::Recognised, Phase::Fused})
      addPhase(manager, phase, PhaseOptions());
    if (failed(manager.run(*copy)))
      return failure();
    auto func = *copy->getOps<func::FuncOp>().begin();
    if (failed(layOutForCuda(func, *arch, precision)))
      return failure();
    return evaluateKernels(func, *arch, inputs);
  };
}

#endif
