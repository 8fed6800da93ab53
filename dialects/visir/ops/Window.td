// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_OPS_WINDOW_TD
#define VISIR_OPS_WINDOW_TD

include "dialects/visir/ops/Elementwise.td"

def Visir_MaxPoolOp : Visir_GraphOp<"max_pool"> {
  let summary = "Largest element of each window";
  let description = [{
    input: N x C x spatial. `pads` has the paddings before all spatial
    dimensions, then those after; rounding up is expressed by larger paddings
    after.
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$kernel,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
                       DenseI64ArrayAttr:$dilations);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$input attr-dict `:` functional-type(operands, results)";
}

def Visir_AvgPoolOp : Visir_GraphOp<"avg_pool"> {
  let summary = "Mean of each window";
  let description = [{
    As max_pool. A window's divisor counts its elements inside of the input,
    and with `counted_pads` (paddings as in `pads`, none larger) also those
    inside of that padding.
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$kernel,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
                       DenseI64ArrayAttr:$dilations,
                       OptionalAttr<DenseI64ArrayAttr>:$counted_pads);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Visir_ResizeOp : Visir_GraphOp<"resize"> {
  let summary = "Separable resampling by tables of taps";
  let description = [{
    result[.., o, ..] = sum over t of weights[o, t] * input[.., indices[o, t],
    ..] along `axis`; indices (si64) and weights (f32) are constants of shape
    out x taps. All of ONNX's Resize modes are made of such steps, one per
    axis; a nearest resize is a gather instead.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$indices,
                       AnyRankedTensor:$weights, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $indices `,` $weights attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Visir_GridSampleOp : Visir_GraphOp<"grid_sample"> {
  let summary = "Samples at normalised coordinates";
  let description = [{
    input: N x C x spatial (2 or 3 dimensions); grid: N x out spatial x 2 (or
    3), last axis in x, y(, z) order, -1 .. 1 over the input.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$grid,
                       Visir_SampleModeAttr:$mode,
                       Visir_BorderModeAttr:$border, UnitAttr:$align_corners);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$input `,` $grid attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // VISIR_OPS_WINDOW_TD
