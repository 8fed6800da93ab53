# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantisation. Scales are powers of two, so that no division is a tie."""

import numpy
import pytest

from test.frontends.onnx.judge import by_onnxruntime

POWERS = numpy.float32([0.25, 0.5, 0.125])


def integers(draw, *shape, dtype=numpy.uint8):
    low, high = numpy.iinfo(dtype).min, numpy.iinfo(dtype).max
    middle = (low + high) / 2
    return (draw(*shape) * 60 + middle).clip(low, high).astype(dtype)


@pytest.mark.parametrize("dtype", [numpy.uint8, numpy.int8])
@pytest.mark.parametrize("per_axis", [False, True])
def test_quantize(judge, draw, dtype, per_axis):
    scale = POWERS if per_axis else POWERS[0]
    zero = numpy.full(scale.shape, 3, dtype)
    x = draw(2, 3, 4) * 50
    judge.check(
        "QuantizeLinear",
        [x, scale, zero],
        opset=13,
        axis=1,
        by=by_onnxruntime,
    )
    judge.check(
        "DequantizeLinear",
        [integers(draw, 2, 3, 4, dtype=dtype), scale, zero],
        opset=13,
        axis=1,
        by=by_onnxruntime,
    )


def test_blocks(judge, draw):
    scale = 2.0 ** draw(3, 2).round().astype(numpy.float32)
    zero = integers(draw, 3, 2)
    for op, x in (
        ("QuantizeLinear", draw(3, 4) * 30),
        ("DequantizeLinear", integers(draw, 3, 4)),
    ):
        judge.check(op, [x, scale, zero], opset=21, axis=1, block_size=2)


@pytest.mark.parametrize(
    "scale, attributes, text",
    [
        (numpy.ones(4, numpy.float32), {}, "shape of a scale or zero point is"),
        (
            numpy.float32(1),
            {"output_dtype": 22},
            "quantised element type is one without support, expected ui8",
        ),
    ],
)
def test_refusals(judge, draw, scale, attributes, text):
    reason = judge.reason(
        "QuantizeLinear", [draw(2, 3), scale], opset=21, **attributes
    )
    assert text in reason


def test_matmul_integer(judge, draw):
    judge.check(
        "MatMulInteger",
        [
            integers(draw, 2, 3, 4),
            integers(draw, 4, 5),
            numpy.uint8(7),
            integers(draw, 5),
        ],
        opset=10,
        by=by_onnxruntime,
    )


def test_conv_integer(judge, draw):
    judge.check(
        "ConvInteger",
        [
            integers(draw, 1, 2, 5, 5),
            integers(draw, 3, 2, 3, 3),
            numpy.uint8(9),
            numpy.uint8(5),
        ],
        opset=10,
        pads=[1, 1, 1, 1],
        by=by_onnxruntime,
    )


def scales():
    return numpy.float32(0.5), numpy.float32(0.25), numpy.float32(64)


def test_qlinear_matmul(judge, draw):
    a, b, y = scales()
    inputs = [integers(draw, 2, 4), a, numpy.uint8(9)]
    inputs += [integers(draw, 4, 3), b, numpy.uint8(5), y, numpy.uint8(100)]
    judge.check("QLinearMatMul", inputs, opset=10, by=by_onnxruntime)


def test_qlinear_conv(judge, draw):
    a, _, y = scales()
    inputs = [integers(draw, 1, 2, 5, 5), a, numpy.uint8(9)]
    inputs += [integers(draw, 3, 2, 3, 3), POWERS, numpy.full(3, 5, "uint8")]
    inputs += [y, numpy.uint8(100), numpy.int32([5, -70, 900])]
    judge.check(
        "QLinearConv", inputs, opset=10, strides=[2, 2], by=by_onnxruntime
    )
