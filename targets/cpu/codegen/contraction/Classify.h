// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the loops of a contraction are for. One operand, the vector operand,
// is a function of one load whose elements lie side by side along the vector
// loop; the other, the scalar operand, may be computed from several loads and
// is broadcast.
#ifndef VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_CLASSIFY_H
#define VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_CLASSIFY_H

#include "targets/cpu/codegen/nest/VectorAccess.h"
#include "targets/cpu/codegen/nest/Windows.h"

namespace visir::cpu {

struct Contraction {
  FlatNest nest;
  mlir::Type element;       ///< of the factors and their products
  mlir::Type sum;           ///< of the sums, f32 where products are f16
  unsigned vectorLoad = 0;  ///< load of the vector operand
  unsigned scalarYield = 0; ///< operand of the prologue's yield: the scalar
  llvm::SmallVector<unsigned, 2> scalarLoads;
  unsigned vectorLoop = 0;
  int rowLoop = -1; ///< loop of the register tile's rows, or -1
  /// Parallel loops that move the vector operand, and those that do not.
  llvm::SmallVector<unsigned, 4> batchLoops, outerRowLoops;
  llvm::SmallVector<unsigned, 4> reductionLoops; ///< slowest first
  llvm::SmallVector<Window, 2> windows;
  /// The vector operand has no unit stride: panels are packed in scratch.
  bool packVector = false;
  /// The vector operand is the load itself, or is packed.
  bool plainVector = true;
  /// The scalar operand is a longer function, which is computed for whole
  /// rows in scratch.
  bool prepareScalar = false;
  /// A store sums over the row loop, which then is one piece of work.
  bool sumsRow = false;

  const FlatAccess &vectorAccess() const { return nest.accesses[vectorLoad]; }
  /// Load of the scalar operand that is shifted along `shift()->loop`, or -1.
  int shiftedLoad = -1;

  const FlatShift *shift() const {
    return shiftedLoad < 0 ? nullptr : &*nest.accesses[shiftedLoad].shift;
  }
  bool storesShifted() const {
    return llvm::any_of(nest.stores(), [](const FlatAccess &store) {
      return !store.wraps.empty();
    });
  }
  int64_t extent(unsigned loop) const { return nest.loops[loop].extent; }
  unsigned vectorYield() const { return 1 - scalarYield; }
  int64_t rowExtent() const { return rowLoop < 0 ? 1 : extent(rowLoop); }
  int64_t reductionPoints() const;
  int64_t points(llvm::ArrayRef<unsigned> loops) const;
};

/// The roles of a `contract` dispatch's loops. On failure `reason` says in
/// words why the register-tiled kernel does not apply. `keepReductions` keeps
/// the reduction loops as they are in the domain.
mlir::FailureOr<Contraction> classify(DispatchOp op, const CpuSpec &spec,
                                      std::string &reason,
                                      LayoutOverride override = {},
                                      bool keepReductions = false);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_CLASSIFY_H
