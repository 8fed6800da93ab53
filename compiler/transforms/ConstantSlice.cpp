// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/ConstantSlice.h"

#include "compiler/analysis/Work.h"
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace visir;

static bool isProduct(Operation *op) {
  return isa<MatMulOp, ConvOp, ConvTransposeOp, AttentionOp>(op);
}

int64_t ConstantSlice::constantBytes() const {
  int64_t bytes = 0;
  for (Operation *op : constants)
    bytes += tensorBytes(cast<RankedTensorType>(op->getResult(0).getType()));
  return bytes;
}

double ConstantSlice::macs() const {
  double sum = 0;
  for (Operation *op : ops)
    sum += macsOf(op);
  return sum;
}

namespace {

/// What is known of the values of a function whose block was walked.
class Finder {
public:
  explicit Finder(func::FuncOp func) : block(func.front()) {
    for (Operation &op : block.without_terminator())
      visit(op);
  }

  ConstantSlice slice();

private:
  void visit(Operation &op);
  bool isRead(Value value) const;
  Value behindMovement(Value value) const;

  Block &block;
  llvm::DenseSet<Operation *> known;    ///< depend on constants only
  llvm::DenseSet<Operation *> computed; ///< of these, with a product
};

} // namespace

void Finder::visit(Operation &op) {
  if (!isPure(&op) || op.getNumResults() == 0)
    return;
  bool isConstant = isa<ConstantOp>(op);
  if (!isConstant && op.getNumOperands() == 0)
    return;
  bool hasProduct = isProduct(&op);
  for (Value operand : op.getOperands()) {
    Operation *source = operand.getDefiningOp();
    if (!source || !known.contains(source))
      return;
    hasProduct |= computed.contains(source);
  }
  for (Type type : op.getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      return;
  }
  known.insert(&op);
  if (hasProduct)
    computed.insert(&op);
}

/// Whether something reads the value that is not known itself.
bool Finder::isRead(Value value) const {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    return !known.contains(user);
  });
}

/// Folding repeats movement; it is left to it where it makes nothing smaller.
Value Finder::behindMovement(Value value) const {
  Operation *op = value.getDefiningOp();
  while (isa<ReshapeOp, TransposeOp, ExpandOp>(op)) {
    value = op->getOperand(0);
    op = value.getDefiningOp();
  }
  return value;
}

ConstantSlice Finder::slice() {
  llvm::SetVector<Value> roots;
  for (Operation &op : block)
    if (computed.contains(&op))
      for (Value result : op.getResults())
        if (isRead(result))
          roots.insert(behindMovement(result));
  llvm::DenseSet<Operation *> needed;
  for (Value root : roots)
    needed.insert(root.getDefiningOp());
  ConstantSlice slice;
  slice.roots = llvm::to_vector(roots);
  for (Operation &op : llvm::reverse(block)) {
    if (!needed.contains(&op))
      continue;
    for (Value operand : op.getOperands())
      needed.insert(operand.getDefiningOp());
    (isa<ConstantOp>(op) ? slice.constants : slice.ops).push_back(&op);
  }
  std::reverse(slice.ops.begin(), slice.ops.end());
  std::reverse(slice.constants.begin(), slice.constants.end());
  return slice;
}

ConstantSlice visir::findConstantSlice(func::FuncOp func) {
  return Finder(func).slice();
}

OwningOpRef<ModuleOp> visir::extractModule(const ConstantSlice &slice) {
  Location loc = slice.ops.front()->getParentOp()->getLoc();
  OpBuilder builder(loc.getContext());
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToStart(module->getBody());
  auto type =
      builder.getFunctionType({}, TypeRange(ValueRange(slice.roots)));
  auto func = func::FuncOp::create(builder, loc, "main", type);
  func->setAttr("visir.entry", builder.getUnitAttr());
  for (unsigned i = 0; i < slice.roots.size(); ++i)
    func.setResultAttr(i, "visir.name", builder.getStringAttr(Twine(i)));
  builder.setInsertionPointToStart(func.addEntryBlock());
  IRMapping mapping;
  for (Operation *op : slice.constants)
    builder.clone(*op, mapping);
  for (Operation *op : slice.ops)
    builder.clone(*op, mapping);
  SmallVector<Value> results;
  for (Value root : slice.roots)
    results.push_back(mapping.lookup(root));
  func::ReturnOp::create(builder, loc, results);
  return module;
}
