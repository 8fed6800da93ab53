// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs dispatches whose tensors have layouts, against the reference.
#ifndef VISIR_TEST_TARGETS_CPU_TILED_TILEDRUN_H
#define VISIR_TEST_TARGETS_CPU_TILED_TILEDRUN_H

#include "test/targets/cpu/KernelRun.h"

#include <optional>

namespace visir::test {

/// Gives the operand the layout in which its kernel wants constant weights.
void packOperand(DispatchOp op, unsigned operand);

/// Row-major bytes of a tensor in its layout, and back.
std::vector<char> toLayout(llvm::ArrayRef<char> bytes,
                           mlir::RankedTensorType type);
std::vector<char> fromLayout(llvm::ArrayRef<char> bytes,
                             mlir::RankedTensorType type);

/// Compiles the module's only dispatch with `kernel` ("contraction", "window",
/// "attention", empty for plain loops, or any) for every runnable spec, runs it
/// whole and split, and expects equal bits and the reference's values within
/// `tolerance` of the larger of 1 and the value. Operand `packed` (-1: none)
/// is packed as weights.
void expectTiled(const std::string &text, std::optional<std::string> kernel,
                 int packed, double tolerance);

/// The same for a convolution's dispatch as minimal filtering with `outputs`
/// results per tile and dimension.
void expectWinograd(const std::string &text, int64_t outputs, double tolerance);

/// The kernel of the module's only dispatch for x86-64-v4, as it is emitted;
/// `info`, when not null, receives what is known of it.
mlir::OwningOpRef<mlir::ModuleOp> emitTiled(const std::string &text, int packed,
                                            KernelInfo *info = nullptr);

/// Gives operand 1 the type and layout of transformed weights and the
/// dispatch its config; returns the transform of `weights`.
std::vector<char> useWinograd(DispatchOp op, int64_t outputs,
                              llvm::ArrayRef<char> weights);

} // namespace visir::test

#endif // VISIR_TEST_TARGETS_CPU_TILED_TILEDRUN_H
