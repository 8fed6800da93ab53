# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shape arithmetic, as exporters write it, is constant at once."""

import numpy
import pytest
from onnx import reference

from test.frontends.onnx.importing import (
    FLOAT, INT64, helper, model_of, model_of_node, value,
)  # fmt: skip


def node(op_type, inputs, output, **attributes):
    return helper.make_node(op_type, inputs.split(), [output], **attributes)


def test_view_of_the_torchscript_exporter(imported):
    """x.view(x.shape[0], -1, x.shape[3] // 2)"""
    nodes = [
        node("Shape", "x", "s0"), node("Gather", "s0 zero", "n", axis=0),
        node("Shape", "x", "s1"), node("Gather", "s1 three", "w", axis=0),
        node("Div", "w two", "half"),
        node("Unsqueeze", "n axes", "n1"), node("Unsqueeze", "half axes", "half1"),
        node("Concat", "n1 minus half1", "shape", axis=0),
        node("Reshape", "x shape", "y"),
    ]  # fmt: skip
    constants = {
        "zero": 0, "three": 3, "two": 2, "axes": [0], "minus": [-1],
    }  # fmt: skip
    result = imported(
        model_of(nodes, [value("x", [2, 3, 4, 6])], [value("y", None)], constants)
    )
    assert result.ops == ["reshape"]
    assert result.signature == "tensor<2x3x4x6xf32> -> tensor<2x24x3xf32>"
    # What the chain was made of is gone.
    assert "visir.constant" not in result.ir


def test_expand_of_the_torchscript_exporter(imported):
    """A shape with -1 for "as it is", by ConstantOfShape, Mul, Equal, Where."""
    nodes = [
        node("ConstantOfShape", "rank", "ones",
             value=helper.make_tensor("v", INT64, [1], [1])),
        node("Mul", "ones minus", "negative"), node("Equal", "asked negative", "keep"),
        node("Where", "keep ones asked", "shape"), node("Expand", "x shape", "y"),
    ]  # fmt: skip
    constants = {"rank": [3], "minus": -1, "asked": [5, -1, -1]}
    result = imported(
        model_of(nodes, [value("x", [1, 2, 3])], [value("y", None)], constants)
    )
    assert result.ops == ["expand"]
    assert result.signature == "tensor<1x2x3xf32> -> tensor<5x2x3xf32>"


def test_slice_to_the_end(imported):
    nodes = [
        node("Shape", "x", "s"), node("Cast", "s", "f", to=FLOAT),
        node("Mul", "f half", "g"), node("Floor", "g", "h"),
        node("Cast", "h", "i", to=INT64), node("Slice", "i zero one", "end"),
        node("Slice", "x zero end zero", "y"),
    ]  # fmt: skip
    constants = {"half": numpy.array(0.5, numpy.float32), "zero": [0], "one": [1]}
    result = imported(
        model_of(nodes, [value("x", [7, 2])], [value("y", None)], constants)
    )
    assert result.ops == ["slice"]
    assert result.signature == "tensor<7x2xf32> -> tensor<3x2xf32>"


