// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_OPS_CONTRACTION_TD
#define VISIR_OPS_CONTRACTION_TD

include "dialects/visir/ops/Elementwise.td"

def Visir_MatMulOp : Visir_GraphOp<"matmul"> {
  let summary = "Matrix product of the last two dimensions";
  let description = [{
    Both operands have rank >= 2; leading dimensions broadcast as in NumPy.
    f16 and bf16 accumulate in f32; i8 and ui8 give si32.
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Visir_ConvOp : Visir_GraphOp<"conv"> {
  let summary = "Convolution over any number of spatial dimensions";
  let description = [{
    input: N x C x spatial; weight: M x C/groups x kernel; bias: M. `pads` has
    the paddings before all spatial dimensions, then those after (ONNX).
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight,
                       Optional<AnyRankedTensor>:$bias,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
                       DenseI64ArrayAttr:$dilations, I64Attr:$groups);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`,` $bias^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

def Visir_ConvTransposeOp : Visir_GraphOp<"conv_transpose"> {
  let summary = "Transposed convolution";
  let description = [{
    input: N x C x spatial; weight: C x M/groups x kernel; bias: M. An output
    extent is (in - 1) * stride - pads + dilation * (kernel - 1) + 1 +
    output_padding.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight,
                       Optional<AnyRankedTensor>:$bias,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
                       DenseI64ArrayAttr:$dilations, I64Attr:$groups,
                       DenseI64ArrayAttr:$output_padding);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`,` $bias^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

def Visir_AttentionOp : Visir_GraphOp<"attention"> {
  let summary = "softmax(scale * Q K^T + mask) V";
  let description = [{
    query: ... x M x D; key: ... x N x D; value: ... x N x E, with equal
    leading dimensions; mask: broadcasts to ... x M x N and is added before
    the softmax. `causal`: row m sees the columns n <= m.
    Source: Vaswani et al., Attention Is All You Need, 2017.
  }];
  let arguments = (ins AnyRankedTensor:$query, AnyRankedTensor:$key,
                       AnyRankedTensor:$value, Optional<AnyRankedTensor>:$mask,
                       F64Attr:$scale, UnitAttr:$causal);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`,` $mask^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

#endif // VISIR_OPS_CONTRACTION_TD
