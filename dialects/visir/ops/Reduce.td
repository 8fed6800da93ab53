// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_OPS_REDUCE_TD
#define VISIR_OPS_REDUCE_TD

include "dialects/visir/ops/Elementwise.td"

def Visir_ReduceOp : Visir_GraphOp<"reduce"> {
  let summary = "Reduction over axes";
  let description = [{
    `axes` are non-negative, sorted and unique. Floats accumulate in f32 or
    wider; integers in their own type. Nothing reduces to the identity.
  }];
  let arguments = (ins Visir_ReduceKindAttr:$kind, AnyRankedTensor:$input,
                       DenseI64ArrayAttr:$axes, BoolAttr:$keepdims);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$kind $input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Visir_ArgReduceOp : Visir_GraphOp<"arg_reduce"> {
  let summary = "Index (si64) of the largest or smallest element of an axis";
  let description = [{
    `kind` is max or min; ties go to the first index, or to the last with
    `select_last`.
  }];
  let arguments = (ins Visir_ReduceKindAttr:$kind, AnyRankedTensor:$input,
                       I64Attr:$axis, BoolAttr:$keepdims,
                       UnitAttr:$select_last);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$kind $input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Visir_CumSumOp : Visir_GraphOp<"cumsum"> {
  let summary = "Running sum along an axis";
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis,
                       UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Visir_SoftmaxOp : Visir_GraphOp<"softmax"> {
  let summary = "exp(x - max) / sum along an axis, or its logarithm";
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis, UnitAttr:$log);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Visir_TopKOp : Visir_GraphOp<"topk"> {
  let summary = "The k largest (or smallest) elements of an axis, sorted";
  let description = [{
    Gives values and si64 indices; equal values keep the order of indices.
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis, I64Attr:$k,
                       UnitAttr:$smallest);
  let results = (outs AnyRankedTensor:$values, AnyRankedTensor:$indices);
  let assemblyFormat =
      "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // VISIR_OPS_REDUCE_TD
