# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Symbolic dimensions, --shape and --bind."""

import numpy
import pytest

from test.frontends.onnx.importing import (
    BOOL, FLOAT, INT64, TensorProto, helper, model_of, run, save, value,
)  # fmt: skip


def add(left, right=(1,)):
    """y = a + b, whose inputs have these shapes."""
    node = helper.make_node("Add", ["a", "b"], ["y"])
    return model_of(
        [node], [value("a", left), value("b", right)], [value("y", None)]
    )


def test_symbolic_batch_becomes_one(imported):
    result = imported(add(["N", 3]))
    assert result.signature.startswith("tensor<1x3xf32>, ")
    assert result.messages[0].endswith(
        "remark: symbolic batch 'N' of input 'a' becomes 1"
    )


def test_symbolic_batch_without_a_name(imported):
    result = imported(add([None, 3]))
    assert result.signature.startswith("tensor<1x3xf32>, ")
    assert result.messages[0].endswith(
        "remark: symbolic batch of input 'a' becomes 1"
    )


def test_minus_one_is_symbolic(imported):
    assert imported(add([-1, 3])).signature.startswith("tensor<1x3xf32>, ")


def test_symbol_has_one_extent_everywhere(imported):
    result = imported(add(["N", 3], [3, "N"]), "--shape=a=3x3")
    assert result.signature.startswith("tensor<3x3xf32>, tensor<3x3xf32> -> ")


def test_other_symbols_are_refused_with_the_option_to_add(refused):
    assert refused(add(["N", 3, "height", None])) == [
        "input 'a' has symbolic dimensions, expected static ones: add "
        "--shape a=1x3x<height>x<dim3>"
    ]


def test_unknown_rank_is_refused(refused):
    assert refused(add(None)) == [
        "input 'a' has symbolic dimensions, expected static ones: add "
        "--shape a=1x3x224x224 (its extents)"
    ]


def test_all_inputs_are_reported_at_once(refused):
    assert len(refused(add(["N", "H"], ["N", "W"]))) == 2


def test_shape_of_unknown_rank(imported):
    result = imported(add(None), "--shape=a=2x1")
    assert result.signature.startswith("tensor<2x1xf32>, ")


def test_shape_of_a_scalar(imported):
    result = imported(add(None), "--shape=a=")
    assert result.signature.startswith("tensor<f32>, ")


def test_shape_sets_become_entry_points_that_share_weights(imported):
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    weight = numpy.ones((3, 5), numpy.float32)
    model = model_of(
        [node], [value("x", ["N", 3])], [value("y", ["N", 5])], {"w": weight}
    )
    result = imported(model, "--shape=x=1x3", "--shape=x=8x3")
    assert "@main(%arg0: tensor<1x3xf32>" in result.ir
    assert "@main_1(%arg0: tensor<8x3xf32>" in result.ir
    assert result.ir.count(': "0x') == 1


def test_several_inputs_in_one_shape_option(imported):
    result = imported(add(["A", "B"], ["C", "D"]), "--shape=a=2x3,b=1x3")
    assert "@main_1" not in result.ir
    assert result.signature.startswith("tensor<2x3xf32>, tensor<1x3xf32> ")


