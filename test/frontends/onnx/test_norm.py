# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Normalisations."""

import numpy
import pytest

from test.frontends.onnx.judge import by_onnxruntime


def positive(draw, *shape):
    return numpy.abs(draw(*shape)) + 0.5


def batch_norm_inputs(draw):
    return [draw(2, 3, 4, 5), draw(3), draw(3), draw(3), positive(draw, 3)]


@pytest.mark.parametrize("opset", [7, 9, 14, 15])
def test_batch(judge, draw, opset):
    judge.check(
        "BatchNormalization",
        batch_norm_inputs(draw),
        opset=opset,
        epsilon=1e-3,
        by=by_onnxruntime,
    )


def test_batch_in_training(judge, draw):
    judge.check(
        "BatchNormalization",
        batch_norm_inputs(draw),
        opset=14,
        outputs=3,
        training_mode=1,
        momentum=0.7,
    )


@pytest.mark.parametrize(
    "opset, outputs, attributes, text",
    [
        (7, 1, {"spatial": 0}, "spatial is 0, expected 1"),
        (9, 3, {}, "number of outputs is 3, expected 1 without training_mode"),
    ],
)
def test_batch_refuses(judge, draw, opset, outputs, attributes, text):
    reason = judge.reason(
        "BatchNormalization",
        batch_norm_inputs(draw),
        opset=opset,
        outputs=outputs,
        **attributes,
    )
    assert text in reason


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("outputs", [1, 3])
def test_layer(judge, draw, axis, outputs):
    shape = (2, 3, 4)[axis:]
    judge.check(
        "LayerNormalization",
        [draw(2, 3, 4), draw(*shape), draw(*shape)],
        opset=17,
        outputs=outputs,
        axis=axis,
    )


def test_layer_with_a_scale_beyond_the_axis(judge, draw):
    judge.check(
        "LayerNormalization", [draw(2, 3, 4), draw(2, 3, 4)], opset=17, axis=2
    )


@pytest.mark.parametrize("axis, scale", [(-1, (4,)), (1, (3, 4)), (2, (2, 3, 4))])
def test_rms(judge, draw, axis, scale):
    judge.check(
        "RMSNormalization", [draw(2, 3, 4), draw(*scale)], opset=23, axis=axis
    )


@pytest.mark.parametrize("opset, size", [(18, 2), (21, 6)])
def test_group(judge, draw, opset, size):
    judge.check(
        "GroupNormalization",
        [draw(2, 6, 3, 2), draw(size), draw(size)],
        opset=opset,
        num_groups=2,
    )


def test_group_must_divide(judge, draw):
    reason = judge.reason(
        "GroupNormalization",
        [draw(2, 6, 3), draw(6), draw(6)],
        opset=21,
        num_groups=4,
    )
    assert "num_groups is 4, expected a divisor of 6" in reason


def test_instance(judge, draw):
    judge.check(
        "InstanceNormalization", [draw(2, 3, 4, 5), draw(3), draw(3)], opset=7
    )


@pytest.mark.parametrize("size", [1, 3, 5])
def test_lrn(judge, draw, size):
    judge.check(
        "LRN",
        [draw(2, 6, 3, 3)],
        opset=13,
        size=size,
        alpha=0.3,
        bias=1.5,
        by=by_onnxruntime,
    )


def test_mean_variance(judge, draw):
    judge.check("MeanVarianceNormalization", [draw(2, 3, 4, 5)], opset=13)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("axis", [0, -1])
def test_lp(judge, draw, p, axis):
    x = draw(3, 4)
    order = numpy.linalg.norm(x, ord=p, axis=axis, keepdims=True)
    judge.check(
        "LpNormalization", [x], opset=7, p=p, axis=axis, expected=[x / order]
    )


@pytest.mark.parametrize("opset, axis", [(7, 1), (11, 0), (13, -1), (13, 1)])
def test_hardmax(judge, draw, opset, axis):
    judge.check(
        "Hardmax",
        [draw(3, 4, 2).round()],
        opset=opset,
        axis=axis,
        by=by_onnxruntime,
    )
