# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What operators become, and why nodes are refused."""

import numpy
import pytest

from test.frontends.onnx.importing import (
    BOOL, FLOAT, INT64, TensorProto, helper, model_of_node,
)  # fmt: skip

F16 = TensorProto.FLOAT16


def one(op_type, inputs, constants=None, opset=17, outputs="y", **attributes):
    """A model of one node that reads all inputs, then all constants."""
    names = [*inputs, *(constants or {})]
    node = helper.make_node(op_type, names, outputs.split(), **attributes)
    return model_of_node(node, inputs, constants, opset, len(outputs.split()))


X = {"x": [2, 3, 4]}

IMPORTED = [
    # operator, inputs, constants, opset, attributes, ops, type of the result
    ("Clip", X, {"min": numpy.float32(0)}, 17, {}, "binary", "2x3x4xf32"),
    ("Clip", X, {}, 17, {}, "", "2x3x4xf32"),
    ("Clip", X, {}, 6 + 1, {"min": 0.0, "max": 6.0}, "binary binary", "2x3x4xf32"),
    ("Softmax", X, {}, 11, {"axis": 1}, "reshape softmax reshape", "2x3x4xf32"),
    ("Softmax", X, {}, 11, {"axis": 2}, "softmax", "2x3x4xf32"),
    ("Softmax", X, {}, 13, {"axis": 1}, "softmax", "2x3x4xf32"),
    ("LogSoftmax", X, {}, 13, {}, "softmax", "2x3x4xf32"),
    ("Dropout", X, {}, 17, {}, "", "2x3x4xf32"),
    ("Identity", X, {}, 17, {}, "", "2x3x4xf32"),
    ("Cast", X, {}, 17, {"to": FLOAT}, "", "2x3x4xf32"),
    ("Cast", X, {}, 17, {"to": BOOL}, "cast", "2x3x4xi1"),
    ("BitCast", X, {}, 26, {"to": TensorProto.INT32}, "bitcast", "2x3x4xsi32"),
    ("BitCast", X, {}, 26, {"to": FLOAT}, "", "2x3x4xf32"),
    ("ReduceMean", X, {}, 17, {"axes": [-1]}, "reduce", "2x3x1xf32"),
    ("ReduceMean", X, {"axes": [0]}, 18, {"keepdims": 0}, "reduce", "3x4xf32"),
    ("ReduceSum", X, {"axes": [0]}, 13, {}, "reduce", "1x3x4xf32"),
    ("ReduceMax", X, {}, 17, {"keepdims": 0}, "reduce", "f32"),
    ("ReduceSum", X, {}, 13, {"noop_with_empty_axes": 1}, "", "2x3x4xf32"),
    ("ReduceMax", {"x": ([2, 3], BOOL)}, {"axes": [0]}, 20, {},
     "cast reduce cast", "1x3xi1"),
    ("ArgMax", X, {}, 17, {"axis": -1, "keepdims": 0}, "arg_reduce", "2x3xsi64"),
    ("Flatten", X, {}, 17, {"axis": 3}, "reshape", "24x1xf32"),
    ("Reshape", X, {"s": [0, -1]}, 17, {}, "reshape", "2x12xf32"),
    ("Reshape", {"x": [0, 3]}, {"s": [3, 0]}, 17, {"allowzero": 1},
     "reshape", "3x0xf32"),
    ("Slice", X, {"s": [1], "e": [2**63 - 1], "a": [-1], "t": [2]}, 17, {},
     "slice", "2x3x2xf32"),
    ("Slice", X, {"s": [-1], "e": [-(2**63)], "a": [1], "t": [-1]}, 17, {},
     "slice", "2x3x4xf32"),
    ("Slice", X, {"s": [0], "e": [3], "a": [2], "t": [2**63 - 1]}, 17, {},
     "slice", "2x3x1xf32"),
    ("Slice", X, {"s": [3], "e": [1], "a": [2]}, 17, {}, "slice", "2x3x0xf32"),
    ("Slice", X, {}, 7, {"starts": [1], "ends": [2]}, "slice", "1x3x4xf32"),
    ("Squeeze", {"x": [1, 3, 1]}, {}, 17, {}, "reshape", "3xf32"),
    ("Squeeze", {"x": [1, 3, 1]}, {}, 11, {"axes": [-1]}, "reshape", "1x3xf32"),
    ("Unsqueeze", {"x": [3]}, {"a": [-1, 0]}, 17, {}, "reshape", "1x3x1xf32"),
    ("Tile", {"x": [2, 3]}, {"r": [1, 2]}, 17, {},
     "reshape expand reshape", "2x6xf32"),
    ("Transpose", X, {}, 17, {}, "transpose", "4x3x2xf32"),
    ("Transpose", X, {}, 17, {"perm": [0, 1, 2]}, "", "2x3x4xf32"),
    ("TopK", X, {"k": [2]}, 17, {}, "topk", "2x3x2xf32"),
    ("TopK", X, {}, 7, {"k": 2, "axis": 0}, "topk", "2x3x4xf32"),
    ("CumSum", X, {"a": 0}, 17, {}, "cumsum", "2x3x4xf32"),
    ("Shape", X, {}, 17, {"start": -2}, "", "2xsi64"),
    ("Size", X, {}, 17, {}, "", "si64"),
    ("EyeLike", {"x": [2, 3]}, {}, 17, {"dtype": F16}, "", "2x3xf16"),
    ("Gelu", X, {}, 20, {"approximate": "tanh"}, "unary", "2x3x4xf32"),
    ("Swish", X, {}, 24, {}, "unary", "2x3x4xf32"),
    ("Swish", X, {}, 24, {"alpha": 2.0}, "binary unary binary", "2x3x4xf32"),
    ("PRelu", X, {"s": numpy.ones((3, 1), numpy.float32)}, 17, {},
     "binary", "2x3x4xf32"),
    ("Mean", {"x": [2], "z": [1]}, {}, 17, {}, "binary binary", "2xf32"),
    ("IsInf", X, {}, 17, {}, "unary", "2x3x4xi1"),
    ("Pow", X, {"e": numpy.int64(2)}, 17, {}, "binary", "2x3x4xf32"),
    # Inputs without influence.
    ("Gemm", {"x": [2, 3], "w": [3, 4], "c": [5]}, {}, 17, {"beta": 0.0},
     "matmul", "2x4xf32"),
    ("Pad", {"x": [3]}, {"p": [1, 1], "v": numpy.float32(1)}, 17,
     {"mode": "edge"}, "pad", "5xf32"),
    ("Dropout", X, {"ratio": numpy.float32(0.5)}, 17, {}, "", "2x3x4xf32"),
]  # fmt: skip


