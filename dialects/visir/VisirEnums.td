// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_ENUMS_TD
#define VISIR_ENUMS_TD

include "mlir/IR/EnumAttr.td"
include "dialects/visir/VisirDialect.td"

class Visir_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::visir";
  let genSpecializedAttr = 0;
}

def Visir_UnaryKind : Visir_Enum<"UnaryKind", "elementwise function", [
  I32EnumAttrCase<"Abs", 0, "abs">, I32EnumAttrCase<"Neg", 1, "neg">,
  I32EnumAttrCase<"Ceil", 2, "ceil">, I32EnumAttrCase<"Floor", 3, "floor">,
  I32EnumAttrCase<"Round", 4, "round">, I32EnumAttrCase<"Sign", 5, "sign">,
  I32EnumAttrCase<"Exp", 6, "exp">, I32EnumAttrCase<"Log", 7, "log">,
  I32EnumAttrCase<"Sqrt", 8, "sqrt">,
  I32EnumAttrCase<"Reciprocal", 9, "reciprocal">,
  I32EnumAttrCase<"Sin", 10, "sin">, I32EnumAttrCase<"Cos", 11, "cos">,
  I32EnumAttrCase<"Tan", 12, "tan">, I32EnumAttrCase<"Asin", 13, "asin">,
  I32EnumAttrCase<"Acos", 14, "acos">, I32EnumAttrCase<"Atan", 15, "atan">,
  I32EnumAttrCase<"Sinh", 16, "sinh">, I32EnumAttrCase<"Cosh", 17, "cosh">,
  I32EnumAttrCase<"Tanh", 18, "tanh">, I32EnumAttrCase<"Asinh", 19, "asinh">,
  I32EnumAttrCase<"Acosh", 20, "acosh">, I32EnumAttrCase<"Atanh", 21, "atanh">,
  I32EnumAttrCase<"Erf", 22, "erf">, I32EnumAttrCase<"Sigmoid", 23, "sigmoid">,
  I32EnumAttrCase<"Relu", 24, "relu">, I32EnumAttrCase<"Gelu", 25, "gelu">,
  I32EnumAttrCase<"GeluTanh", 26, "gelu_tanh">,
  I32EnumAttrCase<"Silu", 27, "silu">,
  I32EnumAttrCase<"HardSwish", 28, "hard_swish">,
  I32EnumAttrCase<"HardSigmoid", 29, "hard_sigmoid">,
  I32EnumAttrCase<"LeakyRelu", 30, "leaky_relu">,
  I32EnumAttrCase<"Elu", 31, "elu">, I32EnumAttrCase<"Selu", 32, "selu">,
  I32EnumAttrCase<"Celu", 33, "celu">,
  I32EnumAttrCase<"Softplus", 34, "softplus">,
  I32EnumAttrCase<"Softsign", 35, "softsign">,
  I32EnumAttrCase<"Mish", 36, "mish">,
  I32EnumAttrCase<"ThresholdedRelu", 37, "thresholded_relu">,
  I32EnumAttrCase<"Shrink", 38, "shrink">,
  I32EnumAttrCase<"Not", 39, "not">,
  I32EnumAttrCase<"BitNot", 40, "bit_not">,
  I32EnumAttrCase<"IsNaN", 41, "is_nan">,
  I32EnumAttrCase<"IsInf", 42, "is_inf">,
]>;

def Visir_BinaryKind : Visir_Enum<"BinaryKind", "elementwise function", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Sub", 1, "sub">,
  I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Div", 3, "div">,
  I32EnumAttrCase<"Pow", 4, "pow">, I32EnumAttrCase<"Max", 5, "max">,
  I32EnumAttrCase<"Min", 6, "min">, I32EnumAttrCase<"Mod", 7, "mod">,
  I32EnumAttrCase<"Fmod", 8, "fmod">, I32EnumAttrCase<"And", 9, "and">,
  I32EnumAttrCase<"Or", 10, "or">, I32EnumAttrCase<"Xor", 11, "xor">,
  I32EnumAttrCase<"BitAnd", 12, "bit_and">,
  I32EnumAttrCase<"BitOr", 13, "bit_or">,
  I32EnumAttrCase<"BitXor", 14, "bit_xor">,
  I32EnumAttrCase<"ShiftLeft", 15, "shift_left">,
  I32EnumAttrCase<"ShiftRight", 16, "shift_right">,
  I32EnumAttrCase<"Prelu", 17, "prelu">,
]>;

