// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rewrites of fusion. Each takes two dispatches, gives their fusion in
// place of the consumer (or of the producer), and returns it, or null when it
// is not possible; then `why` says why, unless the two were no candidates for
// it. Sources that nobody reads any more are left to dead code elimination.
#ifndef VISIR_COMPILER_TRANSFORMS_FUSION_FUSE_H
#define VISIR_COMPILER_TRANSFORMS_FUSION_FUSE_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/PatternMatch.h"

namespace visir {

/// Sets the reason of a refusal.
inline DispatchOp refuse(llvm::StringRef &why, llvm::StringLiteral reason) {
  why = reason;
  return {};
}

/// Load `load` of `consumer` reads what a copy made: reads the copy's source
/// instead.
DispatchOp foldCopyIntoLoad(mlir::RewriterBase &rewriter, DispatchOp consumer,
                            unsigned load, llvm::StringRef &why);

/// `copy` is the only reader of a result of another dispatch: that stores at
/// the copy's places instead. Unless `split`, only if its domain stays as it
/// is.
DispatchOp foldCopyIntoStore(mlir::RewriterBase &rewriter, DispatchOp copy,
                             bool split, llvm::StringRef &why);

/// Load `load` of the map `consumer` reads each element of a producer's
/// result once: the consumer's payload moves into the producer's epilogue.
DispatchOp fuseIntoEpilogue(mlir::RewriterBase &rewriter, DispatchOp consumer,
                            unsigned load, llvm::StringRef &why);

/// Load `load` of `consumer` reads what a map made: the map's payload moves
/// to the load.
DispatchOp fuseIntoLoad(mlir::RewriterBase &rewriter, DispatchOp consumer,
                        unsigned load, llvm::StringRef &why);

/// Load `load` of the product `consumer` reads what a norm or a map made, each
/// element for one row: that moves into the prologue.
DispatchOp fuseIntoPrologue(mlir::RewriterBase &rewriter, DispatchOp consumer,
                            unsigned load, llvm::StringRef &why);

/// Load `load` of the product `consumer` reads what copies of boxes make of
/// one tensor: a shift by groups of channels. It reads that tensor itself.
DispatchOp fuseShift(mlir::RewriterBase &rewriter, DispatchOp consumer,
                     unsigned load, llvm::StringRef &why);

/// `last` ends copies of boxes that shift what a dispatch makes, for nobody
/// else, by groups of channels: the dispatch stores it so. A product does it
/// for nothing.
DispatchOp storeShift(mlir::RewriterBase &rewriter, DispatchOp last,
                      bool productsOnly, llvm::StringRef &why);

/// Load `load` of the sum `consumer` reads what a product or a window made:
/// that stores beside it sums over its rows, which the consumer adds up.
DispatchOp fuseSum(mlir::RewriterBase &rewriter, DispatchOp consumer,
                   unsigned load, llvm::StringRef &why);

/// Loads that the payloads do not use are dropped, loads of splat constants
/// become scalar constants, equal loads become one. Null if nothing changes.
DispatchOp simplifyLoads(mlir::RewriterBase &rewriter, DispatchOp op);

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_FUSION_FUSE_H
