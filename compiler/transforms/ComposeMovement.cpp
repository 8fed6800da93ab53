// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/Movement.h"
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

#include <cmath>
#include <functional>

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
    replaceAffine();
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (!isMovement(op))
        return;
      if (compose(op))
        ops.push_back(op);
      else if (auto reshape = dyn_cast<ReshapeOp>(op))
        flatten(reshape, ops);
    });
    // Backwards, so that all readers of a value are known before it.
    read.clear();
    for (Operation *op : llvm::reverse(ops))
      if (isRead(op)) {
        stopHalfway(op);
        read.insert_range(known.find(op)->second.sources);
      }
    for (Operation *op : ops)
      if (isRead(op))
        make(op);
    for (Operation *op : llvm::reverse(ops))
      if (op->use_empty())
        op->erase();
  }

private:
  /// Index vectors are read once: moves have none.
  void replaceAffine() {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<GatherNDOp, ScatterNDOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      auto movement = affineMovement(op, maxBoxes);
      if (!movement)
        continue;
      OpBuilder builder(op);
      auto move =
          MoveOp::create(builder, op->getLoc(), op->getResult(0).getType(),
                         movement->sources, movement->toMap(&getContext()));
      op->getResult(0).replaceAllUsesWith(move.getResult());
      op->erase();
    }
  }

  /// A constant of one value among several operands is a fill.
  static std::optional<Movement> asFill(Operation *op, Value operand) {
    std::optional<double> value =
        op->getNumOperands() > 1 ? splatOf(operand) : std::nullopt;
    if (!value || std::signbit(*value) != (*value < 0) ||
        std::abs(*value) > double(int64_t(1) << 53))
      return std::nullopt;
    Movement movement = Movement::identity(operand);
    movement.boxes[0].source = -1;
    movement.boxes[0].box.accesses.pop_back();
    movement.fill = *value;
    return movement;
  }

  /// The movement of `op` on top of what `movementOf` gives for operands that
  /// are moved, or else of the op alone.
  std::optional<Movement>
  composeWith(Operation *op,
              function_ref<const Movement *(Operation *)> movementOf) {
    std::vector<Movement> operands, alone;
    bool anyMoved = false;
    for (Value operand : op->getOperands()) {
      alone.push_back(Movement::identity(operand));
      const Movement *moved = movementOf(operand.getDefiningOp());
      auto fill = asFill(op, operand);
      anyMoved |= moved || fill;
      operands.push_back(fill ? *fill : moved ? *moved : alone.back());
    }
    auto movement = composeMovement(op, operands, maxBoxes);
    // An op alone may have as many boxes as it needs; gathers may stay.
    if (!movement && (anyMoved || !isa<GatherOp>(op)))
      movement = composeMovement(op, alone,
                                 isa<GatherOp, ReshapeOp>(op) ? maxBoxes : ~0u);
    return movement;
  }

  /// Composes `op` with the movement of its operands, or else starts anew.
  bool compose(Operation *op) {
    auto movement = composeWith(op, [&](Operation *producer) {
      auto it = known.find(producer);
      return it == known.end() ? nullptr : &it->second;
    });
    if (!movement)
      return false;
    known.insert({op, std::move(*movement)});
    return true;
  }

  /// What a movement costs: one box is read in place, more are copies.
  static int64_t cost(const Movement &movement) {
    return movement.boxes.size() == 1 ? 0 : movement.numCopies();
  }

  /// The movement ops that lead to `op`, nearest first.
  SmallVector<Operation *> producersOf(Operation *op) {
    SmallVector<Operation *> producers = {op};
    for (size_t i = 0; i < producers.size() && producers.size() < 24; ++i)
      for (Value operand : producers[i]->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        if (known.count(producer) && !llvm::is_contained(producers, producer))
          producers.push_back(producer);
      }
    producers.erase(producers.begin());
    return producers;
  }

  /// The movement of `op` when `leaf` is made and read. `producers` are those
  /// of `op`; others are as they are known.
  std::optional<Movement> composeFrom(Operation *op, Operation *leaf,
                                      ArrayRef<Operation *> producers) {
    llvm::DenseMap<Operation *, std::optional<Movement>> made;
    std::function<const Movement *(Operation *)> movementOf =
        [&](Operation *producer) -> const Movement * {
      if (producer == leaf || !known.count(producer))
        return nullptr;
      if (!llvm::is_contained(producers, producer))
        return &known.find(producer)->second;
      auto it = made.find(producer);
      if (it == made.end()) {
        auto movement = composeWith(producer, movementOf);
        it = made.insert({producer, std::move(movement)}).first;
      }
      return it->second ? &*it->second : nullptr;
    };
    return composeWith(op, movementOf);
  }

  /// A composition of many boxes may be two movements of fewer, of which one
  /// may be read by others anyway: a cyclic shift and its windows, a tensor
  /// and the same with something appended.
  void stopHalfway(Operation *op) {
    Movement &movement = known.find(op)->second;
    int64_t least = cost(movement);
    if (least <= 2)
      return;
    SmallVector<Operation *> producers = producersOf(op);
    std::optional<Movement> best;
    for (Operation *leaf : producers) {
      auto rest = composeFrom(op, leaf, producers);
      if (!rest)
        continue;
      int64_t both =
          cost(*rest) + (isRead(leaf) ? 0 : cost(known.find(leaf)->second));
      if (both < least) {
        least = both;
        best = std::move(rest);
      }
    }
    if (best)
      movement = std::move(*best);
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

  /// Whether the result is read by other than movement, or by a movement that
  /// is made.
  bool isRead(Operation *op) {
    Value result = op->getResult(0);
    return read.contains(result) ||
           llvm::any_of(result.getUsers(),
                        [&](Operation *user) { return !known.count(user); });
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
    }
    result.replaceAllUsesWith(made);
    // Later movements that read this value as their source read the new one.
    for (auto &entry : known)
      for (Value &source : entry.second.sources)
        if (source == result)
          source = made;
  }

  llvm::MapVector<Operation *, Movement> known;
  llvm::DenseSet<Value> read; ///< sources of the movements that are made
};

} // namespace
