// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_TRANSFORMS_RECOGNISE_HEATMAPDECODE_TD
#define VISIR_COMPILER_TRANSFORMS_RECOGNISE_HEATMAPDECODE_TD

include "mlir/Pass/PassBase.td"

def RecogniseHeatmapDecode
    : Pass<"visir-recognise-heatmap-decode", "::mlir::func::FuncOp"> {
  let summary = "Peaks of heatmaps from argmax, index arithmetic and windows";
  let description = [{
    Behind an arg_reduce or topk of whole maps, what is computed from the index
    is followed element by element as sums of products of the peak's column and
    row, elements of maps near it, and conditions on its distance from the
    border. Where a result is that of a `visir.heatmap_decode`, times and plus
    constants, however it was written, it is taken from one.

    ```mlir
    %i = visir.arg_reduce max %flat {axis = 2 : i64, keepdims = false}
    %column = visir.binary mod %i, %width
    %x = visir.cast %column
    // becomes
    %x, %y, %score = visir.heatmap_decode %maps, %maps {kind = "none", ...}
    ```
  }];
  let dependentDialects = ["::visir::VisirDialect"];
}

#endif // VISIR_COMPILER_TRANSFORMS_RECOGNISE_HEATMAPDECODE_TD
