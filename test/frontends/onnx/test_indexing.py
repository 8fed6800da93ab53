# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gathers, scatters and what is made of them."""

import numpy
import pytest

from test.frontends.onnx.judge import by_onnxruntime


def integers(*values):
    return numpy.array(values, numpy.int64)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gather(judge, draw, axis):
    indices = numpy.array([[0, -1], [1, 2]])
    for opset in (7, 13):
        judge.check(
            "Gather",
            [draw(3, 4, 5), indices],
            opset=opset,
            axis=axis,
            by=by_onnxruntime,
        )


def test_gather_elements(judge, draw):
    indices = numpy.array([[0, -1, 2], [1, 2, 0]])
    judge.check("GatherElements", [draw(2, 3), indices], opset=13, axis=1)


@pytest.mark.parametrize("batch, indices", [(0, (4, 2)), (1, (2, 4, 1))])
def test_gather_nd(judge, draw, batch, indices):
    places = numpy.arange(numpy.prod(indices)).reshape(indices) % 2
    judge.check(
        "GatherND", [draw(2, 3, 4), places], opset=12, batch_dims=batch
    )


@pytest.mark.parametrize("kind", ["none", "add", "mul", "max", "min"])
def test_scatter(judge, draw, kind):
    places = numpy.array([[0, 2, 1], [2, 0, 0]])
    judge.check(
        "ScatterElements",
        [draw(3, 3), places, draw(2, 3)],
        opset=18,
        reduction=kind,
        by=by_onnxruntime,
    )
    judge.check(
        "ScatterND",
        [draw(4, 3), integers([0], [3], [1]), draw(3, 3)],
        opset=18,
        reduction=kind,
        by=by_onnxruntime,
    )


def test_scatter_of_opset_9(judge, draw):
    places = numpy.array([[0, 2], [2, 1]])
    judge.check(
        "Scatter",
        [draw(2, 3), places, draw(2, 2)],
        opset=9,
        axis=1,
        by=by_onnxruntime,
    )


def test_scatter_refuses(judge, draw):
    reason = judge.reason(
        "ScatterND",
        [draw(4, 3), integers([0]), draw(1, 3)],
        opset=18,
        reduction="mean",
    )
    assert "reduction is mean, expected none, add, mul, max or min" in reason


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("known", [False, True])
def test_one_hot(judge, axis, known):
    judge.check(
        "OneHot",
        [integers([0, -1], [3, 9]), integers(4), numpy.float32([2, 5])],
        opset=11,
        axis=axis,
        constants=[1, 2] if known else [1],
        by=by_onnxruntime,
    )


def test_one_hot_refuses(judge):
    inputs = [integers(1), integers(0), numpy.float32([0, 1])]
    reason = judge.reason("OneHot", inputs, opset=11, constants=[1])
    assert "depth is not one number of at least 1" in reason


@pytest.mark.parametrize("time", [0, 1])
@pytest.mark.parametrize("known", [False, True])
def test_reverse_sequence(judge, draw, time, known):
    judge.check(
        "ReverseSequence",
        [draw(4, 4, 2), integers(1, 4, 2, 3)],
        opset=10,
        time_axis=time,
        batch_axis=1 - time,
        constants=[1] if known else [],
    )


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_compress(judge, draw, axis):
    rest = {} if axis is None else {"axis": axis}
    judge.check(
        "Compress",
        [draw(3, 2), numpy.array([False, True])],
        opset=11,
        constants=[1],
        **rest,
    )


def test_compress_needs_a_constant(judge, draw):
    condition = numpy.array([False, True])
    reason = judge.reason("Compress", [draw(3), condition], opset=11)
    assert "`condition` is computed at run time, expected a constant" in reason


def test_non_zero(judge):
    x = numpy.array([[0, 2, 0], [3, 0, -1]])
    judge.check("NonZero", [x], opset=13, constants=[0])
    reason = judge.reason("NonZero", [x], opset=13)
    assert "`the input` is computed at run time, expected a constant" in reason


@pytest.mark.parametrize("mode", ["linear", "circular"])
def test_tensor_scatter(judge, draw, mode):
    judge.check(
        "TensorScatter",
        [draw(2, 3, 6, 2), draw(2, 3, 2, 2), integers(1, 4)],
        opset=24,
        mode=mode,
        axis=2,
    )


@pytest.mark.parametrize("upper", [0, 1])
@pytest.mark.parametrize("k", [None, -2, 0, 1, 9])
@pytest.mark.parametrize("known", [False, True])
def test_trilu(judge, draw, upper, k, known):
    inputs = [draw(2, 3, 4)] + ([] if k is None else [numpy.array(k)])
    constants = [1] if known and k is not None else []
    judge.check("Trilu", inputs, opset=14, upper=upper, constants=constants)
