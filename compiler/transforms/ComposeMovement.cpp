// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/Movement.h"
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

#include <cmath>

namespace visir {
#define GEN_PASS_DEF_COMPOSEMOVEMENT
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

namespace {

struct ComposeMovement : visir::impl::ComposeMovementBase<ComposeMovement> {
  using ComposeMovementBase::ComposeMovementBase;

  void runOnOperation() override {
    known.clear();
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (!isMovement(op))
        return;
      if (compose(op))
        ops.push_back(op);
      else if (auto reshape = dyn_cast<ReshapeOp>(op))
        flatten(reshape, ops);
    });
    // Values that somebody other than a composed movement reads are made.
    for (Operation *op : ops) {
      Value result = op->getResult(0);
      bool isRead = llvm::any_of(result.getUsers(), [&](Operation *user) {
        return !known.count(user) || isSource(user, result);
      });
      if (isRead)
        make(op);
    }
    for (Operation *op : llvm::reverse(ops))
      if (op->use_empty())
        op->erase();
  }

private:
  /// A constant of one value among several operands is a fill.
  static std::optional<Movement> asFill(Operation *op, Value operand) {
    std::optional<double> value = op->getNumOperands() > 1 ? splatOf(operand)
                                                           : std::nullopt;
    if (!value || std::signbit(*value) != (*value < 0) ||
        std::abs(*value) > double(int64_t(1) << 53))
      return std::nullopt;
    Movement movement = Movement::identity(operand);
    movement.boxes[0].source = -1;
    movement.boxes[0].box.accesses.pop_back();
    movement.fill = *value;
    return movement;
  }

  /// Composes `op` with the movement of its operands, or else starts anew.
  bool compose(Operation *op) {
    std::vector<Movement> operands, alone;
    bool anyMoved = false;
    for (Value operand : op->getOperands()) {
      alone.push_back(Movement::identity(operand));
      auto it = known.find(operand.getDefiningOp());
      auto fill = asFill(op, operand);
      anyMoved |= it != known.end() || fill;
      operands.push_back(fill                ? *fill
                         : it == known.end() ? alone.back()
                                             : it->second);
    }
    auto movement = composeMovement(op, operands, maxBoxes);
    // An op alone may have as many boxes as it needs; gathers may stay.
    if (!movement && (anyMoved || !isa<GatherOp>(op)))
      movement = composeMovement(op, alone,
                                 isa<GatherOp, ReshapeOp>(op) ? maxBoxes : ~0u);
    if (!movement)
      return false;
    known.insert({op, std::move(*movement)});
    return true;
  }

  /// Two shapes without common factors have no boxes in common, but each has
  /// them with the flat shape.
  void flatten(ReshapeOp op, SmallVectorImpl<Operation *> &ops) {
    int64_t count = cast<RankedTensorType>(op.getType()).getNumElements();
    OpBuilder builder(op);
    auto flat = ReshapeOp::create(builder, op.getLoc(), op.getInput(), count);
    op.getInputMutable().assign(flat.getResult());
    for (Operation *half : {flat.getOperation(), op.getOperation()})
      if (compose(half))
        ops.push_back(half);
  }

  /// Whether the movement of `user` reads `value` itself.
  bool isSource(Operation *user, Value value) {
    return llvm::is_contained(known.find(user)->second.sources, value);
  }

  void make(Operation *op) {
    const Movement &movement = known.find(op)->second;
    Value result = op->getResult(0), made;
    if (movement.isIdentity()) {
      made = movement.sources[movement.boxes[0].source];
    } else {
      OpBuilder builder(op);
      made = MoveOp::create(builder, op->getLoc(), result.getType(),
                            movement.sources, movement.toMap(&getContext()));
      ++numComposed;
    }
    result.replaceAllUsesWith(made);
    // Later movements that read this value as their source read the new one.
    for (auto &entry : known)
      for (Value &source : entry.second.sources)
        if (source == result)
          source = made;
  }

  llvm::MapVector<Operation *, Movement> known;
};

} // namespace
