# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pools, local and global."""

import numpy
import pytest

from test.frontends.onnx.judge import by_onnxruntime

WINDOWS = [
    ((9,), {"kernel_shape": [3], "strides": [2]}),
    ((8, 7), {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]}),
    ((8, 7), {"kernel_shape": [3, 3], "auto_pad": "SAME_LOWER"}),
    ((5, 6, 4), {"kernel_shape": [2, 2, 3], "strides": [2, 1, 1]}),
]


@pytest.mark.parametrize("size, attributes", WINDOWS)
@pytest.mark.parametrize("ceil", [0, 1])
@pytest.mark.parametrize("count", [0, 1])
def test_average(judge, draw, size, attributes, ceil, count):
    judge.check(
        "AveragePool",
        [draw(2, 3, *size)],
        opset=11,
        ceil_mode=ceil,
        count_include_pad=count,
        by=by_onnxruntime,
        **attributes,
    )


@pytest.mark.parametrize("size, attributes", WINDOWS)
@pytest.mark.parametrize("ceil", [0, 1])
@pytest.mark.parametrize("outputs", [1, 2])
def test_max(judge, draw, size, attributes, ceil, outputs):
    judge.check(
        "MaxPool",
        [draw(2, 3, *size)],
        opset=12,
        outputs=outputs,
        ceil_mode=ceil,
        by=by_onnxruntime,
        **attributes,
    )


def test_max_of_bytes_with_dilation(judge, draw):
    judge.check(
        "MaxPool",
        [(draw(1, 2, 9, 9) * 50).astype(numpy.int8)],
        opset=12,
        kernel_shape=[3, 3],
        dilations=[2, 2],
        pads=[1, 1, 1, 1],
        by=by_onnxruntime,
    )


@pytest.mark.parametrize("p", [1, 2, 3])
def test_lp(judge, draw, p):
    judge.check(
        "LpPool",
        [draw(2, 3, 8, 7)],
        opset=11,
        p=p,
        kernel_shape=[3, 2],
        strides=[2, 1],
        pads=[1, 0, 1, 0],
        by=by_onnxruntime,
    )


@pytest.mark.parametrize("op", ["GlobalAveragePool", "GlobalMaxPool"])
def test_global(judge, draw, op):
    judge.check(op, [draw(2, 3, 4, 5)], opset=7, by=by_onnxruntime)
    judge.check(op, [draw(2, 3, 4)], opset=13, by=by_onnxruntime)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_global_lp(judge, draw, p):
    judge.check(
        "GlobalLpPool", [draw(2, 3, 4, 5)], opset=7, p=p, by=by_onnxruntime
    )


def test_max_unpool(judge, draw):
    x = draw(1, 1, 4, 4)
    values, places = judge.check(
        "MaxPool",
        [x],
        opset=12,
        outputs=2,
        kernel_shape=[2, 2],
        strides=[2, 2],
        by=by_onnxruntime,
    )
    judge.check(
        "MaxUnpool",
        [values, places],
        opset=11,
        kernel_shape=[2, 2],
        strides=[2, 2],
        by=by_onnxruntime,
    )


@pytest.mark.parametrize(
    "attributes, text",
    [
        ({"kernel_shape": [3]}, "number of kernel sizes is 1, expected 2"),
        (
            {"kernel_shape": [9, 9]},
            "reach of the kernel in dimension 0 is 9, expected at most 8",
        ),
        (
            {"kernel_shape": [2, 2], "auto_pad": "SAME"},
            "auto_pad is 'SAME', expected NOTSET",
        ),
    ],
)
def test_refusals(judge, draw, attributes, text):
    reason = judge.reason("MaxPool", [draw(1, 1, 8, 8)], opset=12, **attributes)
    assert text in reason
