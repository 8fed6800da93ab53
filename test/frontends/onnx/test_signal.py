# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Transforms, windows and running products."""

import numpy
import pytest

from test.frontends.onnx.judge import by_onnxruntime


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("inverse", [0, 1])
@pytest.mark.parametrize("length", [None, 4, 9])
@pytest.mark.parametrize("axis", [0, 1])
def test_dft(judge, draw, parts, inverse, length, axis):
    inputs = [draw(5, 6, parts)]
    inputs.append(None if length is None else numpy.array(length))
    inputs.append(numpy.array(axis))
    judge.check(
        "DFT",
        inputs,
        opset=20,
        inverse=inverse,
        constants=[i for i in (1, 2) if inputs[i] is not None],
    )


def test_one_sided_dft(judge, draw):
    x = draw(2, 7, 1)
    judge.check("DFT", [x], opset=17, onesided=1)


def test_dft_refuses_the_last_axis(judge, draw):
    reason = judge.reason("DFT", [draw(2, 5, 2)], opset=17, axis=2)
    assert "that is not transformed" in reason


def test_stft(judge, draw):
    judge.check(
        "STFT",
        [draw(2, 16, 1), numpy.array(3), draw(8), numpy.array(8)],
        opset=17,
        constants=[1, 3],
    )


@pytest.mark.parametrize(
    "op", ["HannWindow", "HammingWindow", "BlackmanWindow"]
)
@pytest.mark.parametrize("periodic", [0, 1])
def test_windows(judge, op, periodic):
    judge.check(
        op,
        [numpy.array(10)],
        opset=17,
        periodic=periodic,
        constants=[0],
        by=by_onnxruntime,
    )


@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("exclusive", [0, 1])
def test_running_product(judge, draw, reverse, exclusive):
    x = draw(2, 7)
    turned = x[:, ::-1] if reverse else x
    expected = numpy.cumprod(turned, axis=1)
    if exclusive:
        ones = numpy.ones((2, 1), numpy.float32)
        expected = numpy.concatenate([ones, expected[:, :-1]], axis=1)
    if reverse:
        expected = expected[:, ::-1]
    judge.check(
        "CumProd",
        [x, numpy.array(-1)],
        opset=26,
        constants=[1],
        reverse=reverse,
        exclusive=exclusive,
        expected=[expected],
    )


@pytest.mark.parametrize("size", [1, 2, 3])
def test_determinant(judge, draw, size):
    judge.check("Det", [draw(2, size, size)], opset=11)


def test_large_determinants_are_refused(judge, draw):
    reason = judge.reason("Det", [draw(4, 4)], opset=11)
    assert "size of the matrices is 4 x 4, expected" in reason
