// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/Work.h"

#include "compiler/analysis/DispatchForm.h"
#include "compiler/support/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace visir;

// A word holds this many signs (see visir.binary_conv).
static constexpr double kSignsOfWord = 32;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

double visir::macsOf(Operation *op) {
  auto elements = [](Value value) {
    return double(cast<RankedTensorType>(value.getType()).getNumElements());
  };
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case([&](MatMulOp product) {
        return elements(product.getResult()) *
               shapeOf(product.getLhs()).back();
      })
      .Case([&](AttentionOp attention) {
        ArrayRef<int64_t> key = shapeOf(attention.getKey());
        return (elements(attention.getQuery()) +
                elements(attention.getResult())) *
               key[key.size() - 2];
      })
      .Case([&](ConvOp conv) {
        ArrayRef<int64_t> weight = shapeOf(conv.getWeight());
        return elements(conv.getResult()) *
               ShapedType::getNumElements(weight.drop_front());
      })
      .Case([&](ConvTransposeOp conv) {
        ArrayRef<int64_t> weight = shapeOf(conv.getWeight());
        return elements(conv.getInput()) *
               ShapedType::getNumElements(weight.drop_front());
      })
      .Default([](Operation *) { return 0.0; });
}

void Work::operator+=(const Work &other) {
  ops += other.ops;
  passes += other.passes;
  bytes += other.bytes;
  macs += other.macs;
  signs += other.signs;
}

/// Whether a value of a payload multiplies two different loads.
static bool multipliesLoads(Value value) {
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<arith::MulFOp, arith::MulIOp>(op))
    return false;
  SmallVector<unsigned> lhs = loadsBehind(op->getOperand(0));
  SmallVector<unsigned> rhs = loadsBehind(op->getOperand(1));
  return !lhs.empty() && !rhs.empty() && lhs != rhs;
}

/// Whether words of two loads are compared bit by bit, and equal ones counted.
static bool comparesWords(DispatchOp op) {
  return llvm::any_of(op.getPrologueBlock(), [](Operation &inner) {
    return isa<math::CtPopOp>(inner) &&
           loadsBehind(inner.getOperand(0)).size() > 1;
  });
}

static bool isIndex(DispatchOp op, unsigned load) {
  auto indexes = [&](Attribute access) {
    return llvm::is_contained(cast<AccessAttr>(access).getIndexLoads(),
                              int64_t(load));
  };
  return llvm::any_of(op.getLoads(), indexes) ||
         llvm::any_of(op.getStores(), indexes);
}

/// Whether elements of an input are read, not only its memory taken.
static bool isRead(DispatchOp op, unsigned load) {
  unsigned roots = op.getRootResultCount();
  return !op.getPrologueBlock().getArgument(load).use_empty() ||
         !op.getEpilogueBlock().getArgument(roots + load).use_empty() ||
         isIndex(op, load);
}

/// Adds what a dispatch multiplies.
static void addProducts(DispatchOp op, Work &work) {
  ArrayRef<int64_t> extents = op.getExtents();
  double points = double(ShapedType::getNumElements(extents));
  Operation *yield = op.getPrologueBlock().getTerminator();
  switch (op.getKind()) {
  case RootKind::Contract:
    work.macs += points;
    break;
  case RootKind::Attention: {
    // [batch..., m, e | n, d]: the scores take m n d, their sums m n e.
    double e = double(extents[op.getParallelRank() - 1]);
    double d = double(extents.back());
    work.macs += points / (e * d) * (e + d);
    break;
  }
  case RootKind::Reduce:
    if (comparesWords(op))
      work.signs += points * kSignsOfWord;
    else if (multipliesLoads(yield->getOperand(0)))
      work.macs += points;
    break;
  default:
    break;
  }
}

Work visir::workOf(Operation *op) {
  Work work;
  if (op->getNumResults() == 0 || isa<ConstantOp, EmptyOp, ReshapeOp>(op))
    return work;
  work.ops = 1;
  auto dispatch = dyn_cast<DispatchOp>(op);
  llvm::SetVector<Value> tensors;
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (!isa_and_nonnull<ConstantOp, EmptyOp>(operand.getDefiningOp()) &&
        (!dispatch || isRead(dispatch, i)))
      tensors.insert(operand);
  tensors.insert(op->result_begin(), op->result_end());
  for (Value tensor : tensors)
    if (auto type = dyn_cast<RankedTensorType>(tensor.getType())) {
      ++work.passes;
      work.bytes += double(tensorBytes(type));
    }
  if (dispatch)
    addProducts(dispatch, work);
  else
    work.macs = macsOf(op);
  return work;
}

Work visir::workOf(func::FuncOp func) {
  Work work;
  for (Operation &op : func.front())
    work += workOf(&op);
  return work;
}
