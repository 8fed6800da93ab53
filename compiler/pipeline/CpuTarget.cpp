// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/CpuTarget.h"

#include "compiler/plan/InPlaceStates.h"
#include "compiler/plan/LiveKeys.h"
#include "compiler/transforms/precision/NarrowTensors.h"
#include "targets/cpu/abi/kernel_abi.h"
#include "targets/common/SplitForms.h"
#include "targets/cpu/codegen/KernelBuilder.h"
#include "targets/cpu/codegen/attention/Attention.h"
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

/// Only one kernel reads fewer keys; the others need the masks.
static LogicalResult checkLiveKeys(func::FuncOp func) {
  for (auto op : func.getOps<DispatchOp>())
    if (liveKeysOf(op) && !op.getConfigAttr().contains("kernel"))
      return op.emitError("kernel of an attention with a bounded number of "
                          "keys is plain, expected a tiled one");
  return success();
}

namespace {

class CpuTarget : public TargetCompiler {
public:
  CpuTarget(MLIRContext &context, const cpu::CpuSpec &spec,
            const cpu::LayoutOptions &options, bool plain)
      : spec(spec), options(options), plain(plain),
        kernels(ModuleOp::create(UnknownLoc::get(&context))) {}

  std::string name() const override { return spec.name; }

  /// A core multiplies narrow factors where it has instructions for that.
  std::string refusePrecision(Precision precision) const override {
    if (plain && precision != Precision::Tf32)
      return "";
    if (precision == Precision::Fp16 && spec.halfArithmetic)
      return "";
    if (precision == Precision::Fp16 && !spec.isX86())
      return "its core may have no fp16 arithmetic, which " +
             llvm::StringRef(spec.name).split('+').first.str() +
             "+fp16 asks for and cores of ARMv8.2 have";
    if (precision != Precision::Fp32 && spec.halfArithmetic)
      return "its kernels multiply f32 and f16 only";
    return TargetCompiler::refusePrecision(precision);
  }

  LogicalResult layOut(func::FuncOp func, Precision precision) override {
    FloatType narrow = narrowType(*func.getContext(), precision);
    if (plain) {
      splitForms(func);
      return narrow ? narrowTensors(func, narrow) : success();
    }
    if (narrow && failed(narrowTensors(func, narrow)))
      return failure();
    spec.halfSums = precision == Precision::Fp16;
    markLiveKeys(func, [&](DispatchOp op) {
      std::string reason;
      return bool(cpu::attentionConfig(op, spec, reason));
    });
    if (failed(cpu::layOut(func, spec, options)))
      return failure();
    updateStatesInPlace(func);
    return checkLiveKeys(func);
  }

  FailureOr<KernelInfo> emitKernel(DispatchOp op, StringRef symbol) override {
    dispatches.push_back(op);
    return emit(op, spec, symbol);
  }

  LogicalResult finish(MutableArrayRef<KernelInfo> infos, ProgramCode &code,
                       CompileDump *dump) override;

private:
  FailureOr<KernelInfo> emit(DispatchOp op, const cpu::CpuSpec &core,
                             StringRef symbol);
  LogicalResult shrink(ArrayRef<unsigned> large, unsigned registers,
                       MutableArrayRef<KernelInfo> infos);
  FailureOr<cpu::CodeBlock> compile(MutableArrayRef<KernelInfo> infos,
                                    CompileDump *dump);

  cpu::CpuSpec spec;
  cpu::LayoutOptions options;
  bool plain;
  OwningOpRef<ModuleOp> kernels;
  std::vector<DispatchOp> dispatches; ///< of each emitted kernel
};

} // namespace

FailureOr<KernelInfo> CpuTarget::emit(DispatchOp op, const cpu::CpuSpec &core,
                                      StringRef symbol) {
  if (plain)
    return cpu::emitPlainKernel(op, core, *kernels, symbol);
  FailureOr<KernelInfo> info = cpu::emitKernel(op, core, *kernels, symbol);
  if (succeeded(info))
    info->tileAxes = takeTileAxes(*kernels, symbol);
  return info;
}

/// Emits the kernels with these numbers anew, for a core of so few vector
/// registers that their tiles are smaller.
LogicalResult CpuTarget::shrink(ArrayRef<unsigned> large, unsigned registers,
                                MutableArrayRef<KernelInfo> infos) {
  cpu::CpuSpec small = spec;
  small.vectorRegisters = registers;
  for (unsigned i : large) {
    std::string symbol = infos[i].symbol;
    emitRemark(dispatches[i].getLoc())
        << "stack frame of " << symbol << " is too large: emitted anew for "
        << registers << " vector registers";
    kernels->lookupSymbol((symbol + cpu::kBodySuffix).str())->erase();
    FailureOr<KernelInfo> info = emit(dispatches[i], small, symbol);
    if (failed(info))
      return failure();
    infos[i] = std::move(*info);
  }
  return success();
}

/// The code of all kernels. Spilled tiles make frames large; how many values
/// they spill is known only then.
FailureOr<cpu::CodeBlock> CpuTarget::compile(MutableArrayRef<KernelInfo> infos,
                                             CompileDump *dump) {
  std::vector<std::string> symbols;
  for (const KernelInfo &info : infos)
    symbols.push_back(info.symbol);
  for (unsigned registers = spec.vectorRegisters / 2;; registers /= 2) {
    FailureOr<cpu::CodeBlock> block =
        cpu::compileKernels(*kernels, spec, symbols, dump);
    if (failed(block))
      return failure();
    std::vector<unsigned> large;
    for (auto [i, bytes] : llvm::enumerate(block->frameBytes))
      if (bytes > VISIR_CPU_MAX_FRAME_BYTES)
        large.push_back(unsigned(i));
    if (large.empty())
      return block;
    if (plain || registers < 4)
      return emitError(dispatches[large[0]].getLoc())
             << "stack frame of " << symbols[large[0]] << " is "
             << block->frameBytes[large[0]] << " bytes, expected at most "
             << VISIR_CPU_MAX_FRAME_BYTES;
    if (failed(shrink(large, registers, infos)))
      return failure();
  }
}

LogicalResult CpuTarget::finish(MutableArrayRef<KernelInfo> infos,
                                ProgramCode &code, CompileDump *dump) {
  code.device = DeviceKind::Cpu;
  code.abiVersion = VISIR_CPU_ABI_VERSION;
  code.features = spec.extensions;
  if (infos.empty())
    return success();
  FailureOr<cpu::CodeBlock> block = compile(infos, dump);
  if (failed(block))
    return failure();
  code.code = std::move(block->bytes);
  code.functions = std::move(block->functions);
  code.frameBytes = std::move(block->frameBytes);
  return success();
}

std::unique_ptr<TargetCompiler>
visir::makeCpuTarget(MLIRContext &context, const cpu::CpuSpec &spec,
                     const cpu::LayoutOptions &options, bool plain) {
  return std::make_unique<CpuTarget>(context, spec, options, plain);
}
