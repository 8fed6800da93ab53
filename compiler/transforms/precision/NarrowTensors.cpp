// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/precision/NarrowTensors.h"

#include "compiler/analysis/DispatchForm.h"
#include "compiler/support/Constants.h"
#include "dialects/visir/Visir.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/EquivalenceClasses.h"

#include <cmath>

namespace visir {
#define GEN_PASS_DEF_NARROWTENSORS
#include "compiler/transforms/precision/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// The values of the prologue that the dispatch multiplies with each other
/// and adds up.
static SmallVector<OpOperand *> factorsOf(DispatchOp op) {
  Operation *yield = op.getPrologueBlock().getTerminator();
  SmallVector<OpOperand *> factors;
  auto add = [&](Operation *owner, unsigned count) {
    for (unsigned i = 0; i < count; ++i)
      if (owner->getOperand(i).getType().isF32())
        factors.push_back(&owner->getOpOperand(i));
  };
  if (op.getKind() == RootKind::Contract)
    add(yield, 2);
  if (op.getKind() == RootKind::Attention)
    add(yield, 3);
  if (!isSum(op))
    return factors;
  // A depthwise convolution's product; a square or a scale is none.
  auto product = yield->getOperand(0).getDefiningOp<arith::MulFOp>();
  if (product && product.getLhs() != product.getRhs() &&
      !loadsBehind(product.getLhs()).empty() &&
      !loadsBehind(product.getRhs()).empty())
    add(product, 2);
  return factors;
}

/// The load that a factor is, or -1.
static int loadOf(OpOperand *factor) {
  auto argument = dyn_cast<BlockArgument>(factor->get());
  return argument ? int(argument.getArgNumber()) : -1;
}

static bool isF32(Value tensor) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  return type && type.getElementType().isF32();
}

static RankedTensorType withElement(Value tensor, Type element) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return RankedTensorType::get(type.getShape(), element, type.getEncoding());
}

namespace {

/// Chooses tensors and changes their types.
class Narrower {
public:
  Narrower(func::FuncOp func, FloatType narrow)
      : func(func), narrow(narrow),
        dispatches(llvm::to_vector(func.getOps<DispatchOp>())) {}

  LogicalResult run();

private:
  void joinTies();
  void keepOthers();
  void choose();
  bool want(Value tensor);
  LogicalResult narrowWeights(DispatchOp op);
  FailureOr<Value> narrowConstant(DispatchOp op, Value constant);
  void roundFactors(DispatchOp op);
  void changePayloads(DispatchOp op);

  void keep(Value tensor) {
    if (isF32(tensor))
      kept.insert(classes.getOrInsertLeaderValue(key(tensor)));
  }
  bool isWanted(Value tensor) {
    return isF32(tensor) &&
           wanted.contains(classes.getOrInsertLeaderValue(key(tensor)));
  }
  static void *key(Value value) { return value.getAsOpaquePointer(); }

  func::FuncOp func;
  FloatType narrow;
  SmallVector<DispatchOp> dispatches;
  /// Tensors that share memory by ties, and so their type.
  llvm::EquivalenceClasses<void *> classes;
  llvm::DenseSet<void *> kept, wanted; ///< leaders of classes
  llvm::DenseMap<Value, Value> constants;
};

} // namespace

void Narrower::joinTies() {
  for (DispatchOp op : dispatches)
    for (auto [result, tie] : llvm::zip(op.getResults(), op.getTies()))
      if (tie >= 0)
        classes.unionSets(key(result), key(op.getInputs()[tie]));
}

/// What stays in f32: what the caller sees, statistics and sums, and what a
/// root reads past its prologue.
void Narrower::keepOthers() {
  for (Value argument : func.getArguments())
    keep(argument);
  for (Value result : func.front().getTerminator()->getOperands())
    keep(result);
  for (DispatchOp op : dispatches) {
    bool past = op.getKind() == RootKind::Scatter ||
                op.getKind() == RootKind::GridSample;
    for (auto [i, input] : llvm::enumerate(op.getInputs()))
      if (past || op.getLoad(i).getNorm() ||
          isa_and_present<ConstantOp>(input.getDefiningOp()))
        keep(input);
    for (auto [j, result] : llvm::enumerate(op.getResults()))
      if (past || op.getStore(j).getSum())
        keep(result);
  }
}

/// Whether the tensor's class becomes wanted by this.
bool Narrower::want(Value tensor) {
  if (!isF32(tensor))
    return false;
  void *leader = classes.getOrInsertLeaderValue(key(tensor));
  return !kept.contains(leader) && wanted.insert(leader).second;
}

/// Products want their factors narrow; copies have one type on both sides.
void Narrower::choose() {
  for (DispatchOp op : dispatches)
    for (OpOperand *factor : factorsOf(op))
      if (auto loads = loadsBehind(factor->get()); loads.size() == 1)
        want(op.getInputs()[loads[0]]);
  for (bool changed = true; changed;) {
    changed = false;
    for (DispatchOp op : llvm::reverse(dispatches)) {
      if (!isCopy(op))
        continue;
      auto yield = op.getEpilogueBlock().getTerminator();
      Value from = op.getInputs()[cast<BlockArgument>(yield->getOperand(0))
                                      .getArgNumber()];
      if (isWanted(op.getResult(0)))
        changed |= want(from);
      else if (isWanted(from))
        changed |= want(op.getResult(0));
    }
  }
}

