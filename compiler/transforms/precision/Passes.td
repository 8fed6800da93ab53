// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes that a target runs where a program's precision asks for it.
#ifndef VISIR_COMPILER_TRANSFORMS_PRECISION_PASSES_TD
#define VISIR_COMPILER_TRANSFORMS_PRECISION_PASSES_TD

include "mlir/Pass/PassBase.td"

def NarrowTensors : Pass<"visir-narrow-tensors",
                         "::mlir::func::FuncOp"> {
  let dependentDialects = ["::visir::VisirDialect"];
  let summary = "What products read is stored and multiplied in f16 or bf16";
  let description = [{
    Factors of products (contract, attention, sums of products such as
    depthwise convolutions) are values of the narrow type: the tensors of f32
    that they are loads of become narrow, constants among them, and other
    factors are rounded. Sums stay in f32, and so do softmax, norms and all
    payloads; loads extend and stores round.

    Arguments, results, states, sums beside stores, normalised loads, and what
    a scatter or grid sample touches keep their type; so does what only other
    dispatches than products read, such as the sums of residual branches.
    Copies have one type on both sides.

    ```mlir
    prologue { ^bb0(%x: f32, %w: f32): visir.yield %x, %w }
    // becomes, for two narrow tensors
    prologue {
    ^bb0(%x: f16, %w: f16):
      %0 = arith.extf %x : f16 to f32
      %1 = arith.extf %w : f16 to f32
      visir.yield %0, %1
    }
    ```
  }];
  let options = [Option<"type", "type", "std::string", /*default=*/"\"f16\"",
                        "f16 or bf16">];
}

#endif // VISIR_COMPILER_TRANSFORMS_PRECISION_PASSES_TD
