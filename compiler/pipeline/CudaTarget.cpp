// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/CudaTarget.h"

#include "compiler/transforms/precision/NarrowTensors.h"
#include "targets/common/SplitForms.h"
#include "targets/common/WeightOrder.h"
#include "targets/common/scalar/ScalarKernel.h"
#include "targets/common/tiled/WindowProducts.h"
#include "targets/cuda/abi/kernel_abi.h"
#include "targets/cuda/codegen/LongSums.h"

using namespace mlir;
using namespace visir;

static constexpr StringLiteral kPrefix = "cuda:";

namespace {

class CudaTarget : public TargetCompiler {
public:
  CudaTarget(MLIRContext &context, const cuda::Arch &arch)
      : arch(arch), kernels(cuda::makeKernelModule(context)) {}

  std::string name() const override { return (kPrefix + arch.name).str(); }

  int64_t bufferAlignment() const override {
    return VISIR_CUDA_WORKSPACE_ALIGNMENT;
  }

  /// All tensors but weights of windows are row-major; norms and sums are
  /// kernels of their own.
  LogicalResult layOut(func::FuncOp func, Precision precision) override {
    return layOutForCuda(func, arch, precision);
  }

  std::string refusePrecision(Precision precision) const override {
    if (precision != Precision::Tf32 || arch.matrix)
      return "";
    return std::string(arch.name) + " has no matrix units for TF32";
  }

  FailureOr<KernelInfo> emitKernel(DispatchOp op, StringRef symbol) override {
    FailureOr<cuda::EmittedKernel> kernel =
        cuda::emitKernel(op, *kernels, arch, symbol);
    if (failed(kernel))
      return failure();
    launches.push_back({uint32_t(kernel->threads), 1, 1, /*sharedBytes=*/0,
                        scalar::mayRaise(op)});
    return kernel->info;
  }

  LogicalResult finish(MutableArrayRef<KernelInfo> infos, ProgramCode &code,
                       CompileDump *dump) override;

private:
  /// The cubin of the text, by ptxas.
  FailureOr<std::vector<char>> makeCubin(StringRef ptx);

  const cuda::Arch &arch;
  OwningOpRef<ModuleOp> kernels;
  std::vector<Launch> launches;
};

} // namespace

LogicalResult visir::layOutForCuda(func::FuncOp func, const cuda::Arch &arch,
                                   Precision precision) {
  splitForms(func);
  FloatType narrow = narrowType(*func.getContext(), precision);
  if (narrow && failed(narrowTensors(func, narrow)))
    return failure();
  orderWindowWeights(func);
  tiled::makeWindowProducts(func);
  cuda::splitLongSums(func, arch);
  if (precision == Precision::Tf32)
    cuda::permitTf32(func);
  return success();
}

FailureOr<std::vector<char>> CudaTarget::makeCubin(StringRef ptx) {
  std::string ptxas = cuda::findPtxas();
  if (ptxas.empty())
    return kernels->emitError("ptxas is missing, expected in PATH or "
                              "CUDA_HOME/bin to make machine code");
  auto cubin = cuda::assemble(ptxas, ptx, arch);
  if (!cubin)
    return kernels->emitError(llvm::toString(cubin.takeError()));
  return std::move(*cubin);
}

/// The code section: a header, the text, the cubin.
static std::vector<char> joinCode(StringRef ptx, ArrayRef<char> cubin) {
  visir_cuda_code_t header = {};
  header.magic = VISIR_CUDA_CODE_MAGIC;
  header.ptx_offset = sizeof(header);
  header.ptx_bytes = ptx.size() + 1;
  uint64_t end = header.ptx_offset + header.ptx_bytes;
  if (!cubin.empty()) {
    header.cubin_offset = llvm::alignTo(end, VISIR_CUDA_BINDING_ALIGNMENT);
    header.cubin_bytes = cubin.size();
    end = header.cubin_offset + header.cubin_bytes;
  }
  std::vector<char> code(end);
  memcpy(code.data(), &header, sizeof(header));
  memcpy(code.data() + header.ptx_offset, ptx.data(), ptx.size());
  if (!cubin.empty())
    memcpy(code.data() + header.cubin_offset, cubin.data(), cubin.size());
  return code;
}

LogicalResult CudaTarget::finish(MutableArrayRef<KernelInfo> infos,
                                 ProgramCode &code, CompileDump *dump) {
  code.device = DeviceKind::Cuda;
  code.abiVersion = VISIR_CUDA_ABI_VERSION;
  if (infos.empty())
    return success();
  FailureOr<std::string> ptx = cuda::compileToPtx(*kernels, arch, dump);
  if (failed(ptx))
    return failure();
  std::vector<char> cubin;
  if (!dump && cuda::findPtxas().empty()) {
    kernels->emitWarning("ptxas is missing from PATH and CUDA_HOME/bin: the "
                         "artifact holds PTX for ")
        << name() << " but no machine code, which drivers make of it "
        << "whenever it is loaded";
  } else if (!dump || dump->wantsObject) {
    FailureOr<std::vector<char>> made = makeCubin(*ptx);
    if (failed(made))
      return failure();
    cubin = std::move(*made);
  }
  code.code = joinCode(*ptx, cubin);
  if (dump)
    dump->object = std::move(cubin);
  code.functions.assign(infos.size(), {0, code.code.size()});
  code.frameBytes.assign(infos.size(), 0);
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
