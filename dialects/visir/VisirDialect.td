// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_DIALECT_TD
#define VISIR_DIALECT_TD

include "mlir/IR/OpBase.td"

def Visir_Dialect : Dialect {
  let name = "visir";
  let cppNamespace = "::visir";
  let summary = "The graph of a deep-learning model and its dispatches";
  let description = [{
    Tensors have value semantics and carry ONNX's signedness; `i1` is a byte
    in memory. Two levels live here: graph ops, one per mathematical function
    (`conv`, `reduce`, `move` ...), and `dispatch`, the unit of launch, which
    replaces them in the phase `fused`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

class Visir_Op<string mnemonic, list<Trait> traits = []>
    : Op<Visir_Dialect, mnemonic, traits>;

class Visir_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Visir_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

#endif // VISIR_DIALECT_TD
