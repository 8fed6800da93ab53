// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_OPS_ELEMENTWISE_TD
#define VISIR_OPS_ELEMENTWISE_TD

include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/visir/VisirAttrs.td"

// A graph op: pure, with its result types inferred from operands and
// attributes; unknown dimensions stay unknown.
class Visir_GraphOp<string mnemonic, list<Trait> traits = []>
    : Visir_Op<mnemonic, traits # [Pure, InferTypeOpAdaptor]>;

def Visir_UnaryOp : Visir_GraphOp<"unary"> {
  let summary = "Elementwise function of one tensor";
  let description = [{
    `params` by kind, in ONNX's order of attributes: leaky_relu, elu, celu,
    thresholded_relu (alpha); selu (alpha, gamma); hard_sigmoid (alpha, beta);
    shrink (bias, lambd); is_inf (detect_negative, detect_positive). round
    goes to the nearest even. is_nan and is_inf give `i1`.
  }];
  let arguments = (ins Visir_UnaryKindAttr:$kind, AnyRankedTensor:$input,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$params);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$kind $input attr-dict `:` functional-type(operands, results)";
}

def Visir_BinaryOp : Visir_GraphOp<"binary"> {
  let summary = "Elementwise function of two tensors of one element type";
  let description = [{
    Shapes broadcast as in NumPy. Integer division truncates; `mod` has the
    sign of the divisor (Python), `fmod` that of the dividend (C). `prelu` is
    `lhs < 0 ? lhs * rhs : lhs`. `pow` may have an exponent of another type.
  }];
  let arguments = (ins Visir_BinaryKindAttr:$kind, AnyRankedTensor:$lhs,
                       AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$kind $lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Visir_CompareOp : Visir_GraphOp<"compare"> {
  let summary = "Elementwise comparison; shapes broadcast; gives i1";
  let arguments = (ins Visir_CompareKindAttr:$kind, AnyRankedTensor:$lhs,
                       AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$kind $lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Visir_SelectOp : Visir_GraphOp<"select"> {
  let summary = "Elementwise choice; shapes broadcast";
  let arguments = (ins AnyRankedTensor:$condition, AnyRankedTensor:$on_true,
                       AnyRankedTensor:$on_false);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $condition `,` $on_true `,` $on_false attr-dict `:`
    functional-type(operands, results)
  }];
}

def Visir_CastOp : Visir_GraphOp<"cast"> {
  let summary = "Elementwise conversion to another element type";
  let description = [{
    Float to integer truncates; to i1 is `!= 0`; float narrowing rounds to the
    nearest even.
  }];
  let arguments = (ins AnyRankedTensor:$input, TypeAttr:$to);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `to` $to attr-dict `:` functional-type(operands, results)
  }];
}

#endif // VISIR_OPS_ELEMENTWISE_TD