FailureOr<Value> Narrower::narrowConstant(DispatchOp op, Value constant) {
  Value &made = constants[constant];
  if (made)
    return made;
  SmallVector<char> storage;
  ArrayRef<char> bytes = constantBytes(constantOf(constant), storage);
  RankedTensorType type = withElement(constant, narrow);
  std::vector<char> result(tensorBytes(type));
  double largest =
      APFloat::getLargest(narrow.getFloatSemantics()).convertToDouble();
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    double value = elementAsDouble(bytes, Float32Type::get(op.getContext()), i);
    if (std::isfinite(value) && std::abs(value) > largest)
      return op.emitError() << "weight is " << value << ", expected at most "
                            << largest << " in magnitude for " << narrow;
    storeDouble(result, narrow, i, value);
  }
  OpBuilder b(constant.getDefiningOp());
  b.setInsertionPointAfter(constant.getDefiningOp());
  made = ConstantOp::create(b, constant.getLoc(), makeConstant(type, result));
  return made;
}

/// Factors that are constants become narrow ones, for this reader alone.
LogicalResult Narrower::narrowWeights(DispatchOp op) {
  for (OpOperand *factor : factorsOf(op)) {
    int load = loadOf(factor);
    if (load < 0 || !constantOf(op.getInputs()[load]) ||
        !isF32(op.getInputs()[load]) || op.getLoad(load).getNorm() ||
        llvm::is_contained(op.getTies(), int64_t(load)))
      continue;
    FailureOr<Value> weight = narrowConstant(op, op.getInputs()[load]);
    if (failed(weight))
      return failure();
    op.getInputsMutable()[load].set(*weight);
  }
  return success();
}

/// Whether the value is exact in the type already.
static bool isExtended(Value value, Type type) {
  auto extension = value.getDefiningOp<arith::ExtFOp>();
  return extension && extension.getIn().getType() == type;
}

void Narrower::roundFactors(DispatchOp op) {
  for (OpOperand *factor : factorsOf(op)) {
    if (isExtended(factor->get(), narrow))
      continue;
    OpBuilder b(factor->getOwner());
    Location loc = op.getLoc();
    Value rounded = arith::TruncFOp::create(b, loc, narrow, factor->get());
    factor->set(
        arith::ExtFOp::create(b, loc, b.getF32Type(), rounded).getResult());
  }
}

/// Loads of narrow tensors extend, stores to them truncate.
void Narrower::changePayloads(DispatchOp op) {
  Location loc = op.getLoc();
  unsigned roots = op.getRootResultCount();
  for (auto [block, first] : {std::pair(&op.getPrologueBlock(), 0u),
                              std::pair(&op.getEpilogueBlock(), roots)}) {
    OpBuilder b = OpBuilder::atBlockBegin(block);
    for (auto [i, input] : llvm::enumerate(op.getInputs())) {
      BlockArgument argument = block->getArgument(first + i);
      auto type = cast<RankedTensorType>(input.getType());
      if (type.getElementType() != narrow || !argument.getType().isF32())
        continue;
      argument.setType(narrow);
      if (argument.use_empty())
        continue;
      auto wide = arith::ExtFOp::create(b, loc, b.getF32Type(), argument);
      argument.replaceAllUsesExcept(wide.getResult(), wide);
    }
  }
  Operation *yield = op.getEpilogueBlock().getTerminator();
  OpBuilder b(yield);
  for (auto [j, result] : llvm::enumerate(op.getResults())) {
    auto type = cast<RankedTensorType>(result.getType());
    Value value = yield->getOperand(j);
    if (type.getElementType() != narrow || !value.getType().isF32())
      continue;
    Value stored = isExtended(value, narrow)
                       ? value.getDefiningOp<arith::ExtFOp>().getIn()
                       : arith::TruncFOp::create(b, loc, narrow, value);
    yield->setOperand(j, stored);
    if (Operation *extension = value.getDefiningOp();
        extension && extension->use_empty())
      extension->erase();
  }
}

LogicalResult Narrower::run() {
  joinTies();
  keepOthers();
  choose();
  for (DispatchOp op : dispatches)
    if (failed(narrowWeights(op)))
      return failure();
  SmallVector<Value> changed;
  func.walk([&](Operation *op) {
    if (isa<DispatchOp, EmptyOp>(op))
      llvm::copy_if(op->getResults(), std::back_inserter(changed),
                    [&](Value value) { return isWanted(value); });
  });
  for (Value value : changed)
    value.setType(withElement(value, narrow));
  for (DispatchOp op : dispatches) {
    changePayloads(op);
    roundFactors(op);
  }
  for (auto op : llvm::make_early_inc_range(func.getOps<ConstantOp>()))
    if (op->use_empty())
      op->erase();
  return success();
}

LogicalResult visir::narrowTensors(func::FuncOp func, FloatType narrow) {
  return Narrower(func, narrow).run();
}

namespace {

struct NarrowTensors : visir::impl::NarrowTensorsBase<NarrowTensors> {
  using NarrowTensorsBase::NarrowTensorsBase;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    FloatType narrow;
    if (type == "f16")
      narrow = Float16Type::get(context);
    else if (type == "bf16")
      narrow = BFloat16Type::get(context);
    if (!narrow) {
      getOperation().emitError()
          << "type is " << type << ", expected f16 or bf16";
      return signalPassFailure();
    }
    if (failed(narrowTensors(getOperation(), narrow)))
      signalPassFailure();
  }
};

} // namespace
