// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bits under another type. The op has a header of its own,
// dialects/visir/Bitcast.h, for the few that name it.
#ifndef VISIR_OPS_BITCAST_TD
#define VISIR_OPS_BITCAST_TD

include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/visir/VisirDialect.td"

def Visir_BitcastOp : Visir_Op<"bitcast", [Pure, InferTypeOpAdaptor]> {
  let summary = "The bits of each element as another element type";
  let description = [{
    Both types take as many bytes in memory; a boolean takes one, which is 0 or
    1, and other bytes than 0 become true.
  }];
  let arguments = (ins AnyRankedTensor:$input, TypeAttr:$to);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `to` $to attr-dict `:` functional-type(operands, results)
  }];
}

#endif // VISIR_OPS_BITCAST_TD
