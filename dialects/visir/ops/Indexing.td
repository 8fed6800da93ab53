// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_OPS_INDEXING_TD
#define VISIR_OPS_INDEXING_TD

include "dialects/visir/ops/Elementwise.td"

// In all of these an index may be negative (it then counts from the end) and
// is an error at run time when it is out of range.

def Visir_GatherOp : Visir_GraphOp<"gather"> {
  let summary = "result[a.., i.., b..] = input[a.., indices[i..], b..]";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$indices,
                       I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$input `,` $indices attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Visir_GatherElementsOp : Visir_GraphOp<"gather_elements"> {
  let summary = "result[a.., i, b..] = input[a.., indices[a.., i, b..], b..]";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$indices,
                       I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$input `,` $indices attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Visir_GatherNDOp : Visir_GraphOp<"gather_nd"> {
  let summary = "Slices at the index vectors of the last axis of indices";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$indices,
                       DefaultValuedAttr<I64Attr, "0">:$batch_dims);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$input `,` $indices attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Visir_ScatterElementsOp : Visir_GraphOp<"scatter_elements"> {
  let summary = "A copy of input with updates at indices along an axis";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$indices,
                       AnyRankedTensor:$updates, I64Attr:$axis,
                       Visir_ScatterKindAttr:$kind);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $kind $input `,` $indices `,` $updates attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Visir_ScatterNDOp : Visir_GraphOp<"scatter_nd"> {
  let summary = "A copy of input with slices replaced at index vectors";
  let description = [{
    Updates apply in row-major order of the indices; the last one wins.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$indices,
                       AnyRankedTensor:$updates, Visir_ScatterKindAttr:$kind);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $kind $input `,` $indices `,` $updates attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // VISIR_OPS_INDEXING_TD
