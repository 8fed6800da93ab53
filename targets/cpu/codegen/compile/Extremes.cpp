// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The greater and the lesser of two vectors as x86's own instructions, which
// give the second operand where one is not a number or both are zeros. LLVM
// turns a comparison with zero and a selection into a form for which it has no
// such instruction, but a mask and a blend.
#include "targets/cpu/codegen/compile/Stages.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

namespace {

struct UseExtremes : PassWrapper<UseExtremes, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(UseExtremes)
  explicit UseExtremes(const CpuSpec &spec) : spec(spec) {}

  StringRef getArgument() const override { return "visir-use-extremes"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<LLVM::LLVMDialect>();
  }
  void runOnOperation() override;

  /// Lanes of a vector for which there is an instruction, or 0.
  int64_t lanesOf(Type type) const;
  Value extreme(Operation *at, bool greater, Value x, Value y) const;
  Value replace(arith::SelectOp op) const;
  template <typename Op> Value replace(Op op, bool greater) const;

  const CpuSpec &spec;
};

} // namespace

int64_t UseExtremes::lanesOf(Type type) const {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector || vector.getRank() != 1 || !vector.getElementType().isF32())
    return 0;
  int64_t lanes = vector.getNumElements();
  bool exists = lanes == 4 || lanes == 8 || lanes == 16;
  return exists && lanes * 4 <= int64_t(spec.vectorBytes) ? lanes : 0;
}

/// x if it is the extreme one, else y, also where neither is.
Value UseExtremes::extreme(Operation *at, bool greater, Value x,
                           Value y) const {
  OpBuilder b(at);
  StringRef name;
  SmallVector<Value> operands{x, y};
  switch (lanesOf(x.getType())) {
  case 4:
    name = greater ? "llvm.x86.sse.max.ps" : "llvm.x86.sse.min.ps";
    break;
  case 8:
    name = greater ? "llvm.x86.avx.max.ps.256" : "llvm.x86.avx.min.ps.256";
    break;
  default:
    name =
        greater ? "llvm.x86.avx512.max.ps.512" : "llvm.x86.avx512.min.ps.512";
    // With the current mode of exceptions.
    operands.push_back(LLVM::ConstantOp::create(b, at->getLoc(),
                                                b.getI32IntegerAttr(4)));
  }
  return LLVM::CallIntrinsicOp::create(b, at->getLoc(), x.getType(),
                                       b.getStringAttr(name), operands)
      .getResult(0);
}

/// What a strict comparison of the same two values selects.
Value UseExtremes::replace(arith::SelectOp op) const {
  auto compare = op.getCondition().getDefiningOp<arith::CmpFOp>();
  if (!compare || !lanesOf(op.getType()))
    return {};
  Value x = op.getTrueValue(), y = op.getFalseValue();
  bool straight = compare.getLhs() == x && compare.getRhs() == y;
  bool crossed = compare.getLhs() == y && compare.getRhs() == x;
  if (!straight && !crossed)
    return {};
  switch (compare.getPredicate()) {
  case arith::CmpFPredicate::OGT:
    return extreme(op, straight, x, y);
  case arith::CmpFPredicate::OLT:
    return extreme(op, crossed, x, y);
  default:
    return {};
  }
}

/// Not a number if either is; which of two zeros is of no account.
template <typename Op>
Value UseExtremes::replace(Op op, bool greater) const {
  if (!lanesOf(op.getType()) ||
      !bitEnumContainsAll(op.getFastmath(), arith::FastMathFlags::nsz))
    return {};
  OpBuilder b(op);
  Value x = op.getLhs(), y = op.getRhs();
  Value value = extreme(op, greater, x, y);
  Value undefined = arith::CmpFOp::create(b, op.getLoc(),
                                          arith::CmpFPredicate::UNO, x, x);
  return arith::SelectOp::create(b, op.getLoc(), undefined, x, value);
}

void UseExtremes::runOnOperation() {
  SmallVector<Operation *> ops;
  getOperation().walk([&](Operation *op) {
    if (isa<arith::SelectOp, arith::MaximumFOp, arith::MinimumFOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    Value value;
    if (auto select = dyn_cast<arith::SelectOp>(op))
      value = replace(select);
    else if (auto maximum = dyn_cast<arith::MaximumFOp>(op))
      value = replace(maximum, true);
    else
      value = replace(cast<arith::MinimumFOp>(op), false);
    if (!value)
      continue;
    op->getResult(0).replaceAllUsesWith(value);
    op->erase();
  }
}

std::unique_ptr<Pass> cpu::createUseExtremesPass(const CpuSpec &spec) {
  return std::make_unique<UseExtremes>(spec);
}
