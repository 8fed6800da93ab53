// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random numbers. The op has a header of its own, dialects/visir/Random.h, for
// the few that name it.
#ifndef VISIR_OPS_RANDOM_TD
#define VISIR_OPS_RANDOM_TD

include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/visir/VisirDialect.td"

def Visir_RandomOp : Visir_Op<"random", [Pure, InferTypeOpAdaptor]> {
  let summary = "Random numbers from a counter, the same bits everywhere";
  let description = [{
    Element i (row-major) of a tensor of `shape` depends on nothing but i, the
    seed and `stream`, so that any target and any tiling give the same bits, and
    the op may be moved, computed again or in parts.

    Philox4x32-10 (Salmon et al., SC 2011) with the seed as key and
    (i / 4, stream) as counter, low words first, gives four words w0 .. w3 of
    32 bits; l = i mod 4. `kind` says what element i is:

    - `uniform`: (w_l >> 8) / 2^24, at least 0 and less than 1
    - `normal`: by Box and Muller from a and p, which are w0 and w1 for l < 2,
      else w2 and w3: sqrt(-2 ln((a | 1) / 2^32)) times the cosine (l even) or
      the sine (l odd) of 2 pi p / 2^32, in multiples of 2^-21

    `normal` is computed in integers: ln and sine are polynomials, the root is
    taken bit by bit, as `dialects/visir/Random.h` says with all constants.
    Both kinds have at most 24 significant bits, so that f32 holds them
    exactly.

    ```mlir
    %noise = visir.random %seed {kind = "normal", shape = array<i64: 10, 512>,
        stream = 0 : i64} : (tensor<si64>) -> tensor<10x512xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$seed, StrAttr:$kind,
                       DenseI64ArrayAttr:$shape, I64Attr:$stream);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$seed attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // VISIR_OPS_RANDOM_TD
