// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_TRANSFORMS_FACTORCONVS_TD
#define VISIR_COMPILER_TRANSFORMS_FACTORCONVS_TD

include "mlir/Pass/PassBase.td"

def FactorConvs : Pass<"visir-factor-convs", "::mlir::func::FuncOp"> {
  let summary = "Convolutions of low rank become chains that cost less";
  let description = [{
    Where the constant weights of a convolution of one group, as a matrix of
    output channels or of input channels, have a rank below its size but for
    the rounding of floats, as weights have that were rebuilt from factors, the
    convolution becomes one between fewer channels, with a product over
    channels in front of it, behind it, or both, if that costs less.

    ```mlir
    %y = visir.conv %x, %w : 256 to 256 channels, 3 x 3, of rank 57
    // becomes
    %a = visir.conv %x, %inner : 256 to 57 channels, 1 x 1
    %b = visir.conv %a, %core : 57 to 57 channels, 3 x 3
    %y = visir.conv %b, %outer : 57 to 256 channels, 1 x 1
    ```
  }];
  let dependentDialects = ["::visir::VisirDialect"];
}

#endif // VISIR_COMPILER_TRANSFORMS_FACTORCONVS_TD
