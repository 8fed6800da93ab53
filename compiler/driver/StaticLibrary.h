// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An artifact as a static library and a C header, for programs that are to
// need no file.
#ifndef VISIR_COMPILER_DRIVER_STATICLIBRARY_H
#define VISIR_COMPILER_DRIVER_STATICLIBRARY_H

#include "targets/cpu/codegen/Kernel.h"

#include "mlir/IR/Location.h"

namespace visir {

/// Reads the artifact at `artifact` and writes `library` (NAME.a) and a
/// header NAME.h beside it, which declares the bytes, names the entry points
/// with their inputs and outputs, and opens the module.
mlir::LogicalResult writeStaticLibrary(mlir::Location loc,
                                       llvm::StringRef artifact,
                                       llvm::StringRef library,
                                       const cpu::CpuSpec &spec);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_STATICLIBRARY_H
