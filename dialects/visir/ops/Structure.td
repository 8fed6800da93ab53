// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_OPS_STRUCTURE_TD
#define VISIR_OPS_STRUCTURE_TD

include "dialects/visir/ops/Elementwise.td"

def Visir_ConstantOp : Visir_Op<"constant", [Pure, ConstantLike]> {
  let summary = "A tensor known at compile time";
  let description = [{
    The value is a resource whose bytes live outside of the IR under the
    digest of their content, or a small dense attribute.
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::ElementsAttr":$value), [{
    build($_builder, $_state, value.getShapedType(), value);
  }]>];
}

def Visir_EmptyOp : Visir_Op<"empty", [Pure]> {
  let summary = "A tensor whose elements are not yet written";
  let description = [{
    The start of a chain of dispatches that each write a part of one tensor.
  }];
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Visir_RelayoutOp : Visir_Op<"relayout", [Pure]> {
  let summary = "The same logical tensor in another layout";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Visir_OpaqueOp : Visir_Op<"opaque"> {
  let summary = "An operator of the source that has no import";
  let description = [{
    Recognition may still remove it; what is left after the phase `recognised`
    is refused with all of these attributes and `reason`. An absent optional
    operand is not in `inputs`; `input_names` has an empty string for it.
  }];
  let arguments = (ins StrAttr:$op_type, StrAttr:$domain, I64Attr:$opset,
                       StrAttr:$reason, DictionaryAttr:$node_attributes,
                       Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$outputs);
  let assemblyFormat = [{
    $op_type `,` $domain `,` $opset `,` $reason $node_attributes
    `(` $inputs `)` attr-dict `:` functional-type(operands, results)
  }];
}

#endif // VISIR_OPS_STRUCTURE_TD
