// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/CudaTarget.h"

#include "targets/common/SplitForms.h"
#include "targets/common/scalar/ScalarKernel.h"
#include "targets/cuda/abi/kernel_abi.h"
#include "targets/cuda/codegen/CudaKernel.h"

using namespace mlir;
using namespace visir;

static constexpr StringLiteral kPrefix = "cuda:";

namespace {

class CudaTarget : public TargetCompiler {
public:
  CudaTarget(MLIRContext &context, const cuda::Arch &arch)
      : arch(arch), kernels(cuda::makeKernelModule(context)) {}

  std::string name() const override { return (kPrefix + arch.name).str(); }

  /// All tensors are row-major; norms and sums are kernels of their own.
  LogicalResult layOut(func::FuncOp func) override {
    splitForms(func);
    return success();
  }

  FailureOr<KernelInfo> emitKernel(DispatchOp op, StringRef symbol) override {
    launches.push_back(
        {VISIR_CUDA_BLOCK_SIZE, 1, 1, 0, scalar::mayRaise(op)});
    return cuda::emitKernel(op, *kernels, symbol);
  }

  LogicalResult finish(ArrayRef<std::string> symbols, ProgramCode &code,
                       CompileDump *dump) override;

private:
  LogicalResult dumpCubin(StringRef ptx, CompileDump &dump);

  const cuda::Arch &arch;
  OwningOpRef<ModuleOp> kernels;
  std::vector<Launch> launches;
};

} // namespace

LogicalResult CudaTarget::dumpCubin(StringRef ptx, CompileDump &dump) {
  std::string ptxas = cuda::findPtxas();
  if (ptxas.empty())
    return kernels->emitError("ptxas is missing, expected in PATH or "
                              "CUDA_HOME/bin to make machine code");
  auto cubin = cuda::assemble(ptxas, ptx, arch);
  if (!cubin)
    return kernels->emitError(llvm::toString(cubin.takeError()));
  dump.object = std::move(*cubin);
  return success();
}

LogicalResult CudaTarget::finish(ArrayRef<std::string> symbols,
                                 ProgramCode &code, CompileDump *dump) {
  code.device = DeviceKind::Cuda;
  code.abiVersion = VISIR_CUDA_ABI_VERSION;
  if (symbols.empty())
    return success();
  FailureOr<std::string> ptx = cuda::compileToPtx(*kernels, arch, dump);
  if (failed(ptx))
    return failure();
  if (dump && dump->wantsObject && failed(dumpCubin(*ptx, *dump)))
    return failure();
  code.code.assign(ptx->begin(), ptx->end());
  code.code.push_back('\0');
  code.functions.assign(symbols.size(), {0, code.code.size()});
  code.frameBytes.assign(symbols.size(), 0);
  code.launches = launches;
  return success();
}

std::unique_ptr<TargetCompiler> visir::makeCudaTarget(MLIRContext &context,
                                                      StringRef name) {
  const cuda::Arch *arch =
      name.consume_front(kPrefix) ? cuda::findArch(name) : nullptr;
  return arch ? std::make_unique<CudaTarget>(context, *arch) : nullptr;
}

std::vector<std::string> visir::cudaTargetNames() {
  std::vector<std::string> names;
  for (const cuda::Arch &arch : cuda::architectures())
    names.push_back((kPrefix + arch.name).str());
  return names;
}
