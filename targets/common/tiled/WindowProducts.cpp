// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/tiled/WindowProducts.h"

#include "targets/common/Combine.h"
#include "targets/common/tiled/Window.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace visir;

/// What a sum multiplies, or null.
static Operation *productOf(DispatchOp op) {
  if (op.getKind() != RootKind::Reduce)
    return nullptr;
  auto kind = dyn_cast_if_present<ReduceKindAttr>(op.getRootParam("combiner"));
  Operation *yield = op.getPrologueBlock().getTerminator();
  if (!kind || combinerOf(kind.getValue()) != Combiner::Sum ||
      yield->getNumOperands() != 1)
    return nullptr;
  Operation *product = yield->getOperand(0).getDefiningOp();
  return product && isa<arith::MulFOp, arith::MulIOp>(product) ? product
                                                               : nullptr;
}

void tiled::makeWindowProducts(func::FuncOp func) {
  // What is a window does not depend on the device.
  constexpr GroupLimits kAny = {/*threads=*/64, /*sharedBytes=*/0,
                                /*processors=*/1};
  for (auto op : func.getOps<DispatchOp>()) {
    Operation *product = productOf(op);
    if (!product)
      continue;
    Operation *yield = op.getPrologueBlock().getTerminator();
    Value sum = yield->getOperand(0);
    RootAttr root = op.getRoot();
    op.setRootAttr(RootAttr::get(op.getContext(), RootKind::Contract,
                                 DictionaryAttr::get(op.getContext())));
    yield->setOperands(product->getOperands());
    if (succeeded(planWindow(op, kAny))) {
      if (product->use_empty())
        product->erase();
      continue;
    }
    op.setRootAttr(root);
    yield->setOperands(sum);
  }
}