@pytest.mark.parametrize(
    "option, text",
    [
        ("a=1x3x4", "rank of input 'a' in --shape is 3, expected 2"),
        ("a=1x4", "dimension 1 of input 'a' in --shape is 4, expected 3"),
        ("z=1", "--shape names 'z', expected an input: 'a', 'b'"),
        ("a=1048576x1048577", "dimension 1 of input 'a' in --shape is 1048577, "
         "expected 3"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit(refused, option, text):
    assert text in refused(add(["N", 3]), f"--shape={option}")


def test_input_that_is_too_large(refused):
    assert refused(add(["N", "M"]), "--shape=a=1048576x1048577") == [
        "input 'a' is too large: [1048576, 1048577]"
    ]


@pytest.mark.parametrize("option", ["a", "a=1x", "=1x3", "a=1x-3", "a=3y4"])
def test_shape_options_that_cannot_be_read(tmp_path, option):
    result = run(save(add([2]), tmp_path), f"--shape={option}")
    assert result.code == 64
    assert result.messages == [
        f"error: --shape is '{option}', expected name=1x3x224x224, or T<=128 "
        "for a bounded dimension"
    ]


def reshape(kind=INT64, shape=(2,)):
    node = helper.make_node("Reshape", ["x", "s"], ["y"])
    return model_of(
        [node],
        [value("x", [6]), value("s", shape, kind)],
        [value("y", None)],
    )


@pytest.mark.parametrize("text", ["2,3", "[2, 3]", "2,-1"])
def test_bound_input_is_a_constant(imported, text):
    result = imported(reshape(), f"--bind=s={text}")
    assert result.signature == "tensor<6xf32> -> tensor<2x3xf32>"


def test_input_that_should_be_bound(imported):
    assert imported(reshape()).reasons == [
        "`shape` is computed at run time, expected a constant"
    ]


@pytest.mark.parametrize("length", [None, "K"])
def test_binding_decides_an_open_length(imported, length):
    model = reshape(shape=None if length is None else [length])
    result = imported(model, "--bind=s=3,1,2")
    assert result.signature == "tensor<6xf32> -> tensor<3x1x2xf32>"


@pytest.mark.parametrize(
    "kind, text, expected",
    [
        (FLOAT, "0.5", "0000003F"), (FLOAT, "-2", "000000C0"),
        (FLOAT, "inf", "0000807F"), (TensorProto.FLOAT16, "1.5", "003E"),
        (BOOL, "true", "01"), (BOOL, "0", "00"), (TensorProto.UINT8, "255", "FF"),
        (INT64, "-1", "FFFFFFFFFFFFFFFF"),
    ],
)  # fmt: skip
def test_bound_scalars(imported, kind, text, expected):
    node = helper.make_node("Identity", ["x"], ["y"])
    model = model_of([node], [value("x", [], kind)], [value("y", [], kind)])
    assert expected in imported(model, f"--bind=x={text}").ir


def test_empty_binding(imported):
    node = helper.make_node("Identity", ["x"], ["y"])
    model = model_of([node], [value("x", [0], INT64)], [value("y", [0], INT64)])
    result = imported(model, "--bind=x=")
    assert result.signature == " -> tensor<0xsi64>"


@pytest.mark.parametrize(
    "kind, text, message",
    [
        (INT64, "2,3,4",
         "number of values of input 's' in --bind is 3, expected 2"),
        (INT64, "2,a", "value of input 's' in --bind is 'a', expected si64"),
        (INT64, "2,1.5", "value of input 's' in --bind is '1.5', expected si64"),
        (TensorProto.UINT8, "2,256",
         "value of input 's' in --bind is '256', expected ui8"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit(refused, kind, text, message):
    assert refused(reshape(kind), f"--bind=s={text}") == [message]


def test_binding_of_an_unknown_input(refused):
    assert refused(reshape(), "--bind=t=1") == [
        "--bind names 't', expected an input: 'x', 's'"
    ]


@pytest.mark.parametrize("option", ["s", "=3"])
def test_bind_options_that_cannot_be_read(tmp_path, option):
    result = run(save(reshape(), tmp_path), f"--bind={option}")
    assert result.code == 64
    assert result.messages == [f"error: --bind is '{option}', expected name=value"]


def test_input_that_is_not_a_tensor(refused):
    model = add([2])
    sequence = helper.make_tensor_sequence_value_info("a", FLOAT, [2])
    model.graph.input[0].CopyFrom(sequence)
    assert refused(model) == ["input 'a' is not a tensor"]


def test_input_of_an_unsupported_element_type(refused):
    model = add([2])
    model.graph.input[0].CopyFrom(value("a", [2], TensorProto.STRING))
    assert refused(model) == [
        "element type of input 'a' is STRING, expected a float, integer or bool"
    ]
