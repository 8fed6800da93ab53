// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "compiler/transforms/CanonicalizePatterns.h"
#include "compiler/transforms/Matching.h"

using namespace mlir;
using namespace visir;

static LogicalResult mergeReshapes(ReshapeOp op, PatternRewriter &rewriter) {
  if (op.getInput().getType() == op.getType()) {
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
  auto inner = op.getInput().getDefiningOp<ReshapeOp>();
  if (!inner)
    return failure();
  rewriter.replaceOpWithNewOp<ReshapeOp>(op, inner.getInput(),
                                         shapeOfValue(op.getResult()));
  return success();
}

static LogicalResult mergeTransposes(TransposeOp op,
                                     PatternRewriter &rewriter) {
  ArrayRef<int64_t> permutation = op.getPermutation();
  if (llvm::all_of(llvm::enumerate(permutation),
                   [](auto it) { return int64_t(it.index()) == it.value(); })) {
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
  auto inner = op.getInput().getDefiningOp<TransposeOp>();
  if (!inner)
    return failure();
  SmallVector<int64_t> merged;
  for (int64_t dim : permutation)
    merged.push_back(inner.getPermutation()[dim]);
  rewriter.replaceOpWithNewOp<TransposeOp>(op, inner.getInput(), merged);
  return success();
}

static LogicalResult mergeSlices(SliceOp op, PatternRewriter &rewriter) {
  if (op.getInput().getType() == op.getType() &&
      llvm::all_of(op.getStrides(), [](int64_t s) { return s > 0; })) {
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
  auto inner = op.getInput().getDefiningOp<SliceOp>();
  if (!inner)
    return failure();
  SmallVector<int64_t> offsets, strides;
  for (size_t i = 0; i < op.getOffsets().size(); ++i) {
    offsets.push_back(inner.getOffsets()[i] +
                      op.getOffsets()[i] * inner.getStrides()[i]);
    strides.push_back(op.getStrides()[i] * inner.getStrides()[i]);
  }
  rewriter.replaceOpWithNewOp<SliceOp>(op, inner.getInput(), offsets,
                                       op.getSizes(), strides);
  return success();
}

static LogicalResult dropPad(PadOp op, PatternRewriter &rewriter) {
  if (op.getInput().getType() != op.getType())
    return failure();
  rewriter.replaceOp(op, op.getInput());
  return success();
}

static LogicalResult mergeExpands(ExpandOp op, PatternRewriter &rewriter) {
  if (op.getInput().getType() == op.getType()) {
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
  auto inner = op.getInput().getDefiningOp<ExpandOp>();
  if (!inner)
    return failure();
  rewriter.replaceOpWithNewOp<ExpandOp>(op, inner.getInput(), op.getShape());
  return success();
}

/// A pad of nothing is its fill value.
static LogicalResult fillPad(PadOp op, PatternRewriter &rewriter) {
  auto type = cast<RankedTensorType>(op.getType());
  auto input = cast<RankedTensorType>(op.getInput().getType());
  if (op.getMode() != PadMode::Constant || !input.hasStaticShape() ||
      input.getNumElements() != 0)
    return failure();
  rewriter.replaceOpWithNewOp<ConstantOp>(
      op, makeSplat(type, op.getValue().convertToDouble()));
  return success();
}

/// One operand only, or operands that are concats along the same axis.
static LogicalResult mergeConcats(ConcatOp op, PatternRewriter &rewriter) {
  if (op.getInputs().size() == 1) {
    rewriter.replaceOp(op, op.getInputs()[0]);
    return success();
  }
  SmallVector<Value> inputs;
  for (Value input : op.getInputs()) {
    if (shapeOfValue(input)[op.getAxis()] == 0)
      continue;
    auto inner = input.getDefiningOp<ConcatOp>();
    if (inner && inner.getAxis() == op.getAxis() && inner->hasOneUse())
      llvm::append_range(inputs, inner.getInputs());
    else
      inputs.push_back(input);
  }
  if (inputs.empty() || llvm::equal(inputs, op.getInputs()))
    return failure();
  rewriter.replaceOpWithNewOp<ConcatOp>(op, inputs, op.getAxis());
  return success();
}

/// concat(a, b, c) is concat(concat(a, b), c) where concat(a, b) is there
/// for others too: what stands already is not put together anew.
static LogicalResult reusePrefix(ConcatOp op, PatternRewriter &rewriter) {
  ConcatOp longest;
  for (Operation *user : op.getInputs()[0].getUsers()) {
    auto other = dyn_cast<ConcatOp>(user);
    if (!other || other == op || other.getAxis() != op.getAxis() ||
        other->getBlock() != op->getBlock() || other->use_empty() ||
        !other->isBeforeInBlock(op))
      continue;
    size_t count = other.getInputs().size();
    if (count < 2 || count >= op.getInputs().size() ||
        !llvm::equal(other.getInputs(), op.getInputs().take_front(count)))
      continue;
    if (!longest || count > longest.getInputs().size())
      longest = other;
  }
  if (!longest)
    return failure();
  SmallVector<Value> inputs = {longest.getResult()};
  llvm::append_range(inputs,
                     op.getInputs().drop_front(longest.getInputs().size()));
  rewriter.replaceOpWithNewOp<ConcatOp>(op, inputs, op.getAxis());
  return success();
}

/// Elementwise ops broadcast, so an expand whose shape comes from another
/// operand anyway is not needed.
static LogicalResult dropExpandOperand(BinaryOp op, PatternRewriter &rewriter) {
  auto covers = [&](Value other) { return other.getType() == op.getType(); };
  auto expand = op.getRhs().getDefiningOp<ExpandOp>();
  if (expand && covers(op.getLhs())) {
    rewriter.modifyOpInPlace(
        op, [&] { op.getRhsMutable().assign(expand.getInput()); });
    return success();
  }
  expand = op.getLhs().getDefiningOp<ExpandOp>();
  if (!expand || !covers(op.getRhs()))
    return failure();
  rewriter.modifyOpInPlace(
      op, [&] { op.getLhsMutable().assign(expand.getInput()); });
  return success();
}

void visir::addMovementPatterns(RewritePatternSet &patterns) {
  patterns.add(mergeReshapes);
  patterns.add(mergeTransposes);
  patterns.add(mergeSlices);
  patterns.add(dropPad);
  patterns.add(mergeExpands);
  patterns.add(mergeConcats);
  patterns.add(fillPad);
  patterns.add(reusePrefix);
  patterns.add(dropExpandOperand);
}
