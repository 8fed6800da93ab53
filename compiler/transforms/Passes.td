// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_TRANSFORMS_PASSES_TD
#define VISIR_COMPILER_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

class Visir_FuncPass<string flag> : Pass<flag, "::mlir::func::FuncOp"> {
  let dependentDialects = ["::visir::VisirDialect"];
}

//===-- canonical ---------------------------------------------------------===//

def Canonicalize : Visir_FuncPass<"visir-canonicalize"> {
  let summary = "Remove graph ops that do nothing and merge pairs of equals";
  let description = [{
    Casts of casts, transposes of transposes, reshapes, slices, pads and
    expands that change nothing, x + 0, x * 1, relu of relu, max of max,
    selects on a known condition, reductions over nothing, powers with small
    integer exponents. Values stay the same bit for bit, signs of zero aside.

    ```mlir
    %0 = visir.transpose %x {permutation = array<i64: 1, 0>} : ...
    %1 = visir.transpose %0 {permutation = array<i64: 1, 0>} : ...  // %x
    ```
  }];
}

def FoldConstants : Visir_FuncPass<"visir-fold-constants"> {
  let summary = "Evaluate graph ops whose operands are constants";
  let description = [{
    Results are rounded to their type once per op. An op stays when its result
    is larger than `max-bytes`, or larger than four times its operands and
    than 1 MiB: then it is cheaper to compute than to store.
  }];
  let options = [Option<"maxBytes", "max-bytes", "int64_t",
                        /*default=*/"int64_t(64) << 20",
                        "largest result, in bytes">];
  let statistics = [Statistic<"numFolded", "num-folded", "ops evaluated">];
}

#endif // VISIR_COMPILER_TRANSFORMS_PASSES_TD
