// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A dispatch taken apart into numbers, to be changed and built again: its
// domain, loads and stores. Payloads are cloned from the original dispatches.
#ifndef VISIR_COMPILER_ANALYSIS_DISPATCHFORM_H
#define VISIR_COMPILER_ANALYSIS_DISPATCHFORM_H

#include "compiler/analysis/StridedBox.h"
#include "dialects/visir/Visir.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace visir {

/// Bindings that a dispatch may have; more would not fit the descriptor sets
/// of small devices and the registers of address arithmetic.
inline constexpr unsigned kMaxBindings = 16;

struct LoadForm {
  mlir::Value tensor;
  LinearAccess access;
  bool padded = false;
  mlir::FloatAttr fill;
  llvm::SmallVector<int64_t> indexAxes, indexLoads;
  mlir::DictionaryAttr norm;

  bool isPlain() const { return !padded && indexAxes.empty() && !norm; }
  double fillValue() const { return fill ? fill.getValueAsDouble() : 0.0; }
  llvm::ArrayRef<int64_t> shape() const {
    return mlir::cast<mlir::RankedTensorType>(tensor.getType()).getShape();
  }
  /// The same element of the same tensor.
  bool operator==(const LoadForm &other) const;
};

struct StoreForm {
  mlir::RankedTensorType type;
  LinearAccess access;
  int64_t tie = -1; ///< load, or -1
  llvm::SmallVector<int64_t> indexAxes, indexLoads;
  bool sum = false;
};

struct DispatchForm {
  RootAttr root;
  llvm::SmallVector<int64_t> extents;
  int64_t parallelRank = 0;
  std::vector<LoadForm> loads;
  std::vector<StoreForm> stores;

  /// Nothing for a dispatch with symbols in its accesses or with a config.
  static std::optional<DispatchForm> of(DispatchOp op);

  /// Splits the domain's dimensions; see `composeReshape`.
  void refine(const DimFactors &factors);

  /// Whether the root permits the split.
  bool maySplit(const DimFactors &factors) const;

  /// Adds a load unless an equal one is there; returns its number.
  unsigned addLoad(const LoadForm &load);

  bool isTied(unsigned load) const {
    return llvm::any_of(stores, [&](const StoreForm &store) {
      return store.tie == int64_t(load);
    });
  }

  /// Loads that read `tensor`.
  llvm::SmallVector<unsigned> loadsOf(mlir::Value tensor) const;

  /// Whether the elements of a load are indices of other accesses: only a load
  /// can be one, not a computed value.
  bool isIndex(unsigned load) const;

  /// Appends the loads of `from`, but for `skip`, composed with `points`, and
  /// returns the new number of each, -1 for skipped ones.
  llvm::SmallVector<int64_t> takeLoads(const DispatchForm &from,
                                       const LinearAccess &points,
                                       llvm::ArrayRef<unsigned> skip);

  /// Creates the dispatch with empty payload blocks that have only the
  /// arguments for the loads; `rootTypes` are the epilogue's first arguments.
  DispatchOp create(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::TypeRange rootTypes) const;
};

/// If `access` reaches every element of a tensor of `shape` exactly once: the
/// dimensions of the domain whose sizes are not 1, slowest first in the
/// tensor. The tensor is then a reshape of one with these sizes.
std::optional<llvm::SmallVector<unsigned>>
digitOrder(llvm::ArrayRef<int64_t> sizes, const LinearAccess &access,
           llvm::ArrayRef<int64_t> shape);

/// The access `outer` over a domain whose dimension i is the linear
/// expression that `inner` has as coordinate i.
LinearAccess composeAccess(const LinearAccess &outer,
                           const LinearAccess &inner);

/// An access expressed as points of the domain that makes the tensor.
struct DomainPoints {
  DimFactors factors; ///< how the accessing domain is split for it
  LinearAccess points; ///< one coordinate per dimension of the making domain
};

/// Expresses `access` (over `extents`) to a tensor of `shape`, which a domain
/// of `sizes` makes through `store`, as points of that domain.
std::optional<DomainPoints> ontoDomain(llvm::ArrayRef<int64_t> extents,
                                       const LinearAccess &access,
                                       llvm::ArrayRef<int64_t> shape,
                                       llvm::ArrayRef<int64_t> sizes,
                                       const LinearAccess &store);

/// Clones what a payload computes to where `builder` stands and returns what
/// it yields.
llvm::SmallVector<mlir::Value> clonePayloadOps(mlir::OpBuilder &builder,
                                               mlir::Block &payload,
                                               mlir::IRMapping &mapping);

/// The loads that a value of a payload depends on, in order; its arguments
/// before `firstLoad` are root results.
llvm::SmallVector<unsigned> loadsBehind(mlir::Value value,
                                        unsigned firstLoad = 0);

/// Types of the values that the root gives to the epilogue.
llvm::SmallVector<mlir::Type> rootTypesOf(DispatchOp op);

/// Whether everything that reads results of `op`, but for `except`, comes
/// after `position` in its block.
bool readersFollow(DispatchOp op, mlir::Operation *position,
                   mlir::Operation *except);

/// A location for what was made from two ops.
mlir::Location fuseLocations(mlir::Location a, mlir::Location b);

/// A map that only copies: one load, one store, the payload is the identity.
bool isCopy(DispatchOp op);

/// A reduction that adds up what its prologue gives.
bool isSum(DispatchOp op);

} // namespace visir

#endif // VISIR_COMPILER_ANALYSIS_DISPATCHFORM_H