A = numpy.array([[5, -3, 2], [7, 0, -8]])
B = numpy.array([2, -2, 3])
FOLDED = [
    ("Add", {"a": A, "b": B}, {}), ("Sub", {"a": A, "b": B}, {}),
    ("Mul", {"a": A, "b": B}, {}), ("Mod", {"a": A, "b": B}, {}),
    ("Mod", {"a": A, "b": B}, {"fmod": 1}), ("Max", {"a": A, "b": B}, {}),
    ("Min", {"a": A, "b": B}, {}), ("Less", {"a": A, "b": B}, {}),
    ("GreaterOrEqual", {"a": A, "b": B}, {}), ("Neg", {"a": A}, {}),
    ("Abs", {"a": A}, {}), ("Sign", {"a": A}, {}),
    ("Not", {"a": A > 0}, {}), ("And", {"a": A > 0, "b": B > 0}, {}),
    ("Or", {"a": A > 0, "b": B > 0}, {}), ("Xor", {"a": A > 0, "b": B > 0}, {}),
    ("Where", {"c": A > 0, "a": A, "b": B}, {}),
    ("Cast", {"a": A / 2}, {"to": INT64}), ("Cast", {"a": A}, {"to": FLOAT}),
    ("Relu", {"a": numpy.float32([4, -2])}, {}),
    ("Sqrt", {"a": numpy.float32([4, 2])}, {}),
    ("Reciprocal", {"a": numpy.float32([4, 3])}, {}),
    ("Div", {"a": numpy.float32([1, 7]), "b": numpy.float32([3])}, {}),
    ("Pow", {"a": numpy.float32([3, 7]), "b": numpy.float32([2])}, {}),
    ("Ceil", {"a": numpy.float32([1.5, -1.5])}, {}),
    ("Round", {"a": numpy.float32([0.5, 1.5, -2.5])}, {}),
    ("Transpose", {"a": A}, {}), ("Reshape", {"a": A, "s": [3, -1]}, {}),
    ("Expand", {"a": A, "s": [2, 1, 3]}, {}),
    ("Concat", {"a": A, "b": A + 1}, {"axis": 1}),
    ("Slice", {"a": A, "s": [2], "e": [-9], "x": [1], "t": [-2]}, {}),
    ("Gather", {"a": A, "i": [[2], [-3]]}, {"axis": 1}),
    ("GatherElements", {"a": A, "i": [[2, -1, 0], [0, 0, 1]]}, {"axis": 1}),
    ("GatherND", {"a": A, "i": [[1, 2], [0, -1]]}, {}),
    ("ScatterND", {"a": A, "i": [[1]], "u": [[9, 8, 7]]}, {}),
    ("ReduceSum", {"a": A, "x": [1]}, {"keepdims": 0}),
    ("ReduceProd", {"a": A}, {"axes": [0]}), ("ReduceMax", {"a": A}, {}),
    ("ReduceMin", {"a": A}, {"axes": [1], "keepdims": 0}),
    ("CumSum", {"a": A, "x": 1}, {}),
    ("CumSum", {"a": A, "x": 0}, {"exclusive": 1, "reverse": 1}),
    ("Tile", {"a": A, "r": [2, 2]}, {}), ("Flatten", {"a": A}, {"axis": 0}),
    ("Range", {"s": 10, "l": 2, "d": -3}, {}),
    ("Range", {"s": numpy.float32(1), "l": numpy.float32(2),
               "d": numpy.float32(0.3)}, {}),
    ("EyeLike", {"a": A}, {"k": -1}), ("Size", {"a": A}, {}),
]  # fmt: skip


@pytest.mark.parametrize(
    "op_type, constants, attributes", FOLDED,
    ids=[f"{i}-{row[0]}" for i, row in enumerate(FOLDED)],
)  # fmt: skip
def test_operators_of_constants(imported, op_type, constants, attributes):
    constants = {name: numpy.asarray(array) for name, array in constants.items()}
    made = node(op_type, " ".join(constants), "y", **attributes)
    model = model_of([made], [], [value("y", None)], constants)
    (expected,) = reference.ReferenceEvaluator(model).run(None, {})
    result = imported(model)
    assert result.ops == []
    numpy.testing.assert_array_equal(result.constant(), expected)


@pytest.mark.parametrize("left, right", [(7, 0), (-(2**63), -1)])
def test_division_that_traps_is_left_alone(imported, left, right):
    made = node("Div", "a b", "y")
    model = model_of([made], [], [value("y", [], INT64)], {"a": left, "b": right})
    assert imported(model).ops == ["binary"]


def test_cast_that_overflows_is_left_alone(imported):
    made = node("Cast", "a", "y", to=INT64)
    model = model_of(
        [made], [], [value("y", [], INT64)], {"a": numpy.float32(1e30)}
    )
    assert imported(model).ops == ["cast"]


def test_gather_out_of_range_is_left_alone(imported):
    made = node("Gather", "a i", "y")
    model = model_of([made], [], [value("y", [], INT64)], {"a": B, "i": 3})
    assert imported(model).ops == ["gather"]


def test_large_constants_are_left_alone(imported):
    big = numpy.zeros(20000, numpy.float32)
    made = node("Neg", "a", "y")
    model = model_of([made], [], [value("y", [20000])], {"a": big})
    assert imported(model).ops == ["unary"]


def test_large_fill_is_no_large_constant(imported):
    made = node("ConstantOfShape", "s", "y")
    result = imported(model_of_node(made, {}, {"s": [1000, 1000, 1000]}))
    assert result.ops == ["expand"]
    assert len(result.ir) < 1000
