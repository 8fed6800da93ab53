// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/plan/InPlaceStates.h"

#include "compiler/analysis/DispatchForm.h"

using namespace mlir;
using namespace visir;

/// Whether a map copies its input as it is.
static bool isWholeCopy(DispatchOp op) {
  return isCopy(op) && op.getInputs().size() == 1 &&
         op.getInputs()[0].getType() == op.getResult(0).getType() &&
         op.getLoad(0) == op.getStore(0);
}

/// The argument whose copy becomes `value` by writes of some elements, and
/// that copy; null if there is none.
static std::pair<BlockArgument, DispatchOp> copiedArgument(Value value) {
  for (;;) {
    auto op = value.getDefiningOp<DispatchOp>();
    if (!op)
      return {};
    if (isWholeCopy(op))
      return {dyn_cast<BlockArgument>(op.getInputs()[0]), op};
    int64_t tie = op.getTies()[cast<OpResult>(value).getResultNumber()];
    // The values on the way are written over.
    if (tie < 0 || !op.getInputs()[tie].hasOneUse())
      return {};
    value = op.getInputs()[tie];
  }
}

void visir::updateStatesInPlace(func::FuncOp func) {
  Operation *end = func.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(end->getOperands())) {
    Attribute state = func.getResultAttr(i, "visir.state");
    BlockArgument argument;
    DispatchOp copy;
    std::tie(argument, copy) = copiedArgument(value);
    if (!state || !argument ||
        func.getArgAttr(argument.getArgNumber(), "visir.state") != state)
      continue;
    Operation *writer = *copy->user_begin();
    bool isFree = llvm::all_of(argument.getUsers(), [&](Operation *user) {
      return user == copy || user->isBeforeInBlock(writer);
    });
    if (!isFree || writer == end)
      continue;
    copy.getResult(0).replaceAllUsesWith(argument);
    copy->erase();
  }
}
