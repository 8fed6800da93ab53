// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds a `visir.dispatch` piece by piece.
#ifndef VISIR_COMPILER_CONVERSION_GRAPHTODISPATCH_DISPATCHBUILDER_H
#define VISIR_COMPILER_CONVERSION_GRAPHTODISPATCH_DISPATCHBUILDER_H

#include "compiler/conversion/GraphToDispatch/Payloads.h"
#include "dialects/visir/Visir.h"

#include "mlir/IR/Builders.h"

namespace visir {

/// The payload scalars at hand while a payload is built.
struct PayloadScope {
  mlir::OpBuilder &b;
  mlir::Location loc;
  /// One value per load, in the compute type of its tensor.
  llvm::SmallVector<mlir::Value> loads;
  /// The root's results (in epilogues).
  llvm::SmallVector<mlir::Value> root;
};

using PayloadFn =
    llvm::function_ref<llvm::SmallVector<mlir::Value>(PayloadScope &)>;

class DispatchBuilder {
public:
  /// The first `parallelRank` of `extents` are parallel.
  DispatchBuilder(mlir::OpBuilder &builder, mlir::Location loc, RootKind kind,
                  llvm::ArrayRef<int64_t> extents, int64_t parallelRank,
                  llvm::ArrayRef<mlir::NamedAttribute> params = {});

  mlir::AffineExpr dim(unsigned i) const {
    return mlir::getAffineDimExpr(i, builder.getContext());
  }
  mlir::AffineExpr constant(int64_t value) const {
    return mlir::getAffineConstantExpr(value, builder.getContext());
  }

  /// Adds a load and returns its number. `exprs` has one coordinate per
  /// dimension of the tensor.
  unsigned load(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> exprs);
  unsigned load(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> exprs,
                bool padded, double fill);
  unsigned loadIndexed(mlir::Value tensor,
                       llvm::ArrayRef<mlir::AffineExpr> exprs,
                       llvm::ArrayRef<int64_t> axes,
                       llvm::ArrayRef<int64_t> loads);

  /// A load whose coordinates are the trailing domain dimensions `dims`, with
  /// NumPy's broadcast of sizes that are 1.
  unsigned loadBroadcast(mlir::Value tensor,
                         llvm::ArrayRef<mlir::AffineExpr> dims);

  /// Adds a result. `symbols` is 1 for topk.
  void store(mlir::RankedTensorType type,
             llvm::ArrayRef<mlir::AffineExpr> exprs, int64_t tie = -1,
             unsigned symbols = 0);
  void storeIndexed(mlir::RankedTensorType type,
                    llvm::ArrayRef<mlir::AffineExpr> exprs, int64_t tie,
                    llvm::ArrayRef<int64_t> axes,
                    llvm::ArrayRef<int64_t> loads);

  /// Creates the dispatch. `rootTypes` are the types of the root's results.
  /// Payload functions give values in compute types; stores convert.
  DispatchOp build(PayloadFn prologue, llvm::ArrayRef<mlir::Type> rootTypes,
                   PayloadFn epilogue);

  /// The same for a root without operands.
  DispatchOp build(PayloadFn epilogue);

private:
  void fillRegion(mlir::Region &region, llvm::ArrayRef<mlir::Type> rootTypes,
                  PayloadFn payload, bool isEpilogue);
  unsigned addLoad(mlir::Value tensor, AccessAttr access);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  RootAttr root;
  llvm::SmallVector<int64_t> extents;
  int64_t parallelRank;
  llvm::SmallVector<mlir::Value> inputs;
  llvm::SmallVector<mlir::Attribute> loads, stores;
  llvm::SmallVector<mlir::Type> results;
  llvm::SmallVector<int64_t> ties;
};

/// Rewrites an op into dispatches at the builder's place and returns the
/// values of its results, or failure after an error.
using LowerFn = mlir::FailureOr<llvm::SmallVector<mlir::Value>> (*)(
    mlir::OpBuilder &, mlir::Operation *);

/// One function per family; null for ops of other families.
LowerFn findElementwiseLowering(mlir::Operation *op);
LowerFn findMovementLowering(mlir::Operation *op);
LowerFn findReduceLowering(mlir::Operation *op);
LowerFn findContractionLowering(mlir::Operation *op);
LowerFn findBinaryConvLowering(mlir::Operation *op);
LowerFn findNormLowering(mlir::Operation *op);
LowerFn findWindowLowering(mlir::Operation *op);
LowerFn findIndexingLowering(mlir::Operation *op);
LowerFn findRandomLowering(mlir::Operation *op);

/// Dimensions [begin, end) as expressions.
llvm::SmallVector<mlir::AffineExpr> dimRange(mlir::MLIRContext *context,
                                             unsigned begin, unsigned end);

/// The parameter of a reduction that combines by `kind`.
mlir::NamedAttribute combinerParam(mlir::OpBuilder &builder, ReduceKind kind);

/// Whether a padding or the like does anything.
bool anyNonZero(llvm::ArrayRef<int64_t> values);

} // namespace visir

#endif // VISIR_COMPILER_CONVERSION_GRAPHTODISPATCH_DISPATCHBUILDER_H
