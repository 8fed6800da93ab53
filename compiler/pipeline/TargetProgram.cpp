// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/TargetProgram.h"

#include "compiler/plan/PlanProgram.h"

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

namespace {

/// Emits each distinct dispatch once.
class KernelCollector {
public:
  explicit KernelCollector(TargetCompiler &target) : target(target) {}

  LogicalResult add(DispatchOp op) {
    std::string text = dispatchText(op);
    auto [it, isNew] = numbers.try_emplace(text, table.kernels.size());
    if (isNew) {
      auto digest = llvm::SHA256::hash(llvm::arrayRefFromStringRef(text));
      std::string symbol = "k" + std::to_string(it->second) + "_" +
                           stringifyEnum(op.getKind()).str();
      FailureOr<KernelInfo> info = target.emitKernel(op, symbol);
      if (failed(info))
        return failure();
      emitRemark(op.getLoc()) << "kernel " << symbol << " "
                              << attributeText(op.getConfigAttr());
      table.kernels.push_back({info->symbol, op, info->tileCount,
                               int64_t(info->scratchBytes), info->flops,
                               attributeText(op.getConfigAttr()),
                               llvm::toHex(digest, /*LowerCase=*/true),
                               std::move(info->tileAxes)});
    }
    table.kernelOf[op] = it->second;
    return success();
  }

  KernelTable table;

private:
  TargetCompiler &target;
  llvm::StringMap<unsigned> numbers;
};

} // namespace

FailureOr<ProgramCode> visir::compileForTarget(ModuleOp module,
                                               TargetCompiler &target,
                                               CompileDump *dump) {
  for (auto func : module.getOps<func::FuncOp>())
    if (failed(target.layOut(func)))
      return failure();
  KernelCollector collector(target);
  SmallVector<DispatchOp> dispatches;
  module.walk([&](DispatchOp op) { dispatches.push_back(op); });
  for (DispatchOp op : dispatches)
    if (failed(collector.add(op)))
      return failure();
  FailureOr<exec::ProgramOp> program =
      planProgram(module, collector.table, target.name(),
                  target.bufferAlignment());
  if (failed(program))
    return failure();
  ProgramCode code;
  code.program = *program;
  code.targetName = target.name();
  std::vector<std::string> symbols;
  for (const PlannedKernel &kernel : collector.table.kernels)
    symbols.push_back(kernel.symbol);
  if (failed(target.finish(symbols, code, dump)))
    return failure();
  return code;
}
