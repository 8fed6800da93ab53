// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/DispatchForm.h"
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/fusion/Fuse.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"

namespace visir {
#define GEN_PASS_DEF_FUSEDISPATCHES
#define GEN_PASS_DEF_FUSEPROLOGUES
#define GEN_PASS_DEF_FUSESHIFTS
#define GEN_PASS_DEF_FUSESUMS
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

namespace {

using LoadRewrite = DispatchOp (*)(RewriterBase &, DispatchOp, unsigned,
                                   StringRef &);

/// What was refused in one round over the dispatches, and why. Only the last
/// round, which changes nothing, is told.
class Refusals {
public:
  void clear() { texts.clear(); }

  void add(DispatchOp consumer, unsigned load, StringRef form, StringRef why) {
    if (why.empty())
      return;
    std::string &text = texts[{consumer, consumer.getInputs()[load]}];
    std::string reason = (form + ": " + why).str();
    if (text.find(reason) != std::string::npos)
      return;
    text += (text.empty() ? "" : "; ") + reason;
  }

  void report() const {
    for (const auto &[place, text] : texts) {
      auto consumer = cast<DispatchOp>(place.first);
      auto producer = place.second.getDefiningOp<DispatchOp>();
      InFlightDiagnostic remark = consumer.emitRemark("not fused with the ")
                                  << stringifyRootKind(producer.getKind())
                                  << " that it reads: " << text;
      remark.attachNote(producer.getLoc())
          << "the " << stringifyRootKind(producer.getKind());
    }
  }

private:
  llvm::MapVector<std::pair<Operation *, Value>, std::string> texts;
};

/// The dispatches of a function under rewriting.
class Fusion {
public:
  explicit Fusion(func::FuncOp func)
      : block(func.getBody().front()), rewriter(func.getContext()) {}

  /// Tries a rewrite on every load of every dispatch, in order; a dispatch
  /// that changed is tried again at once. `form` says in words what the
  /// rewrite makes of the producer.
  bool overLoads(LoadRewrite rewrite, StringRef form) {
    bool changed = false;
    for (Operation *at = &block.front(); at;) {
      auto op = dyn_cast<DispatchOp>(at);
      DispatchOp result;
      for (unsigned i = 0; op && !result && i < op.getInputs().size(); ++i) {
        StringRef why;
        result = rewrite(rewriter, op, i, why);
        // What an op writes into is nothing that it reads.
        if (!result && !llvm::is_contained(op.getTies(), int64_t(i)))
          refusals.add(op, i, form, why);
      }
      if (!result) {
        at = at->getNextNode();
        continue;
      }
      if (rewrite == fuseShift)
        remarkRecognised(result, "fuse-shifts", "shift as a load");
      changed = true;
      at = result;
    }
    removeDead();
    return changed;
  }

  bool foldStores(bool split) {
    bool changed = false;
    for (DispatchOp op : dispatches()) {
      StringRef why;
      if (foldCopyIntoStore(rewriter, op, split, why)) {
        changed = true;
      } else if (split) {
        refusals.add(op, op.getTies().front() == 0 ? 1 : 0, "as its store",
                     why);
      }
    }
    return changed;
  }

  /// Tries ends of copies of boxes, again after each success: the copies go.
  void storeShifts(bool productsOnly) {
    SmallVector<std::pair<DispatchOp, StringRef>> refused;
    for (bool changed = true; changed;) {
      changed = false;
      refused.clear();
      for (DispatchOp op : dispatches()) {
        StringRef why;
        DispatchOp made = storeShift(rewriter, op, productsOnly, why);
        changed = bool(made);
        if (changed) {
          remarkRecognised(made, "fuse-shifts", "shift as a store");
          break;
        }
        if (!why.empty())
          refused.push_back({op, why});
      }
      removeDead();
    }
    for (auto [op, why] : refused)
      if (!productsOnly)
        op.emitRemark("a shift is no store: ") << why;
  }