@pytest.mark.parametrize(
    "op_type, inputs, constants, opset, attributes, ops, kind", IMPORTED,
    ids=[f"{i}-{row[0]}" for i, row in enumerate(IMPORTED)],
)  # fmt: skip
def test_ops_and_types(
    imported, op_type, inputs, constants, opset, attributes, ops, kind
):
    result = imported(one(op_type, inputs, constants, opset, **attributes))
    assert result.reasons == []
    assert result.ops == ops.split()
    assert result.signature.endswith(f"-> tensor<{kind}>")


@pytest.mark.parametrize(
    "opset, attributes, sizes",
    [
        (11, {"axis": 1}, [2, 2]), (11, {"axis": 1, "split": [1, 3]}, [1, 3]),
        (18, {"axis": 1, "num_outputs": 3}, [2, 2, 0]),
    ],
)  # fmt: skip
def test_split(imported, opset, attributes, sizes):
    names = " ".join(f"y{i}" for i in range(len(sizes)))
    result = imported(one("Split", {"x": [5, 4]}, {}, opset, names, **attributes))
    expected = ", ".join(f"tensor<5x{size}xf32>" for size in sizes)
    assert result.signature == f"tensor<5x4xf32> -> {expected}"


REFUSED = [
    ("Relu", {}, {}, {}, "input 0 is missing, expected at least 1 inputs"),
    ("Relu", X, {}, {"slope": 1.0}, "attribute 'slope' is not supported"),
    ("Relu", X, {"slope": numpy.float32(1)}, {}, "input 1 is not supported"),
    ("Squeeze", {"x": [1, 2]}, {"axes": [0]}, {"opset": 11},
     "input 1 is not supported"),
    ("Elu", X, {}, {"alpha": 1}, "type of attribute 'alpha' is INT, expected FLOAT"),
    ("Add", X, {"b": numpy.ones(3, numpy.float32)}, {},
     "operand shapes do not broadcast: 'tensor<2x3x4xf32>' and 'tensor<3xf32>'"),
    ("Add", X, {"b": numpy.int64(1)}, {},
     "element type of rhs is 'si64', expected 'f32'"),
    ("Softmax", X, {}, {"axis": 3}, "axis is 3, expected -3 .. 2"),
    ("ArgMax", X, {}, {"axis": -4}, "axis is -4, expected -3 .. 2"),
    ("ReduceMean", X, {}, {"axes": [1, -2]}, "axis -2 stands twice in the axes"),
    ("Concat", X, {"b": numpy.ones((2, 3), numpy.float32)}, {"axis": 0},
     "rank of an operand is 2, expected 3"),
    ("Flatten", X, {}, {"axis": 4}, "axis is 4, expected -3 .. 3"),
    ("Transpose", X, {}, {"perm": [0, 1]}, "length of permutation is 2, expected 3"),
    ("Transpose", X, {}, {"perm": [0, 1, 1]}, "permutation is not one"),
    ("Reshape", X, {"s": [-1, -1]}, {}, "shape has more than one -1"),
    ("Reshape", X, {"s": [5, -1]}, {},
     "number of elements is 24, expected a multiple of 5"),
    ("Reshape", X, {"s": [5]}, {}, "number of elements is 5, expected 24"),
    ("Reshape", X, {"s": [1, 2, 3, 0]}, {},
     "rank of the input is 3, expected more than 3, where shape has a 0"),
    ("Reshape", X, {"s": [2**40, 2**40]}, {},
     "shape is [1099511627776, 1099511627776], expected sizes >= 0 and at most "
     "2^40 elements"),
    ("Reshape", X, {"s": [-2, 12]}, {},
     "shape is [-2, 12], expected sizes >= 0 and at most 2^40 elements"),
    ("Reshape", X, {"s": numpy.float32([1])}, {},
     "element type of `shape` is f32, expected an integer"),
    ("Expand", X, {"s": [5]}, {},
     "shape is [5], expected one that broadcasts with [2, 3, 4]"),
    ("Slice", X, {"s": [0], "e": [1], "a": [5]}, {}, "axis is 5, expected -3 .. 2"),
    ("Slice", X, {"s": [0, 0], "e": [1, 1], "a": [1, -2]}, {},
     "axis 1 stands twice in the axes"),
    ("Slice", X, {"s": [0], "e": [1], "a": [1], "t": [0]}, {},
     "step is 0, expected another number"),
    ("Slice", X, {"s": [0], "e": [1, 2]}, {},
     "starts, ends, axes and steps differ in length"),
    ("Squeeze", X, {"a": [0]}, {}, "dimension 0 is 2, expected 1"),
    ("Unsqueeze", X, {}, {}, "the axes are missing"),
    ("Tile", X, {"r": [2]}, {}, "number of repeats is 1, expected 3"),
    ("TopK", X, {"k": [5]}, {}, "k is 5, expected 0 .. 4"),
    ("TopK", X, {"k": [1, 2]}, {}, "number of elements of `k` is 2, expected 1"),
    ("CumSum", X, {"a": 3}, {}, "axis is 3, expected -3 .. 2"),
    ("Cast", X, {}, {"to": TensorProto.STRING},
     "attribute 'to' is STRING, expected a float, integer or bool"),
    ("EyeLike", X, {}, {}, "rank of the input is 3, expected 2"),
    ("Range", {}, {"s": 0, "l": 2**40, "d": 1}, {},
     "number of elements of a constant is 1099511627776, expected at most 2^26"),
    ("Range", {}, {"s": 0, "l": 5, "d": 0}, {}, "delta is 0, expected another number"),
    ("Range", {}, {"s": 0, "l": numpy.float32(5), "d": 1}, {},
     "element type of input 1 is f32, expected si64"),
    ("Range", {}, {"s": numpy.float32(0), "l": numpy.float32("nan"),
                   "d": numpy.float32(1)}, {}, "`limit` is not one finite number"),
    ("PRelu", {"x": [3]}, {"s": numpy.ones((2, 3), numpy.float32)}, {},
     "shape of slope is [2, 3], expected one that broadcasts to [3]"),
    ("BitShift", {"x": ([2], TensorProto.UINT8)}, {"b": numpy.uint8(1)},
     {"direction": "UP"}, "direction is 'UP', expected LEFT or RIGHT"),
    ("ConstantOfShape", {}, {"s": [-1]}, {},
     "shape is [-1], expected sizes >= 0 and at most 2^40 elements"),
    ("ConstantOfShape", {}, {"s": [1]},
     {"value": helper.make_tensor("v", INT64, [2], [1, 2])},
     "number of elements of the value is 2, expected 1"),
    ("Constant", {}, {}, {"value_string": "a"},
     "the value is a string or sparse, expected numbers"),
    ("Constant", {}, {},
     {"value": helper.make_tensor("v", TensorProto.STRING, [1], [b"a"])},
     "attribute 'value': element type is STRING, expected a float, integer or "
     "bool"),
    ("Dropout", X, {"ratio": numpy.float32(0.5), "t": True}, {},
     "--noise is not given, expected frozen, input or counter"),
    ("Split", X, {"s": [1, 1]}, {}, "number of sizes is 2, expected 1"),
    ("Split", X, {"s": [3]}, {}, "size of part 0 is 3, expected 0 .. 2"),
    ("Split", X, {"s": [1]}, {}, "sum of the sizes is 1, expected 2"),
]  # fmt: skip


