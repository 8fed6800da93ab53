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
    than 1 MiB: then it is cheaper to compute than to store. Indices of gathers
    and scatters may be as large as `max-bytes`: mostly they are understood and
    not stored.
  }];
  let options = [Option<"maxBytes", "max-bytes", "int64_t",
                        /*default=*/"int64_t(64) << 20",
                        "largest result, in bytes">];
}

def PartialEvaluation : Visir_FuncPass<"visir-partial-evaluation"> {
  let summary = "Compute products of constants while compiling";
  let description = [{
    What depends on constants only and takes products, convolutions or
    attentions to compute (the text tower of a model with a fixed list of
    classes) is compiled for the machine that compiles and run there, whatever
    the target. Its results become constants, unless they are larger than 1 MiB
    and 16 times as large as the constants they are made of.
  }];
}

def LowerBatchNorm : Visir_FuncPass<"visir-lower-batch-norm"> {
  let summary = "Batch norm becomes a scale and a shift per channel";
  let description = [{
    ```mlir
    %y = visir.batch_norm %x, %gamma, %beta, %mean, %variance {...}
    // becomes, with constants s and t of shape C x 1 x 1
    %0 = visir.binary mul %x, %s
    %y = visir.binary add %0, %t
    ```
    `visir-fold-scales` then brings both into the weights of a neighbour.
  }];
}

def FoldScales : Visir_FuncPass<"visir-fold-scales"> {
  let summary = "Constant scales and shifts go into weights and biases";
  let description = [{
    A mul, div, add or sub by a constant per channel goes into the conv,
    conv_transpose or matmul that it follows or precedes, when nothing else
    uses the value between them. A shift goes in front of a conv only without
    padding. Scales and shifts pass through spatial means, through transposes and
    through reshapes that only add or drop dimensions of size 1.
  }];
}

def FoldPads : Visir_FuncPass<"visir-fold-pads"> {
  let summary = "Constant spatial pads go into the paddings of windows";
  let description = [{
    A pad with zeros goes into a conv or (counted) an avg_pool, one with the
    lowest value into a max_pool.
  }];
}

def FoldResiduals : Visir_FuncPass<"visir-fold-residuals"> {
  let summary = "x + depthwise(x) becomes one depthwise convolution";
  let description = [{
    The residual is the kernel's centre tap plus one. Odd kernels of stride 1
    whose paddings keep the size.
  }];
}

//===-- recognised --------------------------------------------------------===//

def ComposeMovement : Visir_FuncPass<"visir-compose-movement"> {
  let summary = "Connected movement becomes single moves";
  let description = [{
    Reshape, transpose, slice, expand, pad, concat, gathers with constant
    indices, pools of kernel 1 and moves that feed each other are composed,
    exactly, into one `visir.move` per value that something else uses. A chain
    whose composition needs more than `max-boxes` boxes stays two moves. Moves
    that change nothing disappear.
  }];
  let options = [Option<"maxBoxes", "max-boxes", "unsigned", /*default=*/"64",
                        "largest number of boxes of one move">];
}

def MergeConvs : Visir_FuncPass<"visir-merge-convs"> {
  let summary = "Chains of convolutions become those that cost least";
  let description = [{
    Convolutions with constant weights and nothing between them, as layers with
    factorised weights have them, are merged where that costs less: all into
    one, some, or none, by a count of products and of elements moved. Padding
    forbids what would differ at borders.
  }];
}

def SampleFirst : Visir_FuncPass<"visir-sample-first"> {
  let summary = "Sampling of rows goes in front of row-wise ops";
  let description = [{
    A move that keeps only some rows of a layer norm or of an elementwise op
    whose other rows nobody uses is made first, so that they are never
    computed.
  }];
}

def SeparateRows : Visir_FuncPass<"visir-separate-rows"> {
  let summary = "Rows of causal networks keep their dimensions apart";
  let description = [{
    In functions with a causal attention, row-wise ops between a reshape that
    joins dimensions of rows and one that separates them work on separate ones,
    and constant numbers of rows of two joined dimensions become pairs, so that
    `visir-demanded-rows` can tell positions in a text from texts.
  }];
}

