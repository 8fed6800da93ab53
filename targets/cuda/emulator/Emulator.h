// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs kernels for CUDA on the host, as they are before they are lowered, in
// order to judge them without a GPU. The threads of a block go in lock step,
// those of a branch under a mask; addresses have 32 bits as on the device.
// What a device would do silently is an error here: an access out of bounds,
// a barrier that not all threads come to, two threads at one element without a
// barrier between (or at one element of global memory at all, unless both
// read), shared memory that is read before it is written.
#ifndef VISIR_TARGETS_CUDA_EMULATOR_EMULATOR_H
#define VISIR_TARGETS_CUDA_EMULATOR_EMULATOR_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace visir::cuda {

/// Runs all blocks of a kernel one after another. `parameters[i]` is the
/// memory of argument i; arguments that are the same memory (ties) have equal
/// ranges. Errors are reported at the op that makes them.
mlir::LogicalResult
emulate(mlir::func::FuncOp kernel,
        llvm::ArrayRef<llvm::MutableArrayRef<char>> parameters, int64_t blocks,
        int64_t threads);

} // namespace visir::cuda

#endif // VISIR_TARGETS_CUDA_EMULATOR_EMULATOR_H
