// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_CPU_CODEGEN_BINARY_BITPRODUCT_H
#define VISIR_TARGETS_CPU_CODEGEN_BINARY_BITPRODUCT_H

#include "targets/cpu/codegen/Kernel.h"

namespace visir::cpu {

/// Whether a `reduce` dispatch sums popcount((a ^ b) & c) of words of 32 bits.
bool isBitProduct(DispatchOp op);

/// Whether input `i` is such a product's weight, whose channels, its last
/// dimension, are to stay neighbours.
bool isBitWeight(DispatchOp op, unsigned i);

/// Its `config`; null, and `reason` then says why, if channels are not
/// neighbours in memory.
mlir::DictionaryAttr bitProductConfig(DispatchOp op, const CpuSpec &spec,
                                      std::string &reason);

/// Its kernel: a register tile of pixels of a row by vectors of channels. A
/// word of a pixel is broadcast to the lanes, so that nothing is summed over
/// lanes. Borders are zeros of a copy of the window's rows. Where the core
/// counts bits of bytes only, counts stay bytes for as long as they fit.
mlir::FailureOr<KernelInfo> emitBitProduct(DispatchOp op, const CpuSpec &spec,
                                           mlir::ModuleOp kernels,
                                           llvm::StringRef symbol,
                                           std::string &reason);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_BINARY_BITPRODUCT_H
