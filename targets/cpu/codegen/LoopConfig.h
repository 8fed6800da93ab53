// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The choice of loops for roots other than contractions, kept as the
// dispatch's `config`:
//   order: dimensions of the domain from the outermost loop to the innermost;
//     parallel ones first
//   lanes: lanes of a vector; 0 for scalar code
//   along_reduction: the lanes run along the last reduction dimension instead
//     of the last parallel one
//   transposes: blocks of lanes x lanes over the last two dimensions are
//     loaded along the first of them, turned, and stored along the second
//   tile_points: points of the domain that make a tile
#ifndef VISIR_TARGETS_CPU_CODEGEN_LOOPCONFIG_H
#define VISIR_TARGETS_CPU_CODEGEN_LOOPCONFIG_H

#include "targets/common/Nest.h"
#include "targets/cpu/codegen/KernelBuilder.h"

namespace visir::cpu {

struct LoopConfig {
  llvm::SmallVector<unsigned> order;
  unsigned lanes = 0;
  bool alongReduction = false;
  bool transposes = false;
  int64_t tilePoints = 1;

  mlir::DictionaryAttr toAttr(mlir::MLIRContext *context) const;
};

/// What the dispatch's `config` says; fails with an error when it is missing
/// or does not fit the domain.
mlir::FailureOr<LoopConfig> readLoopConfig(DispatchOp op);

/// The cheapest loops for the dispatch by a count of its memory accesses.
LoopConfig chooseLoopConfig(DispatchOp op, const Nest &nest,
                            const CpuSpec &spec);

/// What that count makes of all points, in nanoseconds; `nest` is in the order
/// of `config`.
double loopNanoseconds(DispatchOp op, const Nest &nest,
                       const LoopConfig &config);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_LOOPCONFIG_H
