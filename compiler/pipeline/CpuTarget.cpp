// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/CpuTarget.h"

#include "targets/cpu/abi/kernel_abi.h"
#include "targets/common/SplitForms.h"
#include "targets/cpu/codegen/KernelBuilder.h"
#include "targets/cpu/codegen/PlainKernel.h"
#include "targets/cpu/codegen/contraction/Emit.h"

using namespace mlir;
using namespace visir;

/// Takes the tile axes that the emitter left at the kernel's body.
static std::vector<SmallVector<int64_t, 4>> takeTileAxes(ModuleOp kernels,
                                                         StringRef symbol) {
  std::vector<SmallVector<int64_t, 4>> axes;
  Operation *body = kernels.lookupSymbol((symbol + cpu::kBodySuffix).str());
  auto attr = body ? body->getAttrOfType<ArrayAttr>(cpu::kTileAxesAttr)
                   : ArrayAttr();
  if (!attr)
    return axes;
  for (auto axis : attr.getAsRange<DenseI64ArrayAttr>())
    axes.emplace_back(axis.asArrayRef());
  body->removeAttr(cpu::kTileAxesAttr);
  return axes;
}

namespace {

class CpuTarget : public TargetCompiler {
public:
  CpuTarget(MLIRContext &context, const cpu::CpuSpec &spec,
            const cpu::LayoutOptions &options, bool plain)
      : spec(spec), options(options), plain(plain),
        kernels(ModuleOp::create(UnknownLoc::get(&context))) {}

  std::string name() const override { return spec.name; }

  LogicalResult layOut(func::FuncOp func) override {
    if (!plain)
      return cpu::layOut(func, spec, options);
    splitForms(func);
    return success();
  }

  FailureOr<KernelInfo> emitKernel(DispatchOp op, StringRef symbol) override {
    if (plain)
      return cpu::emitPlainKernel(op, spec, *kernels, symbol);
    FailureOr<KernelInfo> info = cpu::emitKernel(op, spec, *kernels, symbol);
    if (succeeded(info))
      info->tileAxes = takeTileAxes(*kernels, symbol);
    return info;
  }

  LogicalResult finish(ArrayRef<std::string> symbols, ProgramCode &code,
                       CompileDump *dump) override {
    code.device = DeviceKind::Cpu;
    code.abiVersion = VISIR_CPU_ABI_VERSION;
    if (symbols.empty())
      return success();
    FailureOr<cpu::CodeBlock> block =
        cpu::compileKernels(*kernels, spec, symbols, dump);
    if (failed(block))
      return failure();
    code.code = std::move(block->bytes);
    code.functions = std::move(block->functions);
    code.frameBytes = std::move(block->frameBytes);
    return success();
  }

private:
  const cpu::CpuSpec &spec;
  cpu::LayoutOptions options;
  bool plain;
  OwningOpRef<ModuleOp> kernels;
};

} // namespace

std::unique_ptr<TargetCompiler>
visir::makeCpuTarget(MLIRContext &context, const cpu::CpuSpec &spec,
                     const cpu::LayoutOptions &options, bool plain) {
  return std::make_unique<CpuTarget>(context, spec, options, plain);
}