@pytest.mark.parametrize(
    "op_type, inputs, constants, attributes, reason", REFUSED,
    ids=[f"{i}-{row[0]}" for i, row in enumerate(REFUSED)],
)  # fmt: skip
def test_refusals(imported, op_type, inputs, constants, attributes, reason):
    result = imported(one(op_type, inputs, constants, **attributes))
    assert result.reasons == [reason]


def test_all_refusals_are_gathered(imported):
    from test.frontends.onnx.importing import model_of, value

    nodes = [
        helper.make_node("Unheard", ["x"], ["a"]),
        helper.make_node("Softmax", ["x"], ["b"], axis=7),
    ]
    model = model_of(nodes, [value("x", [2])], [value("a", [2]), value("b", [2])])
    assert len(imported(model).reasons) == 2


@pytest.mark.parametrize(
    "to, expected",
    [
        ("INT64", "a type of as many bits as the input's f32"),
        ("STRING", "a float, integer or bool"),
    ],
)
def test_bits_of_another_type(imported, to, expected):
    number = TensorProto.DataType.Value(to)
    result = imported(one("BitCast", X, {}, 26, to=number))
    assert result.reasons == [f"attribute 'to' is {to}, expected {expected}"]


def test_mask_of_dropout_in_an_old_opset(imported):
    result = imported(one("Dropout", X, {}, 7, "y mask"))
    assert result.reasons == [
        "opset of a Dropout with a mask is 7, expected at least 10"
    ]


def test_num_outputs_of_split(imported):
    result = imported(one("Split", X, {}, 18, "y z", num_outputs=3))
    assert result.reasons == ["num_outputs is 3, expected 2"]


def test_uneven_split_of_an_old_opset(imported):
    result = imported(one("Split", {"x": [5]}, {}, 13, "y z"))
    assert result.reasons == ["extent of the axis is 5, expected a multiple of 2"]
