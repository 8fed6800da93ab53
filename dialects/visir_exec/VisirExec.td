// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_EXEC_TD
#define VISIR_EXEC_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"

def VisirExec_Dialect : Dialect {
  let name = "visir_exec";
  let cppNamespace = "::visir::exec";
  let summary = "The program that the runtime runs";
  let description = [{
    A planned module: buffers have places, dispatches are calls of functions,
    and commands say on which earlier ones they depend. It mirrors the schema
    of the artifact (runtime/schema/visir.fbs).
  }];
  let useDefaultAttributePrinterParser = 1;
}

def VisirExec_BufferKind : I32EnumAttr<"BufferKind", "what memory", [
  I32EnumAttrCase<"Input", 1, "input">, I32EnumAttrCase<"Output", 2, "output">,
  I32EnumAttrCase<"Arena", 3, "arena">,
  I32EnumAttrCase<"Constant", 4, "constant">,
  I32EnumAttrCase<"State", 5, "state">,
  I32EnumAttrCase<"Length", 6, "length">,
]> {
  let cppNamespace = "::visir::exec";
  let genSpecializedAttr = 0;
}

def VisirExec_RefAttr : AttrDef<VisirExec_Dialect, "Ref"> {
  let mnemonic = "ref";
  let summary = "A byte range of what the runtime can point to";
  let parameters = (ins EnumParameter<VisirExec_BufferKind>:$kind,
                        "int64_t":$index, "int64_t":$offset, "int64_t":$size);
  let assemblyFormat =
      "`<` $kind `,` $index `,` `at` $offset `,` `bytes` $size `>`";
}

class VisirExec_Op<string mnemonic, list<Trait> traits = []>
    : Op<VisirExec_Dialect, mnemonic, traits>;

def VisirExec_ProgramOp : VisirExec_Op<"program", [
    Symbol, SymbolTable, NoTerminator, SingleBlock, IsolatedFromAbove]> {
  let summary = "All that one target runs";
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
}

def VisirExec_FunctionOp : VisirExec_Op<"function", [
    Symbol, HasParent<"ProgramOp">]> {
  let summary = "A kernel and its signature";
  let description = [{
    `min_bytes`, `writes` (0 read, 1 write) and `ties` (a lower binding of
    the same memory, or -1) have one entry per binding. `scalars`: the least
    and the largest value of each.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       DenseI64ArrayAttr:$min_bytes,
                       DenseI64ArrayAttr:$writes, DenseI64ArrayAttr:$ties,
                       I64Attr:$tile_count, I64Attr:$scratch_bytes,
                       F64Attr:$flops, StrAttr:$config, StrAttr:$digest,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$scalars);
  let assemblyFormat = "$sym_name attr-dict";
}

def VisirExec_ConstantOp : VisirExec_Op<"constant", [
    Symbol, HasParent<"ProgramOp">]> {
  let summary = "A constant in the layout of its type";
  let arguments = (ins SymbolNameAttr:$sym_name, ElementsAttr:$value,
                       TypeAttr:$type, I64Attr:$bytes);
  let assemblyFormat = "$sym_name attr-dict";
}

def VisirExec_StateOp : VisirExec_Op<"state", [
    Symbol, HasParent<"ProgramOp">]> {
  let summary = "Memory that outlives a run; zero at first";
  let description = "All entries of the program share it by its name.";
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type,
                       I64Attr:$bytes);
  let assemblyFormat = "$sym_name attr-dict";
}

def VisirExec_EntryOp : VisirExec_Op<"entry", [
    Symbol, NoTerminator, SingleBlock, IsolatedFromAbove,
    HasParent<"ProgramOp">]> {
  let summary = "An entry point: commands in order";
  let description = [{
    `symbols`: run-time sizes, each a dictionary of `name`, `min`, `max` and,
    for an expression of earlier ones, `value` (an affine map). `input_dims`
    and `output_dims` have, for each tensor, the symbol of each dimension or
    -1. `state_lengths`: [state, symbol before a run or -1, symbol after].
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ArrayAttr:$input_names,
                       TypeArrayAttr:$input_types, ArrayAttr:$output_names,
                       TypeArrayAttr:$output_types, I64Attr:$arena_bytes,
                       DefaultValuedAttr<ArrayAttr, "{}">:$symbols,
                       DefaultValuedAttr<ArrayAttr, "{}">:$input_dims,
                       DefaultValuedAttr<ArrayAttr, "{}">:$output_dims,
                       DefaultValuedAttr<ArrayAttr, "{}">:$state_lengths);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
}

def VisirExec_DispatchOp : VisirExec_Op<"dispatch", [HasParent<"EntryOp">]> {
  let summary = "Calls all tiles of a function";
  let description = [{
    `live`: empty, or [symbol, divisor, count, step]: tile t matters if
    (t / divisor) % count * step is less than the symbol's value. `scalars`:
    the symbols whose values the function gets.
  }];
  let arguments = (ins FlatSymbolRefAttr:$function, ArrayAttr:$bindings,
                       DenseI64ArrayAttr:$depends_on, ArrayAttr:$sources,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$live,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$scalars);
  let assemblyFormat = "$function `(` $bindings `)` attr-dict";
}

def VisirExec_CopyOp : VisirExec_Op<"copy", [HasParent<"EntryOp">]> {
  let summary = "Copies bytes between two ranges of one size";
  let arguments = (ins VisirExec_RefAttr:$source, VisirExec_RefAttr:$target,
                       DenseI64ArrayAttr:$depends_on);
  let assemblyFormat = "$source `to` $target attr-dict";
}

#endif // VISIR_EXEC_TD