def Visir_CompareKind : Visir_Enum<"CompareKind", "comparison", [
  I32EnumAttrCase<"Equal", 0, "eq">, I32EnumAttrCase<"NotEqual", 1, "ne">,
  I32EnumAttrCase<"Less", 2, "lt">, I32EnumAttrCase<"LessEqual", 3, "le">,
  I32EnumAttrCase<"Greater", 4, "gt">, I32EnumAttrCase<"GreaterEqual", 5, "ge">,
]>;

def Visir_ReduceKind : Visir_Enum<"ReduceKind", "reduction", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">,
  I32EnumAttrCase<"Prod", 2, "prod">, I32EnumAttrCase<"Max", 3, "max">,
  I32EnumAttrCase<"Min", 4, "min">, I32EnumAttrCase<"L1", 5, "l1">,
  I32EnumAttrCase<"L2", 6, "l2">,
  I32EnumAttrCase<"SumSquare", 7, "sum_square">,
  I32EnumAttrCase<"LogSum", 8, "log_sum">,
  I32EnumAttrCase<"LogSumExp", 9, "log_sum_exp">,
]>;

def Visir_PadMode : Visir_Enum<"PadMode", "what lies beyond the edge", [
  I32EnumAttrCase<"Constant", 0, "constant">,
  I32EnumAttrCase<"Edge", 1, "edge">,
  I32EnumAttrCase<"Reflect", 2, "reflect">, I32EnumAttrCase<"Wrap", 3, "wrap">,
]>;

def Visir_ScatterKind : Visir_Enum<"ScatterKind", "how updates combine", [
  I32EnumAttrCase<"Replace", 0, "replace">, I32EnumAttrCase<"Add", 1, "add">,
  I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Max", 3, "max">,
  I32EnumAttrCase<"Min", 4, "min">,
]>;

def Visir_SampleMode : Visir_Enum<"SampleMode", "interpolation", [
  I32EnumAttrCase<"Nearest", 0, "nearest">,
  I32EnumAttrCase<"Linear", 1, "linear">, I32EnumAttrCase<"Cubic", 2, "cubic">,
]>;

def Visir_BorderMode : Visir_Enum<"BorderMode", "samples beyond the edge", [
  I32EnumAttrCase<"Zeros", 0, "zeros">, I32EnumAttrCase<"Border", 1, "border">,
  I32EnumAttrCase<"Reflection", 2, "reflection">,
]>;

def Visir_RootKind : Visir_Enum<"RootKind", "what a dispatch computes", [
  I32EnumAttrCase<"Map", 0, "map">, I32EnumAttrCase<"Reduce", 1, "reduce">,
  I32EnumAttrCase<"Contract", 2, "contract">,
  I32EnumAttrCase<"Softmax", 3, "softmax">, I32EnumAttrCase<"Norm", 4, "norm">,
  I32EnumAttrCase<"ArgReduce", 5, "arg_reduce">,
  I32EnumAttrCase<"Scan", 6, "scan">, I32EnumAttrCase<"TopK", 7, "topk">,
  I32EnumAttrCase<"Attention", 8, "attention">,
  I32EnumAttrCase<"Scatter", 9, "scatter">,
  I32EnumAttrCase<"GridSample", 10, "grid_sample">,
]>;

class Visir_EnumAttr<EnumAttrInfo info, string mnemonic>
    : EnumAttr<Visir_Dialect, info, mnemonic>;

def Visir_UnaryKindAttr : Visir_EnumAttr<Visir_UnaryKind, "unary_kind">;
def Visir_BinaryKindAttr : Visir_EnumAttr<Visir_BinaryKind, "binary_kind">;
def Visir_CompareKindAttr : Visir_EnumAttr<Visir_CompareKind, "compare_kind">;
def Visir_ReduceKindAttr : Visir_EnumAttr<Visir_ReduceKind, "reduce_kind">;
def Visir_PadModeAttr : Visir_EnumAttr<Visir_PadMode, "pad_mode">;
def Visir_ScatterKindAttr : Visir_EnumAttr<Visir_ScatterKind, "scatter_kind">;
def Visir_SampleModeAttr : Visir_EnumAttr<Visir_SampleMode, "sample_mode">;
def Visir_BorderModeAttr : Visir_EnumAttr<Visir_BorderMode, "border_mode">;
def Visir_RootKindAttr : Visir_EnumAttr<Visir_RootKind, "root_kind">;

#endif // VISIR_ENUMS_TD
