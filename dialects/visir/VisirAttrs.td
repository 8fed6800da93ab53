// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_ATTRS_TD
#define VISIR_ATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "dialects/visir/VisirDialect.td"
include "dialects/visir/VisirEnums.td"

def Visir_LayoutAttr : Visir_Attr<"Layout", "layout"> {
  let summary = "Where the elements of a logical tensor lie in memory";
  let description = [{
    The one tensor encoding. `order` lists the logical dimensions from the
    slowest to the fastest. `tile_dims[i]` is split by `tile_sizes[i]`: its
    quotient stays at its place in `order`, its remainder becomes an innermost
    dimension; the last partial tile is padded with zeros. Logical shapes
    never change. No encoding means row-major.

    `[N/16][K][16]` packing of a K x N matrix is
    `#visir.layout<order = [1, 0], tile_dims = [1], tile_sizes = [16]>`.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$order,
                        OptionalArrayRefParameter<"int64_t">:$tileDims,
                        OptionalArrayRefParameter<"int64_t">:$tileSizes);
  let assemblyFormat = [{
    `<` `order` `=` custom<Int64List>($order) (`,` `tile_dims` `=` `[` $tileDims^ `]`)?
    (`,` `tile_sizes` `=` `[` $tileSizes^ `]`)? `>`
  }];
  let genVerifyDecl = 1;
}

def Visir_BoxAttr : Visir_Attr<"Box", "box"> {
  let summary = "A rectangular block of elements that move alike";
  let description = [{
    For every index vector `d` of the box (0 <= d[i] < sizes[i]) the element
    at `dst(d)` of the result is the element at `src(d)` of operand `source`;
    both maps are affine with constant integer coefficients. `source = -1`
    fills with the map's fill value, and `src` is then empty.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$sizes,
                        "int64_t":$source, "::mlir::AffineMap":$src,
                        "::mlir::AffineMap":$dst);
  let assemblyFormat = [{
    `<` `sizes` `=` custom<Int64List>($sizes) `,` `source` `=` $source `,`
    `src` `=` $src `,` `dst` `=` $dst `>`
  }];
}

def Visir_MapAttr : Visir_Attr<"Map", "map"> {
  let summary = "A movement: the boxes that together make a tensor";
  let description = [{
    Boxes are applied in order; later ones overwrite earlier ones. Together
    they cover the result. `fill` is what boxes without a source write.
  }];
  let parameters = (ins ArrayRefParameter<"::visir::BoxAttr">:$boxes,
                        OptionalParameter<"::mlir::FloatAttr">:$fill);
  let assemblyFormat = [{
    `<` `[` $boxes `]` (`,` `fill` `=` $fill^)? `>`
  }];
  let extraClassDeclaration = [{
    double getFillValue() const {
      return getFill() ? getFill().getValueAsDouble() : 0.0;
    }
  }];
}

def Visir_AccessAttr : Visir_Attr<"Access", "access"> {
  let summary = "Which element of an operand or result a dispatch touches";
  let description = [{
    `map` takes the dimensions of the iteration domain to logical coordinates
    of the tensor; every result is affine with constant coefficients (no
    division or remainder).

    `padded`: coordinates may lie outside of the tensor; such a load gives
    `fill` (for loads only). Without `padded` every coordinate is inside.

    `index_axes[i]` and `index_loads[i]`: the coordinate of that axis is the
    map's value plus the integer that load number `index_loads[i]` of the
    same dispatch gives at the same point; a negative index counts from the
    end; an index out of range makes the kernel return an error.

    `norm` (of a load of a `contract`, for its prologue only): a dictionary
    with `epsilon` (f64) and the optional unit `rms`; the load gives
    (x - mean) / sqrt(variance + epsilon), or x / sqrt(mean of squares +
    epsilon), over the reduction dimensions.

    `sum` (of a store): the element is the sum, in the domain's order, of the
    values of all points that it belongs to.
  }];
  let parameters = (ins "::mlir::AffineMap":$map,
                        DefaultValuedParameter<"bool", "false">:$padded,
                        OptionalParameter<"::mlir::FloatAttr">:$fill,
                        OptionalArrayRefParameter<"int64_t">:$indexAxes,
                        OptionalArrayRefParameter<"int64_t">:$indexLoads,
                        OptionalParameter<"::mlir::DictionaryAttr">:$norm,
                        DefaultValuedParameter<"bool", "false">:$sum);
  let assemblyFormat = [{
    `<` $map custom<AccessFields>($padded, $fill, $indexAxes, $indexLoads,
                                  $norm, $sum) `>`
  }];
  let extraClassDeclaration = [{
    double getFillValue() const {
      return getFill() ? getFill().getValueAsDouble() : 0.0;
    }
    /// The same access through another map.
    AccessAttr withMap(::mlir::AffineMap map) const {
      return get(getContext(), map, getPadded(), getFill(), getIndexAxes(),
                 getIndexLoads(), getNorm(), getSum());
    }
  }];
  let builders = [
    AttrBuilder<(ins "::mlir::AffineMap":$map), [{
      return get($_ctxt, map, false, ::mlir::FloatAttr(), {}, {});
    }]>,
    AttrBuilder<(ins "::mlir::AffineMap":$map, "bool":$padded,
                     "::mlir::FloatAttr":$fill,
                     "::llvm::ArrayRef<int64_t>":$indexAxes,
                     "::llvm::ArrayRef<int64_t>":$indexLoads), [{
      return $_get($_ctxt, map, padded, fill, indexAxes, indexLoads,
                   ::mlir::DictionaryAttr(), false);
    }]>];
}

def Visir_RootAttr : Visir_Attr<"Root", "root"> {
  let summary = "The root of a dispatch: its kind and parameters";
  let description = [{
    `params` by kind:
    - `map`: none
    - `reduce`: `combiner` (sum | prod | max | min, a `reduce_kind`)
    - `contract`: none
    - `softmax`: optional unit `log`
    - `norm`: `epsilon` (f64), optional unit `rms`
    - `arg_reduce`: `combiner` (max | min), optional unit `last`
    - `scan`: optional units `exclusive`, `reverse` (a running sum)
    - `topk`: `k` (i64), optional unit `smallest`
    - `attention`: `scale` (f64), optional unit `causal`
    - `scatter`: `combiner` (a `scatter_kind`)
    - `grid_sample`: `mode` (a `sample_mode`), `border` (a `border_mode`),
      optional unit `align_corners`
  }];
  let parameters = (ins EnumParameter<Visir_RootKind>:$kind,
                        OptionalParameter<"::mlir::DictionaryAttr">:$params);
  let assemblyFormat = "`<` $kind (`,` $params^)? `>`";
}

#endif // VISIR_ATTRS_TD
