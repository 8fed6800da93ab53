// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From dispatches to machine code for CPUs: the interface of the code
// generator. `emitKernel` writes one dispatch as a function into a module of
// kernels; `compileKernels` turns that module into a code block.
#ifndef VISIR_TARGETS_CPU_CODEGEN_KERNEL_H
#define VISIR_TARGETS_CPU_CODEGEN_KERNEL_H

#include "dialects/visir/Visir.h"
#include "targets/common/KernelInfo.h"
#include "targets/common/math/FloatBuilder.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace visir::cpu {

/// What the generator must know of an instruction set and a core.
struct CpuSpec {
  std::string name;     ///< e.g. "x86-64-v4"
  std::string triple;   ///< LLVM triple
  std::string cpu;      ///< LLVM -mcpu, e.g. "x86-64-v4"
  std::string tune;     ///< core whose timing LLVM assumes, or empty: `cpu`'s
  std::string features; ///< LLVM -mattr, e.g. "+prefer-256-bit" or empty
  /// Extensions that an artifact asks of the processor beyond its name, as
  /// LLVM names them, separated by commas.
  std::string extensions;
  unsigned vectorBytes = 64;
  unsigned vectorRegisters = 32;
  bool maskedMemory = true; ///< masked loads and stores are cheap
  bool fma = true;
  /// A multiply-add takes one lane of a vector as its factor, so that several
  /// steps' scalars are one load. Broadcasting loads cost a multiply-add.
  bool laneFactors = false;
  /// Multiply-adds of f16 are instructions; and whether products of two f16
  /// factors are added up by them, in short blocks, rather than in f32.
  bool halfArithmetic = false;
  bool halfSums = false;
  int64_t l1Bytes = 32 << 10;
  /// Lines of a set of the first-level cache; 0 where it is not known.
  unsigned l1Ways = 8;
  int64_t l2Bytes = 1 << 20;
  /// Vector multiply-adds and loads that the core starts in a cycle, and the
  /// cycles from a multiply-add to the next of the same sum.
  double fmasPerCycle = 2, loadsPerCycle = 2;
  unsigned fmaLatency = 4;

  unsigned lanes(unsigned elementBytes) const {
    return vectorBytes / elementBytes;
  }
  bool isX86() const { return llvm::StringRef(triple).starts_with("x86_64"); }
  /// F16C on x86, always on ARM, converts f16; AVX-512 has scalef, and AVX2
  /// look-ups.
  MathTraits math() const {
    bool avx2 = vectorBytes >= 32 && isX86(), avx512 = avx2 && vectorBytes == 64;
    return {fma, avx2 || !isX86(), avx512, avx512 ? 32u : avx2 ? 8u : 0u};
  }
};

/// The spec of a target's name, or null: "x86-64-v2", "x86-64-v3",
/// "x86-64-v4[+avx512vpopcntdq]", "host", or aarch64[:CORE][+EXTENSION]... with a core of
/// `aarch64Cores`, whose code runs on any core that has its extensions, and
/// extensions of `aarch64Extensions`. It lives as long as the process.
const CpuSpec *findSpec(llvm::StringRef name);

/// "cortex-a53" ..., as LLVM names them, and a word on each.
llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>> aarch64Cores();

/// "dotprod", "fp16", "i8mm", "bf16".
llvm::ArrayRef<llvm::StringRef> aarch64Extensions();

/// Chooses the kernel's parameters and sets them as the dispatch's `config`
/// unless it has one.
mlir::LogicalResult chooseConfig(DispatchOp op, const CpuSpec &spec);

/// Emits the dispatch as a function of the ABI in targets/cpu/abi, named
/// `symbol`, at the end of `kernels`. Errors are reported at the dispatch.
mlir::FailureOr<KernelInfo> emitKernel(DispatchOp op, const CpuSpec &spec,
                                       mlir::ModuleOp kernels,
                                       llvm::StringRef symbol);

/// A position-independent block of code without relocations.
struct CodeBlock {
  std::vector<char> bytes;
  /// Offset in `bytes` and length of each requested symbol, in order.
  std::vector<std::pair<uint64_t, uint64_t>> functions;
  /// Bytes of the largest stack frame of each function, in order.
  std::vector<uint32_t> frameBytes;
};

/// Lowers the module of kernels to LLVM, optimises, and links. `dump`, when
/// not null, receives the forms on the way.
mlir::FailureOr<CodeBlock> compileKernels(mlir::ModuleOp kernels,
                                          const CpuSpec &spec,
                                          llvm::ArrayRef<std::string> symbols,
                                          CompileDump *dump = nullptr);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_KERNEL_H
