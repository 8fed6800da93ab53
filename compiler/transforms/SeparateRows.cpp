// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exporters join the dimensions of rows around a product and separate them
// behind it, and pick rows of joined dimensions by one number. Where rows are
// to be told apart by dimension, the joining goes.
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/TypeSwitch.h"

namespace visir {
#define GEN_PASS_DEF_SEPARATEROWS
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// Whether rows of `value`, of rank 2, become rows of several dimensions.
static bool separatesRows(ReshapeOp op) {
  ArrayRef<int64_t> from = shapeOfValue(op.getInput());
  ArrayRef<int64_t> to = shapeOfValue(op.getResult());
  return from.size() == 2 && to.size() > 2 && from.back() == to.back();
}

/// The operands of a row-wise op that hold the rows of its rank-2 result;
/// nothing for other ops.
static SmallVector<OpOperand *> rowOperands(Operation *op) {
  SmallVector<OpOperand *> operands;
  bool isRowWise =
      llvm::TypeSwitch<Operation *, bool>(op)
          .Case<UnaryOp, CastOp>([](auto) { return true; })
          .Case([](LayerNormOp norm) { return norm.getAxis() == 1; })
          .Case([](MatMulOp product) { return rankOf(product.getRhs()) == 2; })
          .Case([](BinaryOp binary) {
            return llvm::all_of(binary->getOperands(), [&](Value operand) {
              return rankOf(operand) < 2 ||
                     shapeOfValue(operand) == shapeOfValue(binary.getResult());
            });
          })
          .Default([](Operation *) { return false; });
  if (!isRowWise)
    return operands;
  for (OpOperand &operand : op->getOpOperands())
    if (operand.getOperandNumber() == 0 ||
        (isa<BinaryOp>(op) && rankOf(operand.get()) == 2))
      if (rankOf(operand.get()) == 2)
        operands.push_back(&operand);
  return operands;
}

/// Row-wise ops in front of a reshape that separates rows work on separate
/// ones.
static LogicalResult separate(ReshapeOp op, PatternRewriter &rewriter) {
  Operation *producer = op.getInput().getDefiningOp();
  if (!separatesRows(op) || !producer || !producer->hasOneUse())
    return failure();
  SmallVector<OpOperand *> operands = rowOperands(producer);
  if (operands.empty())
    return failure();
  ArrayRef<int64_t> lead = shapeOfValue(op.getResult()).drop_back();
  SmallVector<Value> values(producer->getOperands());
  for (OpOperand *operand : operands) {
    SmallVector<int64_t> shape(lead);
    shape.push_back(shapeOfValue(operand->get()).back());
    values[operand->getOperandNumber()] =
        createReshape(rewriter, op.getLoc(), operand->get(), shape);
  }
  Operation *separated = rewriter.clone(*producer);
  separated->setOperands(values);
  separated->getResult(0).setType(op.getResult().getType());
  if (auto norm = dyn_cast<LayerNormOp>(separated))
    norm.setAxis(lead.size());
  rewriter.replaceOp(op, separated->getResults());
  return success();
}

/// Rows picked from two joined dimensions by constant numbers are picked by
/// pairs of numbers.
static LogicalResult pickByPairs(GatherOp op, PatternRewriter &rewriter) {
  auto joined = op.getInput().getDefiningOp<ReshapeOp>();
  auto numbers = constantInts(op.getIndices());
  if (!joined || !numbers || op.getAxis() != 0 ||
      rankOf(op.getIndices()) != 1)
    return failure();
  ArrayRef<int64_t> from = shapeOfValue(joined.getInput());
  ArrayRef<int64_t> to = shapeOfValue(joined.getResult());
  if (from.size() != to.size() + 1 || from.drop_front(2) != to.drop_front())
    return failure();
  SmallVector<int64_t> pairs;
  for (int64_t number : *numbers) {
    number += number < 0 ? to[0] : 0;
    if (number < 0 || number >= to[0])
      return failure();
    pairs.append({number / from[1], number % from[1]});
  }
  auto type = RankedTensorType::get({int64_t(numbers->size()), 2},
                                    elementTypeOf(op.getIndices()));
  Value indices = ConstantOp::create(rewriter, op.getLoc(),
                                     makeConstant(type, ArrayRef(pairs)));
  rewriter.replaceOpWithNewOp<GatherNDOp>(
      op, op.getResult().getType(), joined.getInput(), indices,
      /*batch_dims=*/0);
  return success();
}

namespace {

struct SeparateRows : visir::impl::SeparateRowsBase<SeparateRows> {
  void runOnOperation() override {
    bool isCausal = getOperation()
                        .walk([](AttentionOp op) {
                          return op.getCausal() ? WalkResult::interrupt()
                                                : WalkResult::advance();
                        })
                        .wasInterrupted();
    if (!isCausal)
      return;
    RewritePatternSet patterns(&getContext());
    patterns.add(separate);
    patterns.add(pickByPairs);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
