// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_EMIT_H
#define VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_EMIT_H

#include "targets/cpu/codegen/Kernel.h"

namespace visir::cpu {

/// Attribute of a kernel's body until the planner takes it: how tiles cut the
/// domain, see PlannedKernel::tileAxes.
inline constexpr llvm::StringLiteral kTileAxesAttr = "visir.tile_axes";

/// The register-tiled kernel of a `contract` dispatch. On failure nothing is
/// emitted and `reason` says why the kernel does not apply.
mlir::FailureOr<KernelInfo> emitContraction(DispatchOp op, const CpuSpec &spec,
                                            mlir::ModuleOp kernels,
                                            llvm::StringRef symbol,
                                            std::string &reason);

/// The parameters of that kernel, as the dispatch's `config`; null when it
/// does not apply, and `reason` then says why.
mlir::DictionaryAttr contractionConfig(DispatchOp op, const CpuSpec &spec,
                                       std::string &reason);

/// Whether a load of the product is indexed.
bool hasIndexedLoad(DispatchOp op);

/// Whether that kernel makes the sums among the dispatch's stores.
bool sumsInContraction(DispatchOp op, const CpuSpec &spec,
                       std::string &reason);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_EMIT_H
