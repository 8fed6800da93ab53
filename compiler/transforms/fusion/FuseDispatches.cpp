// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/fusion/DispatchForm.h"
#include "compiler/transforms/fusion/Fuse.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace visir {
#define GEN_PASS_DEF_FUSEDISPATCHES
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

namespace {

using LoadRewrite = DispatchOp (*)(RewriterBase &, DispatchOp, unsigned);

struct FuseDispatchesPass
    : visir::impl::FuseDispatchesBase<FuseDispatchesPass> {
  void runOnOperation() final {
    simplifyAll();
    bool changed = true;
    while (changed) {
      changed = false;
      // Movement first: what it leaves are the true shapes of the accesses.
      // A store takes it for nothing; a load may have to read in small steps,
      // so that it comes second, and splitting the writer's loops last.
      changed |= foldStores(/*split=*/false);
      changed |= overLoads(foldCopyIntoLoad, numCopiesIntoLoads);
      changed |= foldStores(/*split=*/true);
      changed |= overLoads(fuseIntoEpilogue, numIntoEpilogues);
      changed |= overLoads(fuseIntoLoad, numIntoLoads);
      simplifyAll();
    }
  }

private:
  SmallVector<DispatchOp> dispatches() {
    SmallVector<DispatchOp> ops;
    for (auto op : getOperation().getOps<DispatchOp>())
      ops.push_back(op);
    return ops;
  }

  /// Tries a rewrite on every load of every dispatch, in order; a dispatch
  /// that changed is tried again at once.
  bool overLoads(LoadRewrite rewrite, Statistic &statistic) {
    IRRewriter rewriter(&getContext());
    bool changed = false;
    Block &block = getOperation().getBody().front();
    for (Operation *at = &block.front(); at;) {
      auto op = dyn_cast<DispatchOp>(at);
      DispatchOp result;
      for (unsigned i = 0; op && !result && i < op.getInputs().size(); ++i)
        result = rewrite(rewriter, op, i);
      if (!result) {
        at = at->getNextNode();
        continue;
      }
      ++statistic;
      changed = true;
      at = result;
    }
    removeDead();
    return changed;
  }

  bool foldStores(bool split) {
    IRRewriter rewriter(&getContext());
    bool changed = false;
    for (DispatchOp op : dispatches())
      if (foldCopyIntoStore(rewriter, op, split)) {
        ++numCopiesIntoStores;
        changed = true;
      }
    return changed;
  }

  void simplifyAll() {
    IRRewriter rewriter(&getContext());
    for (DispatchOp op : dispatches())
      simplifyLoads(rewriter, op);
    removeDead();
  }

  void removeDead() {
    Block &block = getOperation().getBody().front();
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }
};

} // namespace
