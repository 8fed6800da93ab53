// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From fused dispatches to a target's program: the phases `laid-out` and
// `planned` and the code of all kernels. What differs between targets is
// behind one interface; no target has a pipeline of its own.
#ifndef VISIR_COMPILER_PIPELINE_TARGETPROGRAM_H
#define VISIR_COMPILER_PIPELINE_TARGETPROGRAM_H

#include "compiler/artifact/WriteArtifact.h"
#include "compiler/pipeline/Precision.h"
#include "compiler/plan/BufferPlan.h"
#include "dialects/visir/Visir.h"
#include "targets/common/KernelInfo.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace visir {

/// Compiles the kernels of one program. It is used once: layOut, emitKernel
/// for each distinct dispatch, finish.
class TargetCompiler {
public:
  virtual ~TargetCompiler() = default;

  /// As artifacts and programs name it, e.g. "x86-64-v3", "cuda:sm_90".
  virtual std::string name() const = 0;

  /// What places of buffers in the arena are a multiple of, in bytes.
  virtual int64_t bufferAlignment() const { return kBufferAlignment; }

  /// Why there are no programs of that precision, or an empty text.
  virtual std::string refusePrecision(Precision precision) const {
    return precision == Precision::Fp32 ? "" : "its kernels multiply f32 only";
  }

  /// Asked after `finish`: a target whose program runs on some devices of this
  /// one, faster, and should be beside it in artifacts; or an empty text. Its
  /// kernels are made from the same dispatches.
  virtual std::string richerVariant() const { return ""; }

  /// Chooses layouts and kernel configurations of an entry point: the phase
  /// `laid-out`. Arguments and results stay row-major. A target that takes
  /// precisions narrows the tensors before it chooses.
  virtual mlir::LogicalResult layOut(mlir::func::FuncOp func,
                                     Precision precision) = 0;

  /// Emits the kernel of a dispatch. Errors are reported at the dispatch.
  virtual mlir::FailureOr<KernelInfo> emitKernel(DispatchOp op,
                                                 llvm::StringRef symbol) = 0;

  /// Compiles the emitted kernels and sets the target's fields and the code
  /// of `code`, functions in the order of `kernels`: all that emitKernel gave,
  /// in its order; those that had to be emitted anew are updated. Nothing is
  /// planned yet. `dump`, when not null, receives the forms on the way.
  virtual mlir::LogicalResult
  finish(llvm::MutableArrayRef<KernelInfo> kernels, ProgramCode &code,
         CompileDump *dump) = 0;
};

/// Lays out, generates code for, and plans `module` (which is changed). Equal
/// dispatches share one kernel.
mlir::FailureOr<ProgramCode> compileForTarget(mlir::ModuleOp module,
                                              TargetCompiler &target,
                                              Precision precision,
                                              CompileDump *dump = nullptr);

} // namespace visir

#endif // VISIR_COMPILER_PIPELINE_TARGETPROGRAM_H
