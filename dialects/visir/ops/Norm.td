// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_OPS_NORM_TD
#define VISIR_OPS_NORM_TD

include "dialects/visir/ops/Elementwise.td"

def Visir_LayerNormOp : Visir_GraphOp<"layer_norm", [AttrSizedOperandSegments]> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * scale + bias";
  let description = [{
    Statistics over the dimensions from `axis` to the last; scale and bias
    broadcast to these. `rms`: no mean is subtracted and the mean square takes
    the variance's place. Statistics are computed in f32 or wider.
  }];
  let arguments = (ins AnyRankedTensor:$input,
                       Optional<AnyRankedTensor>:$scale,
                       Optional<AnyRankedTensor>:$bias, I64Attr:$axis,
                       F64Attr:$epsilon, UnitAttr:$rms);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input (`scale` $scale^)? (`bias` $bias^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Visir_GroupNormOp : Visir_GraphOp<"group_norm", [AttrSizedOperandSegments]> {
  let summary = "Normalisation over the channels of a group and all space";
  let description = [{
    input: N x C x spatial; scale, bias: C. Instance norm has C groups.
  }];
  let arguments = (ins AnyRankedTensor:$input,
                       Optional<AnyRankedTensor>:$scale,
                       Optional<AnyRankedTensor>:$bias, I64Attr:$groups,
                       F64Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input (`scale` $scale^)? (`bias` $bias^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Visir_BatchNormOp : Visir_GraphOp<"batch_norm"> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * scale + bias";
  let description = "input: N x C x spatial; the others: C.";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scale,
                       AnyRankedTensor:$bias, AnyRankedTensor:$mean,
                       AnyRankedTensor:$variance, F64Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $scale `,` $bias `,` $mean `,` $variance attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Visir_LrnOp : Visir_GraphOp<"lrn"> {
  let summary = "x / (bias + alpha / size * sum of squares)^beta";
  let description = [{
    input: N x C x spatial. The sum runs over the channels from
    c - floor((size - 1) / 2) to c + ceil((size - 1) / 2).
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$size, F64Attr:$alpha,
                       F64Attr:$beta, F64Attr:$bias);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$input attr-dict `:` functional-type(operands, results)";
}

#endif // VISIR_OPS_NORM_TD
