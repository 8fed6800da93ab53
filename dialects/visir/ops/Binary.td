// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions of signs. They have a header of their own,
// dialects/visir/Binary.h, for the few that name them.
#ifndef VISIR_OPS_BINARY_TD
#define VISIR_OPS_BINARY_TD

include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/visir/VisirDialect.td"

def Visir_BinaryConvOp : Visir_Op<"binary_conv",
    [Pure, InferTypeOpAdaptor, AttrSizedOperandSegments]> {
  let summary = "Convolution of the signs of a tensor with weights of one bit";
  let description = [{
    input: N x C x spatial, a float; weight: kernel x words x M of si32, where
    bit b of word w is 1 where the weight of channel 32 w + b is +1, and 0
    where it is -1. `scale` and `shift`: C, the input's type.

    A sign is that of scale * input + shift: +1, -1, or `at_zero` where it
    is 0; a NaN counts as 0. Outside of the input signs are 0. An element of
    the result is the sum of signs times weights, an integer, as a float of
    the input's type. `pads` has the paddings before all spatial dimensions,
    then those after. Bits of channels past C are ignored.
    Source: Rastegari et al., XNOR-Net, 2016; the zeros are a second plane of
    bits, so that padding and sign(0) = 0 are exact.

    ```mlir
    %y = visir.binary_conv %x, %w {strides = array<i64: 1, 1>,
        pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>,
        at_zero = 0 : i64}
        : (tensor<1x64x56x56xf32>, tensor<3x3x2x64xsi32>)
        -> tensor<1x64x56x56xf32>
    ```

    As dispatches: one packs 32 signs into two words, their bits and where
    they are not zero; one counts the taps that are not zero; and a reduction
    sums popcount((signs ^ weight) & mask), n, from which taps - 2 n is made.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight,
                       Optional<AnyRankedTensor>:$scale,
                       Optional<AnyRankedTensor>:$shift,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
                       DenseI64ArrayAttr:$dilations, I64Attr:$at_zero,
                       DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`scaled` `by` $scale^)? (`shifted` `by` $shift^)?
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // VISIR_OPS_BINARY_TD
