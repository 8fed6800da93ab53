// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_OPS_MOVEMENT_TD
#define VISIR_OPS_MOVEMENT_TD

include "dialects/visir/ops/Elementwise.td"

class Visir_MoveOneOp<string mnemonic, dag attributes>
    : Visir_GraphOp<mnemonic> {
  let arguments = !con((ins AnyRankedTensor:$input), attributes);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Visir_ReshapeOp : Visir_MoveOneOp<"reshape",
    (ins DenseI64ArrayAttr:$shape)> {
  let summary = "The same elements in row-major order under another shape";
  let description = "At most one size of `shape` is -1 and inferred.";
}

def Visir_TransposeOp : Visir_MoveOneOp<"transpose",
    (ins DenseI64ArrayAttr:$permutation)> {
  let summary = "Result dimension i is input dimension permutation[i]";
}

def Visir_SliceOp : Visir_MoveOneOp<"slice",
    (ins DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes,
         DenseI64ArrayAttr:$strides)> {
  let summary = "A strided block: result[i] = input[offset + i * stride]";
  let description = [{
    One entry per dimension. Strides may be negative; every element that is
    read lies inside of the input.
  }];
}

def Visir_PadOp : Visir_MoveOneOp<"pad",
    (ins DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
         Visir_PadModeAttr:$mode, DefaultValuedAttr<F64Attr, "0.0">:$value)> {
  let summary = "Elements added before (`low`) and after (`high`)";
  let description = "One entry per dimension, none negative.";
}

def Visir_ExpandOp : Visir_MoveOneOp<"expand",
    (ins DenseI64ArrayAttr:$shape)> {
  let summary = "Broadcast to exactly `shape`, as in NumPy";
}

def Visir_ConcatOp : Visir_GraphOp<"concat"> {
  let summary = "Tensors one after the other along an axis";
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$inputs attr-dict `:` functional-type(operands, results)";
}

def Visir_MoveOp : Visir_Op<"move", [Pure]> {
  let summary = "Any movement of elements, as boxes of a `#visir.map`";
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Visir_MapAttr:$map);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$inputs attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // VISIR_OPS_MOVEMENT_TD
