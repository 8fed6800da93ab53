// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/CpuProgram.h"

#include "compiler/plan/PlanProgram.h"
#include "targets/cpu/abi/kernel_abi.h"
#include "targets/cpu/codegen/contraction/Emit.h"
#include "targets/cpu/codegen/KernelBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/SHA256.h"

using namespace mlir;
using namespace visir;

/// The dispatch alone, with its operands as arguments, as text without
/// locations: equal texts mean equal kernels.
static std::string dispatchText(DispatchOp op) {
  OpBuilder builder(op.getContext());
  OwningOpRef<ModuleOp> holder = ModuleOp::create(op.getLoc());
  builder.setInsertionPointToEnd(holder->getBody());
  auto type = builder.getFunctionType(op->getOperandTypes(), {});
  auto func = func::FuncOp::create(builder, op.getLoc(), "kernel", type);
  Block *block = func.addEntryBlock();
  IRMapping mapping;
  mapping.map(op->getOperands(), block->getArguments());
  builder.setInsertionPointToEnd(block);
  builder.clone(*op, mapping);
  func::ReturnOp::create(builder, op.getLoc());
  std::string text;
  llvm::raw_string_ostream stream(text);
  func.print(stream, OpPrintingFlags().useLocalScope());
  return text;
}

static std::string attributeText(Attribute attribute) {
  std::string text;
  if (attribute)
    llvm::raw_string_ostream(text) << attribute;
  return text;
}

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

/// Emits each distinct dispatch once.
class KernelCollector {
public:
  KernelCollector(const cpu::CpuSpec &spec, ModuleOp kernels)
      : spec(spec), kernels(kernels) {}

  LogicalResult add(DispatchOp op) {
    std::string text = dispatchText(op);
    auto [it, isNew] = numbers.try_emplace(text, table.kernels.size());
    if (isNew) {
      auto digest = llvm::SHA256::hash(llvm::arrayRefFromStringRef(text));
      std::string symbol = "k" + std::to_string(it->second) + "_" +
                           stringifyEnum(op.getKind()).str();
      FailureOr<cpu::KernelInfo> info =
          cpu::emitKernel(op, spec, kernels, symbol);
      if (failed(info))
        return failure();
      emitRemark(op.getLoc()) << "kernel " << symbol << " "
                              << attributeText(op.getConfigAttr());
      table.kernels.push_back({info->symbol, op, info->tileCount,
                               int64_t(info->scratchBytes), info->flops,
                               attributeText(op.getConfigAttr()),
                               llvm::toHex(digest, /*LowerCase=*/true),
                               takeTileAxes(kernels, symbol)});
    }
    table.kernelOf[op] = it->second;
    return success();
  }

  KernelTable table;

private:
  const cpu::CpuSpec &spec;
  ModuleOp kernels;
  llvm::StringMap<unsigned> numbers;
};

} // namespace

LogicalResult visir::layOutForCpu(ModuleOp module, const cpu::CpuSpec &spec,
                                  const cpu::LayoutOptions &options) {
  for (auto func : module.getOps<func::FuncOp>())
    if (failed(cpu::layOut(func, spec, options)))
      return failure();
  return success();
}

FailureOr<ProgramCode> visir::compileForCpu(ModuleOp module,
                                            const cpu::CpuSpec &spec,
                                            const cpu::LayoutOptions &options,
                                            cpu::CompileDump *dump) {
  if (failed(layOutForCpu(module, spec, options)))
    return failure();
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(module.getLoc());
  KernelCollector collector(spec, *kernels);
  SmallVector<DispatchOp> dispatches;
  module.walk([&](DispatchOp op) { dispatches.push_back(op); });
  for (DispatchOp op : dispatches)
    if (failed(collector.add(op)))
      return failure();
  FailureOr<exec::ProgramOp> program =
      planProgram(module, collector.table, spec.name);
  if (failed(program))
    return failure();
  ProgramCode code;
  code.program = *program;
  code.targetName = spec.name;
  code.abiVersion = VISIR_CPU_ABI_VERSION;
  std::vector<std::string> symbols;
  for (const PlannedKernel &kernel : collector.table.kernels)
    symbols.push_back(kernel.symbol);
  if (symbols.empty())
    return code;
  FailureOr<cpu::CodeBlock> block =
      cpu::compileKernels(*kernels, spec, symbols, dump);
  if (failed(block))
    return failure();
  code.code = std::move(block->bytes);
  code.functions = std::move(block->functions);
  code.frameBytes = std::move(block->frameBytes);
  return code;
}
