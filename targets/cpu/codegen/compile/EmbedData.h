// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_CPU_CODEGEN_COMPILE_EMBEDDATA_H
#define VISIR_TARGETS_CPU_CODEGEN_COMPILE_EMBEDDATA_H

#include "targets/cpu/codegen/Kernel.h"

#include "llvm/Support/Error.h"

namespace visir::cpu {

/// An ELF object for the spec's machine that defines `symbol` as read-only
/// bytes at `alignment`, and `symbol`_bytes as their number (u64).
llvm::Expected<std::vector<char>> embedData(llvm::ArrayRef<char> bytes,
                                            llvm::StringRef symbol,
                                            uint64_t alignment,
                                            const CpuSpec &spec);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_COMPILE_EMBEDDATA_H
