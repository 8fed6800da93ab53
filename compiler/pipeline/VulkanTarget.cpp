// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/VulkanTarget.h"

#include "compiler/transforms/precision/NarrowTensors.h"
#include "targets/common/SplitForms.h"
#include "targets/common/WeightOrder.h"
#include "targets/common/tiled/WindowProducts.h"
#include "targets/vulkan/abi/kernel_abi.h"
#include "targets/vulkan/codegen/VulkanKernel.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace visir;

namespace {

class VulkanTarget : public TargetCompiler {
public:
  VulkanTarget(MLIRContext &context, vulkan::MatrixMode mode,
               StringRef targetName)
      : mode(mode), targetName(targetName.str()) {
    vulkan::loadDialects(context);
  }

  std::string name() const override { return targetName; }
  std::string richerVariant() const override {
    return mode == vulkan::MatrixMode::None && hasMatrices
               ? kVulkanMatrixTargetName.str()
               : "";
  }
  int64_t bufferAlignment() const override {
    return VISIR_VULKAN_BINDING_ALIGNMENT;
  }
  /// All tensors but weights of windows are row-major; norms and sums are
  /// kernels of their own.
  LogicalResult layOut(func::FuncOp func, Precision precision) override {
    splitForms(func);
    FloatType narrow = narrowType(*func.getContext(), precision);
    if (narrow && failed(narrowTensors(func, narrow)))
      return failure();
    orderWindowWeights(func);
    tiled::makeWindowProducts(func);
    return success();
  }
  std::string refusePrecision(Precision precision) const override {
    return precision == Precision::Tf32 ? "it has no type TF32" : "";
  }
  FailureOr<KernelInfo> emitKernel(DispatchOp op, StringRef symbol) override;
  LogicalResult finish(MutableArrayRef<KernelInfo> infos, ProgramCode &code,
                       CompileDump *dump) override;

private:
  LogicalResult dumpAssembly(StringRef symbol, ArrayRef<uint32_t> words,
                             CompileDump &dump, ModuleOp holder);

  vulkan::MatrixMode mode;
  std::string targetName;
  bool hasMatrices = false; ///< a kernel could multiply matrices
  llvm::StringMap<vulkan::EmittedKernel> kernels;
};

} // namespace

FailureOr<KernelInfo> VulkanTarget::emitKernel(DispatchOp op,
                                               StringRef symbol) {
  FailureOr<vulkan::EmittedKernel> kernel = vulkan::emitKernel(op, mode);
  if (failed(kernel))
    return failure();
  hasMatrices = hasMatrices || succeeded(vulkan::planMatrices(op));
  KernelInfo info;
  info.symbol = symbol.str();
  info.tileCount = kernel->workgroups;
  kernels[symbol] = std::move(*kernel);
  return info;
}

LogicalResult VulkanTarget::dumpAssembly(StringRef symbol,
                                         ArrayRef<uint32_t> words,
                                         CompileDump &dump, ModuleOp holder) {
  std::string disassembler = vulkan::findDisassembler();
  if (disassembler.empty())
    return holder.emitError("spirv-dis is missing, expected in PATH to print "
                            "assembly");
  auto text = vulkan::disassemble(disassembler, words);
  if (!text)
    return holder.emitError(llvm::toString(text.takeError()));
  dump.assembly += ("; " + symbol + "\n" + *text).str();
  return success();
}

LogicalResult VulkanTarget::finish(MutableArrayRef<KernelInfo> infos,
                                   ProgramCode &code, CompileDump *dump) {
  code.device = DeviceKind::Vulkan;
  code.abiVersion = VISIR_VULKAN_ABI_VERSION;
  std::set<std::string> features;
  for (const KernelInfo &info : infos) {
    StringRef symbol = info.symbol;
    vulkan::EmittedKernel &kernel = kernels[symbol];
    ModuleOp holder = *kernel.holder;
    std::string text;
    FailureOr<vulkan::SpirvModule> module =
        vulkan::compileToSpirv(kernel, dump ? &text : nullptr);
    if (failed(module))
      return holder.emitError("kernel ")
             << symbol << " cannot be made SPIR-V";
    features.merge(module->features);
    auto *bytes = reinterpret_cast<const char *>(module->words.data());
    uint64_t size = module->words.size() * sizeof(uint32_t);
    code.functions.push_back({code.code.size(), size});
    code.frameBytes.push_back(0);
    code.launches.push_back({uint32_t(kernel.threads), 1, 1,
                             uint64_t(kernel.sharedBytes), kernel.canFail,
                             module->loopSteps, kernel.resizable});
    code.code.insert(code.code.end(), bytes, bytes + size);
    if (dump)
      dump->llvmIR += ("// " + symbol + "\n" + text).str();
    if (dump && dump->wantsAssembly &&
        failed(dumpAssembly(symbol, module->words, *dump, holder)))
      return failure();
  }
  code.features = llvm::join(features, ",");
  if (dump)
    dump->object = code.code;
  return success();
}

std::unique_ptr<TargetCompiler>
visir::makeVulkanTarget(MLIRContext &context, StringRef name) {
  using vulkan::MatrixMode;
  MatrixMode mode = MatrixMode::None;
  if (name == kVulkanMatrixTargetName)
    mode = MatrixMode::Cooperative;
  else if (name == "vulkan+emulated16")
    mode = MatrixMode::Emulated;
  else if (name != kVulkanTargetName)
    return nullptr;
  return std::make_unique<VulkanTarget>(context, mode, name);
}
