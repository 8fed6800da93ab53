# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sequences, which exist while importing only."""

import pytest

from test.frontends.onnx.importing import helper, model_of, value


def node(op_type, inputs, output, **attributes):
    return helper.make_node(op_type, inputs.split(), [output], **attributes)


def model(nodes, constants=None, output="y"):
    return model_of(
        nodes, [value("x", [4, 6])], [value(output, None)], constants, opset=13
    )


def test_shift_by_split_and_concat(imported):
    """torch.chunk and torch.cat of another order."""
    nodes = [
        node("SplitToSequence", "x size", "s", axis=1),
        node("SequenceAt", "s one", "b"), node("SequenceAt", "s zero", "a"),
        node("Concat", "b a", "y", axis=1),
    ]  # fmt: skip
    result = imported(model(nodes, {"size": 3, "one": 1, "zero": 0}))
    assert result.ops == ["slice", "slice", "concat"]
    assert result.signature == "tensor<4x6xf32> -> tensor<4x6xf32>"


def test_all_list_operators(imported):
    nodes = [
        node("SequenceEmpty", "", "s0"), node("SequenceInsert", "s0 x", "s1"),
        node("Relu", "x", "r"), node("SequenceInsert", "s1 r zero", "s2"),
        node("Exp", "x", "e"), node("SequenceInsert", "s2 e", "s3"),
        node("SequenceErase", "s3 one", "s4"), node("SequenceErase", "s3", "s5"),
        node("Identity", "s4", "s6"),
        node("ConcatFromSequence", "s6", "y", axis=0, new_axis=1),
    ]  # fmt: skip
    result = imported(model(nodes, {"zero": 0, "one": -2}))
    assert result.signature == "tensor<4x6xf32> -> tensor<2x4x6xf32>"
    # r then e: the x between them was erased.
    assert result.ops == ["unary", "unary", "reshape", "reshape", "concat"]


@pytest.mark.parametrize(
    "constants, attributes, expected",
    [
        ({}, {}, "1x6"), ({}, {"keepdims": 0}, "6"), ({"p": 3}, {}, "3x6"),
        ({"p": [1, 3]}, {"keepdims": 0}, "1x6"), ({"p": [6]}, {"axis": 1}, "4x6"),
    ],
)  # fmt: skip
def test_split_to_sequence(imported, constants, attributes, expected):
    nodes = [
        node("SplitToSequence", " ".join(["x", *constants]), "s", **attributes),
        node("SequenceAt", "s zero", "y"),
    ]
    result = imported(model(nodes, {**constants, "zero": 0}))
    assert result.signature == f"tensor<4x6xf32> -> tensor<{expected}xf32>"


def test_length(imported):
    nodes = [
        node("SequenceConstruct", "x x x", "s"), node("SequenceLength", "s", "y")
    ]  # fmt: skip
    assert imported(model(nodes)).constant() == 3


@pytest.mark.parametrize(
    "nodes, reason",
    [
        ([node("SequenceAt", "x five", "y")], "input 0 is not a sequence"),
        ([node("SequenceConstruct", "x", "s"), node("SequenceAt", "s five", "y")],
         "position is 5, expected -1 .. 0"),
        ([node("SequenceConstruct", "x", "s"),
          node("SequenceInsert", "s x five", "t"), node("SequenceLength", "t", "y")],
         "position is 5, expected -1 .. 1"),
        ([node("SequenceEmpty", "", "s"), node("ConcatFromSequence", "s", "y", axis=0)],
         "length of the sequence is 0, expected at least 1"),
        ([node("SequenceConstruct", "x", "s"), node("Relu", "s", "y")],
         "input 's' is a sequence, expected a tensor"),
        ([node("SplitToSequence", "x five", "s"), node("SequenceLength", "s", "y")],
         None),
        ([node("SplitToSequence", "x list", "s"), node("SequenceLength", "s", "y")],
         "sum of the sizes is 2, expected 4"),
        ([node("SplitToSequence", "x none", "s"), node("SequenceLength", "s", "y")],
         "size of a part is 0, expected one that gives at most 1024 parts"),
    ],
)  # fmt: skip
def test_refusals(imported, nodes, reason):
    result = imported(model(nodes, {"five": 5, "list": [1, 1], "none": 0}))
    assert result.reasons[:1] == ([] if reason is None else [reason])


def test_output_that_is_a_sequence(refused):
    nodes = [node("SequenceConstruct", "x", "s")]
    assert refused(model(nodes, output="s")) == [
        "output 's' is a sequence, expected a tensor"
    ]
