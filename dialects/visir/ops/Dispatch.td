// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_OPS_DISPATCH_TD
#define VISIR_OPS_DISPATCH_TD

include "mlir/Interfaces/ControlFlowInterfaces.td"
include "dialects/visir/ops/Elementwise.td"

def Visir_DispatchOp : Visir_Op<"dispatch", [
    Pure, IsolatedFromAbove, SingleBlock]> {
  let summary = "The unit of launch, planning, profiling and testing";
  let description = [{
    The iteration domain has the sizes `extents`; its first `parallel_rank`
    dimensions are parallel, the rest are the root's own (reduction) ones.
    `loads[i]` says which element of `inputs[i]` belongs to a point of the
    domain, `stores[j]` which element of result j.

    `prologue` has one scalar argument per load and yields the operands of the
    root; `epilogue` has the root's results as arguments, then one scalar per
    load, and yields one scalar per store. Both hold only elementwise arith
    and math ops on signless scalars (i1 for booleans), so that targets can
    clone them onto vectors. A load that is not used is not made.

    Roots (see `#visir.root`), operands -> results:
    - map: () -> (); no reduction dimensions
    - reduce: (x) -> (combined x over the reduction dimensions)
    - contract: (a, b) -> (sum of a * b over the reduction dimensions)
    - softmax, norm, scan: (x) -> (value at this point); statistics run over
      the reduction dimensions, which the stores may use
    - arg_reduce: (x) -> (i64 index in the one reduction dimension)
    - topk: (x) -> (value, i64 index); one reduction dimension; the stores'
      maps have one symbol, the position 0 .. k - 1
    - attention: (q, k, v[, mask]) -> (value); the domain is
      [batch..., m, e | n, d]; q: (batch, m, d), k: (batch, n, d), v: (batch,
      n, e), mask: (batch, m, n)
    - scatter: () -> (); store 0 is tied; it goes over the domain in row-major
      order and combines what the epilogue yields into the element
    - grid_sample: loads 0 (input), 1 (grid); the domain is
      [n, c, out spatial... | coordinates]; () -> (value)

    `ties[j]` is the number of the input whose memory result j takes over, or
    -1: elements that no store writes keep that input's values. A result
    without a tie is written wholly. A store with `sum` adds up what the
    points of an element yield: a second store of map, reduce and contract
    roots for the mean that follows.

    `config` is the target's choice of kernel; null until a target has chosen.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs,
                       Visir_RootAttr:$root, DenseI64ArrayAttr:$extents,
                       I64Attr:$parallel_rank, ArrayAttr:$loads,
                       ArrayAttr:$stores, DenseI64ArrayAttr:$ties,
                       OptionalAttr<DictionaryAttr>:$config);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$prologue, SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $root `domain` `=` $extents `parallel` $parallel_rank
    `(` $inputs `)` `loads` $loads `stores` $stores `ties` $ties attr-dict `:`
    functional-type(operands, results) `prologue` $prologue
    `epilogue` $epilogue
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The access of load or store `i`.
    AccessAttr getLoad(unsigned i) {
      return ::mlir::cast<AccessAttr>(getLoads()[i]);
    }
    AccessAttr getStore(unsigned i) {
      return ::mlir::cast<AccessAttr>(getStores()[i]);
    }
    RootKind getKind() { return getRoot().getKind(); }
    unsigned getDomainRank() { return getExtents().size(); }
    /// A parameter of the root, or null.
    ::mlir::Attribute getRootParam(::llvm::StringRef name) {
      auto params = getRoot().getParams();
      return params ? params.get(name) : ::mlir::Attribute();
    }
    ::mlir::Block &getPrologueBlock() { return getPrologue().front(); }
    ::mlir::Block &getEpilogueBlock() { return getEpilogue().front(); }
    /// Number of scalars that the root hands to the epilogue.
    unsigned getRootResultCount() {
      return getEpilogueBlock().getNumArguments() - getInputs().size();
    }
  }];
}

def Visir_YieldOp : Visir_Op<"yield", [Pure, Terminator, ReturnLike,
    ParentOneOf<["::visir::DispatchOp"]>]> {
  let summary = "Ends a payload";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // VISIR_OPS_DISPATCH_TD
