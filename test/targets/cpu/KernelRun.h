// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles dispatches given as text, runs them in this process, and compares
// them with the reference.
#ifndef VISIR_TEST_TARGETS_CPU_KERNELRUN_H
#define VISIR_TEST_TARGETS_CPU_KERNELRUN_H

#include "targets/cpu/codegen/Kernel.h"

#include "mlir/IR/OwningOpRef.h"

#include <string>
#include <vector>

namespace visir::test {

/// The context of all tests, with the dialects they need.
mlir::MLIRContext &context();

/// Parses a module; a wrong one ends the program.
mlir::OwningOpRef<mlir::ModuleOp> parse(const std::string &text);

/// The specs that this machine can run.
std::vector<const cpu::CpuSpec *> runnableSpecs();

/// One compiled dispatch, mapped for execution.
class Kernel {
public:
  /// Fails the test when the dispatch does not compile. `plain`: the kernel
  /// that GPUs get.
  Kernel(DispatchOp op, const cpu::CpuSpec &spec, bool plain = false);
  ~Kernel();
  Kernel(const Kernel &) = delete;

  /// Runs tiles in two calls cut at tile `split`; returns the status. The
  /// bindings end at a guard page, so that an access behind one faults.
  int run(std::vector<std::vector<char>> &bindings, uint32_t split);

  /// The function of the ABI in targets/cpu/abi, or null.
  void *entry() const {
    return code ? static_cast<char *>(code) + offset : nullptr;
  }

  KernelInfo info;
  uint32_t frameBytes = 0;
  uint64_t codeBytes = 0;

private:
  void *code = nullptr;
  uint64_t mappedBytes = 0, offset = 0;
};

/// Bytes of random values for each input of the dispatch: floats in -4 .. 4,
/// integers in 0 .. 7.
std::vector<std::vector<char>> randomInputs(DispatchOp op, unsigned seed);

/// A tensor of a dispatch: "7x53xf32" and "(d0, d1) -> (d0, d1)", the access
/// with its other parameters if need be.
struct TensorText {
  std::string type, access;
  int tie = -1;
};

/// The parts of a dispatch as text. The prologue's arguments are %p0, %p1 ...;
/// the epilogue's are %r0 ... (root results of `rootTypes`) and %e0, %e1 ....
struct DispatchText {
  std::string root, domain;
  int parallel;
  std::vector<TensorText> inputs, results;
  std::string prologue, epilogue;
  std::vector<std::string> rootTypes;

  std::string module() const;
};

/// Runs the module's only dispatch on every runnable spec and as a plain
/// kernel, whole and split, and expects the reference's values within `tolerance` (relative to the
/// larger of 1 and the value) and the same bits for both.
void expectLikeReference(const std::string &text, double tolerance,
                         unsigned seed = 1);
void expectLikeReference(const DispatchText &dispatch, double tolerance,
                         unsigned seed = 1);

} // namespace visir::test

#endif // VISIR_TEST_TARGETS_CPU_KERNELRUN_H
