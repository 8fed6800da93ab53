// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_TRANSFORMS_ROWS_DISTINCTROWS_TD
#define VISIR_COMPILER_TRANSFORMS_ROWS_DISTINCTROWS_TD

include "mlir/Pass/PassBase.td"

def DistinctRows : Pass<"visir-distinct-rows", "::mlir::func::FuncOp"> {
  let summary = "Equal rows of causal networks are computed once";
  let description = [{
    In functions with a causal attention, rows are followed from constants and
    inputs through movement, row-wise ops and attentions. Rows that are equal
    whatever the inputs (those in front of the first token that differs between
    texts) and rows that nobody needs (behind the end of each text, and all but
    the end after the last attention) are left out of products, norms and
    elementwise ops: these work on a matrix of the distinct rows. Attentions get
    all rows, by a gather.

    ```mlir
    %y = visir.matmul %x, %w : (tensor<11x15x64xf32>, ...) -> tensor<11x15x64xf32>
    // becomes
    %rows = visir.gather %flat, %distinct {axis = 0} : ... -> tensor<40x64xf32>
    %few = visir.matmul %rows, %w : ... -> tensor<40x64xf32>
    %all = visir.gather %few, %places {axis = 0} : ... -> tensor<165x64xf32>
    ```
  }];
  let dependentDialects = ["::visir::VisirDialect"];
}

#endif // VISIR_COMPILER_TRANSFORMS_ROWS_DISTINCTROWS_TD