  void simplifyAll() {
    for (DispatchOp op : dispatches())
      simplifyLoads(rewriter, op);
    removeDead();
  }

  Refusals refusals;

private:
  SmallVector<DispatchOp> dispatches() {
    return llvm::to_vector(block.getOps<DispatchOp>());
  }

  void removeDead() {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

  Block &block;
  IRRewriter rewriter;
};

/// Whether one copy, which moves what it reads, is all that reads `op`.
bool feedsCopyOnly(DispatchOp op) {
  if (op.getNumResults() != 1 || !op.getResult(0).hasOneUse())
    return false;
  auto copy = dyn_cast<DispatchOp>(*op.getResult(0).user_begin());
  return copy && isCopy(copy) && copy.getTies().front() < 0;
}

/// A map of one tensor between a product and a copy joins the product, so that
/// the copy may become the product's store before it becomes a reader's load.
DispatchOp fuseBeforeCopy(RewriterBase &rewriter, DispatchOp consumer,
                                 unsigned load, StringRef &why) {
  auto producer = consumer.getInputs()[load].getDefiningOp<DispatchOp>();
  if (!producer || producer.getKind() != RootKind::Contract ||
      consumer.getKind() != RootKind::Map || isCopy(consumer) ||
      !feedsCopyOnly(consumer))
    return {};
  for (auto [i, input] : llvm::enumerate(consumer.getInputs()))
    if (i != load && !constantOf(input))
      return {};
  return fuseIntoEpilogue(rewriter, consumer, load, why);
}

struct FuseDispatchesPass
    : visir::impl::FuseDispatchesBase<FuseDispatchesPass> {
  void runOnOperation() final {
    Fusion fusion(getOperation());
    fusion.simplifyAll();
    bool changed = true;
    while (changed) {
      changed = false;
      fusion.refusals.clear();
      changed |= fusion.overLoads(fuseBeforeCopy, "in front of its copy");
      // Movement first: what it leaves are the true shapes of the accesses.
      // A store takes it for nothing; a load may have to read in small steps,
      // so that it comes second, and splitting the writer's loops last.
      changed |= fusion.foldStores(/*split=*/false);
      changed |= fusion.overLoads(foldCopyIntoLoad, "as an address");
      changed |= fusion.foldStores(/*split=*/true);
      changed |= fusion.overLoads(fuseIntoEpilogue, "as its epilogue");
      changed |= fusion.overLoads(fuseIntoLoad, "as a computed load");
      if (!changed)
        fusion.refusals.report();
      fusion.simplifyAll();
    }
  }
};

struct FuseProloguesPass : visir::impl::FuseProloguesBase<FuseProloguesPass> {
  void runOnOperation() final {
    Fusion fusion(getOperation());
    while (fusion.overLoads(fuseIntoPrologue, "as its prologue"))
      fusion.refusals.clear();
    fusion.refusals.report();
  }
};

struct FuseShiftsPass : visir::impl::FuseShiftsBase<FuseShiftsPass> {
  void runOnOperation() final {
    Fusion fusion(getOperation());
    fusion.storeShifts(/*productsOnly=*/true);
    while (fusion.overLoads(fuseShift, "as a shifted load"))
      fusion.refusals.clear();
    // What was refused may be gone behind the rewrites below.
    fusion.refusals.report();
    fusion.refusals.clear();
    // Other stores go lane by lane where groups part a vector.
    fusion.storeShifts(/*productsOnly=*/false);
    // Views of what is stored shifted are addresses of those who read it.
    while (fusion.overLoads(foldCopyIntoLoad, "as an address"))
      fusion.refusals.clear();
    fusion.refusals.report();
  }
};

struct FuseSumsPass : visir::impl::FuseSumsBase<FuseSumsPass> {
  void runOnOperation() final {
    Fusion fusion(getOperation());
    while (fusion.overLoads(fuseSum, "as sums beside its store"))
      fusion.refusals.clear();
    fusion.refusals.report();
  }
};

} // namespace
