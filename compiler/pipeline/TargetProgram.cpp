// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/TargetProgram.h"

#include "compiler/plan/PlanProgram.h"
#include "targets/common/CostAttr.h"

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

/// The configuration, with what the target has noted of the kernel's cost.
static std::string takeConfigText(DispatchOp op) {
  DictionaryAttr config = op.getConfigAttr();
  Attribute cost = op->removeAttr(kCostAttr);
  if (!config || !cost)
    return attributeText(config);
  NamedAttrList whole(config);
  whole.append("cost", cost);
  return attributeText(whole.getDictionary(op.getContext()));
}

/// Whether the dispatch computes nothing.
static bool isMovement(DispatchOp op) {
  return op.getKind() == RootKind::Map &&
         op.getPrologueBlock().without_terminator().empty() &&
         op.getEpilogueBlock().without_terminator().empty();
}

/// Whether a movement puts the elements of one tensor, all of them, into
/// another order or place.
static bool isRelayout(DispatchOp op) {
  if (op.getNumResults() != 1 || op.getInputs().size() != 1)
    return false;
  auto source = cast<RankedTensorType>(op.getInputs()[0].getType());
  auto result = cast<RankedTensorType>(op.getResult(0).getType());
  int64_t points = 1;
  for (int64_t extent : op.getExtents())
    points *= extent;
  return source.hasStaticShape() && result.hasStaticShape() &&
         source.getElementType() == result.getElementType() &&
         source.getNumElements() == points &&
         result.getNumElements() == points &&
         op.getLoad(0).getIndexAxes().empty();
}

/// The kind of its root, as names of kernels tell it: of movements `relayout`,
/// or `move` for parts of tensors.
static std::string kindOf(DispatchOp op) {
  if (!isMovement(op))
    return stringifyEnum(op.getKind()).str();
  return isRelayout(op) ? "relayout" : "move";
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
      std::string symbol =
          "k" + std::to_string(it->second) + "_" + kindOf(op);
      FailureOr<KernelInfo> info = target.emitKernel(op, symbol);
      if (failed(info))
        return failure();
      emitRemark(op.getLoc()) << "kernel " << symbol << " "
                              << attributeText(op.getConfigAttr());
      PlannedKernel kernel;
      kernel.dispatch = op;
      kernel.digest = llvm::toHex(digest, /*LowerCase=*/true);
      table.kernels.push_back(std::move(kernel));
      infos.push_back(std::move(*info));
    }
    table.kernelOf[op] = it->second;
    return success();
  }

  /// Compiles the kernels into `code` and gives what is to be planned.
  FailureOr<KernelTable> finish(ProgramCode &code, CompileDump *dump) {
    if (failed(target.finish(infos, code, dump)))
      return failure();
    for (auto [kernel, info] : llvm::zip_equal(table.kernels, infos)) {
      kernel.symbol = info.symbol;
      kernel.config = takeConfigText(kernel.dispatch);
      kernel.tileCount = info.tileCount;
      kernel.scratchBytes = int64_t(info.scratchBytes);
      kernel.flops = info.flops;
      kernel.tileAxes = std::move(info.tileAxes);
      code.dispatches.push_back(kernel.dispatch);
    }
    return std::move(table);
  }

private:
  TargetCompiler &target;
  KernelTable table;
  std::vector<KernelInfo> infos;
  llvm::StringMap<unsigned> numbers;
};

} // namespace

FailureOr<ProgramCode> visir::compileForTarget(ModuleOp module,
                                               TargetCompiler &target,
                                               Precision precision,
                                               CompileDump *dump) {
  if (std::string why = target.refusePrecision(precision); !why.empty())
    return module.emitError()
           << "precision is " << precisionName(precision)
           << ", expected fp32 for the target " << target.name() << ": "
           << why;
  for (auto func : module.getOps<func::FuncOp>())
    if (failed(target.layOut(func, precision)))
      return failure();
  KernelCollector collector(target);
  SmallVector<DispatchOp> dispatches;
  module.walk([&](DispatchOp op) { dispatches.push_back(op); });
  for (DispatchOp op : dispatches)
    if (failed(collector.add(op)))
      return failure();
  ProgramCode code;
  code.targetName = target.name();
  FailureOr<KernelTable> kernels = collector.finish(code, dump);
  if (failed(kernels))
    return failure();
  FailureOr<exec::ProgramOp> program = planProgram(
      module, *kernels, target.name(), target.bufferAlignment());
  if (failed(program))
    return failure();
  code.program = *program;
  return code;
}
