# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pad, blocks and crops."""

import numpy
import pytest

from test.frontends.onnx.judge import by_onnxruntime

PADS = [[0, 1, 2, 0], [2, 0, 1, 3], [-1, 1, 0, -1], [0, 0, 0, 0]]


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "wrap"])
@pytest.mark.parametrize("pads", PADS)
def test_pad(judge, draw, mode, pads):
    rest = {"by": by_onnxruntime} if mode != "wrap" or min(pads) < 0 else {}
    judge.check(
        "Pad",
        [draw(4, 5), numpy.array(pads)],
        opset=19,
        constants=[1],
        mode=mode,
        **rest,
    )


@pytest.mark.parametrize("mode", ["reflect", "wrap", "edge"])
def test_pad_wider_than_the_input(judge, draw, mode):
    x = draw(2, 3)
    expected = numpy.pad(x, ((5, 4), (0, 7)), mode=mode)
    judge.check(
        "Pad",
        [x, numpy.array([5, 0, 4, 7])],
        opset=19,
        constants=[1],
        mode=mode,
        expected=[expected],
    )


@pytest.mark.parametrize("known", [False, True])
def test_pad_value_and_axes(judge, draw, known):
    judge.check(
        "Pad",
        [draw(3, 4), numpy.array([1, 2]), numpy.float32(7), numpy.array([-1])],
        opset=18,
        constants=[1, 2, 3] if known else [1, 3],
    )


def test_pad_of_opset_7(judge, draw):
    judge.check(
        "Pad",
        [draw(3, 4)],
        opset=7,
        pads=[1, 0, 0, 2],
        value=3.0,
        by=by_onnxruntime,
    )


@pytest.mark.parametrize(
    "pads, mode, text",
    [
        ([1, 1], "constant", "number of pads is 2, expected 4"),
        ([1, 1, 1, 1], "odd", "mode is odd, expected constant, reflect"),
        ([0, -3, 0, -3], "constant", "a padded extent is -1, expected at least"),
    ],
)
def test_pad_refuses(judge, draw, pads, mode, text):
    inputs = [draw(4, 5), numpy.array(pads)]
    reason = judge.reason("Pad", inputs, opset=13, constants=[1], mode=mode)
    assert text in reason


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_depth_to_space(judge, draw, mode):
    judge.check(
        "DepthToSpace", [draw(2, 12, 3, 4)], opset=11, blocksize=2, mode=mode
    )


def test_space_to_depth(judge, draw):
    judge.check("SpaceToDepth", [draw(2, 3, 4, 6)], opset=13, blocksize=2)


def test_blocks_must_divide(judge, draw):
    x = [draw(1, 6, 5, 4)]
    reason = judge.reason("DepthToSpace", x, opset=13, blocksize=2)
    assert "blocksize is 2, expected one whose square divides the 6" in reason
    reason = judge.reason("SpaceToDepth", x, opset=13, blocksize=2)
    assert "blocksize is 2, expected a divisor of height and width" in reason


@pytest.mark.parametrize("shape", [(3, 4), (6, 9), (2, 8)])
def test_center_crop_pad(judge, draw, shape):
    judge.check(
        "CenterCropPad",
        [draw(2, 5, 6), numpy.array(shape)],
        opset=18,
        constants=[1],
        axes=[1, 2],
    )


@pytest.mark.parametrize(
    "attributes, blocks",
    [
        ({}, 12),
        ({"strides": [2, 2], "pads": [1, 0, 1, 1]}, 9),
        ({"dilations": [2, 1]}, 8),
    ],
)
def test_col2im(judge, draw, attributes, blocks):
    judge.check(
        "Col2Im",
        [draw(2, 8, blocks), numpy.array([4, 5]), numpy.array([2, 2])],
        opset=18,
        constants=[1, 2],
        **attributes,
    )
