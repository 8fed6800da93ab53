// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The decode of heatmaps. It has a header of its own, dialects/visir/Heatmap.h,
// for the few that name it.
#ifndef VISIR_OPS_HEATMAP_TD
#define VISIR_OPS_HEATMAP_TD

include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/visir/VisirDialect.td"

def Visir_DecodeKind : I32EnumAttr<"DecodeKind", "refinement of a peak", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Step", 1, "step">,
  I32EnumAttrCase<"Softmax", 2, "softmax">,
  I32EnumAttrCase<"Taylor", 3, "taylor">,
]> {
  let cppNamespace = "::visir";
  let genSpecializedAttr = 0;
}

def Visir_HeatmapDecodeOp : Visir_Op<"heatmap_decode",
    [Pure, InferTypeOpAdaptor]> {
  let summary = "Where each heatmap has its peak, below a pixel";
  let description = [{
    `heatmaps` are maps of H x W, the last two dimensions; the results have one
    element per map. (u, v) is the column and row of the first of the largest
    elements in row-major order, as `visir.arg_reduce` finds it, and `score`
    that element. x = u + dx and y = v + dy; c(i, j) is the element of `values`
    at column u + i and row v + j. `kind` says what dx and dy are:

    - `none`: 0
    - `step`: `scale` times the sign of c(1, 0) - c(-1, 0), and of
      c(0, 1) - c(0, -1)
    - `softmax`: the means of i and j with the weights exp(scale * c(i, j))
      over the square of `window` columns and rows around the peak
    - `taylor`: one step of Newton's method to the peak of c, or of
      log(max(c, log_floor)) with `log_floor`; with central differences
      gx = (c(1, 0) - c(-1, 0)) / 2, gxx = (c(2, 0) - 2 c(0, 0) + c(-2, 0)) / 4,
      gxy = (c(1, 1) - c(1, -1) - c(-1, 1) + c(-1, -1)) / 4 and so on,
      (dx, dy) = -G^-1 (gx, gy); 0 where det G is 0 (Zhang et al., CVPR 2020)

    For step and taylor, dx = dy = 0 unless `margin` <= u < W - `margin` and
    `margin` <= v < H - `margin`. For softmax, elements outside of the map are
    `fill`, or with `clamp` those of the nearest column and row.

    ```mlir
    %x, %y, %score = visir.heatmap_decode %h, %h {kind = "softmax",
        scale = 10.0 : f64, window = 5 : i64, margin = 0 : i64,
        fill = 0.0 : f64}
        : (tensor<1x68x64x64xf32>, tensor<1x68x64x64xf32>)
        -> (tensor<1x68xf32>, tensor<1x68xf32>, tensor<1x68xf32>)
    ```

    As a dispatch it is an `arg_reduce` root with the parameter `decode`, the
    attributes above: (heatmap, value) -> (x, y, score), over two reduction
    dimensions, rows and columns.
  }];
  let arguments = (ins AnyRankedTensor:$heatmaps, AnyRankedTensor:$values,
                       StrAttr:$kind, F64Attr:$scale, I64Attr:$window,
                       I64Attr:$margin, F64Attr:$fill,
                       OptionalAttr<F64Attr>:$log_floor, UnitAttr:$clamp);
  let results = (outs AnyRankedTensor:$x, AnyRankedTensor:$y,
                      AnyRankedTensor:$score);
  let assemblyFormat = [{
    $heatmaps `,` $values attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // VISIR_OPS_HEATMAP_TD
