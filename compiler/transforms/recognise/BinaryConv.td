// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_TRANSFORMS_RECOGNISE_BINARYCONV_TD
#define VISIR_COMPILER_TRANSFORMS_RECOGNISE_BINARYCONV_TD

include "mlir/Pass/PassBase.td"

def RecogniseBinaryConv
    : Pass<"visir-recognise-binary-conv", "::mlir::func::FuncOp"> {
  let summary = "Binary convolutions from convolutions of signs";
  let description = [{
    A conv whose input are signs and whose weights have one magnitude per
    output channel becomes a `visir.binary_conv` times these magnitudes. A group
    has 8 to 32 channels or whole words of 32. Weights are constant, or rows that
    an index chooses from a constant, or their signs. Signs may be `sign(x)`, a choice or a cast of a comparison with
    0, `sign(sign(x) + c)`, any of these behind a clip that keeps 0 inside, and
    with what a straight-through estimator leaves, (s - q) + q. Scales and
    shifts per channel in front of the sign are taken along.

    Magnitudes may differ by 2^-12, relatively, and are then their mean: an
    estimator's (s - q) + q on the weights is folded before and leaves them
    only about equal.

    ```mlir
    %s = visir.unary sign %x
    %y = visir.conv %s, %w
    // becomes
    %z = visir.binary_conv %x, %bits
    %y = visir.binary mul %z, %magnitudes
    ```
  }];
  let dependentDialects = ["::visir::VisirDialect"];
}

#endif // VISIR_COMPILER_TRANSFORMS_RECOGNISE_BINARYCONV_TD