def DemandedRows : Visir_FuncPass<"visir-demanded-rows"> {
  let summary = "Rows that nobody reads are not computed";
  let description = [{
    Where a move or a gather keeps few rows of what products, norms,
    attentions and elementwise ops have made from rows, these ops compute the
    kept rows only; what others read as a whole stays, and its rows are taken.
    Through causal attentions this goes where the kept rows are the first ones:
    those are also all that is read of a tensor by a gather_nd with constant
    indices, or by a move, which has no need of rows behind the last that it
    reads (the end of the longest text).
  }];
}

class Visir_RecognisePass<string name>
    : Visir_FuncPass<"visir-recognise-" # name>;

def RecogniseLayerNorm : Visir_RecognisePass<"layer-norm"> {
  let summary = "Layer and RMS norms from means, squares and roots";
}
def RecogniseGroupNorm : Visir_RecognisePass<"group-norm"> {
  let summary = "Group norm from an instance norm between reshapes";
}
def RecogniseGelu : Visir_RecognisePass<"gelu"> {
  let summary = "GELU from its erf and its tanh formula";
}
def RecogniseSilu : Visir_RecognisePass<"silu"> {
  let summary = "SiLU from x * sigmoid(x)";
}
def RecogniseHardSwish : Visir_RecognisePass<"hard-swish"> {
  let summary = "Hard sigmoid and hard swish from clips";
}
def RecogniseMish : Visir_RecognisePass<"mish"> {
  let summary = "Mish from x * tanh(softplus(x)), softplus from log(1 + exp)";
}
def RecogniseSoftmax : Visir_RecognisePass<"softmax"> {
  let summary = "Softmax from exp, sum and quotient";
}
def RecogniseAttention : Visir_RecognisePass<"attention"> {
  let summary = "Attention from softmax(scale * Q K^T + mask) V";
}

//===-- contracts ---------------------------------------------------------===//

def VerifyCanonical : Pass<"visir-verify-canonical", "::mlir::ModuleOp"> {
  let summary = "Check what holds after the phase canonical";
  let description = [{
    Static shapes, no dead code, no op that hands on its operand.
  }];
}

def VerifyRecognised : Pass<"visir-verify-recognised", "::mlir::ModuleOp"> {
  let summary = "Check what holds after the phase recognised";
  let description = [{
    No opaque operator, no batch norm, movement as `visir.move` only. Every
    refused operator is reported with its node, opset, attributes and reason.
  }];
}

def VerifyFused : Pass<"visir-verify-fused", "::mlir::ModuleOp"> {
  let summary = "Check what holds after the phase fused";
  let description = [{
    Only constants, `visir.empty` and dispatches, on row-major tensors and
    without the choices of a target.
  }];
}

//===-- fused -------------------------------------------------------------===//

def FuseDispatches : Visir_FuncPass<"visir-fuse-dispatches"> {
  let summary = "Movement goes into loads and stores, elementwise into roots";
  let description = [{
    Copies are composed into the loads of their readers or the store of what
    they read; a map that reads each element of a result once moves into its
    producer's epilogue; a map that is read by one load moves into that load.
    Where a reshape stands between two dispatches, the domain's dimensions are
    split. Runs until nothing changes.
  }];
}

def FusePrologues : Visir_FuncPass<"visir-fuse-prologues"> {
  let summary = "Norms and maps become prologues of the products behind them";
  let description = [{
    A layer norm, RMS norm or map that only one product reads, each element
    for one row, moves in front of the product's operand. The load then is
    normalised (`norm`), and scale, bias and whatever else follow in the
    prologue. A target that would compute a row more than once splits them
    again.
  }];
}

def FuseShifts : Visir_FuncPass<"visir-fuse-shifts"> {
  let summary = "Shifts by groups of channels become addresses of products";
  let description = [{
    Copies of boxes of one tensor into another that move groups of channels
    along one axis, with zeros where nothing is, become one padded load of the
    product that reads them: a constant table gives the coordinate's offset
    per channel. Where only they read what a product makes, along any number
    of axes, they become its store: constant tables give the place, and whether
    the value stays, by coordinate and channel.
  }];
}

def FuseSums : Visir_FuncPass<"visir-fuse-sums"> {
  let summary = "Sums over positions are stored beside what is summed";
  let description = [{
    A sum or mean of a product's or window's result over positions, such as a
    global pool, becomes a second store (`sum`) of one partial sum per row of
    positions; the reduction adds up the rows. The result itself is not stored
    where nothing else reads it.
  }];
}

#endif // VISIR_COMPILER_TRANSFORMS_PASSES_TD
