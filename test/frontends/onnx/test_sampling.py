# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""AffineGrid, RoiAlign and DeformConv."""

import numpy
import pytest

from test.frontends.onnx.judge import by_onnxruntime


@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 3, 4, 5, 6)])
@pytest.mark.parametrize("align", [0, 1])
def test_affine_grid(judge, draw, size, align):
    spatial = len(size) - 2
    judge.check(
        "AffineGrid",
        [draw(2, spatial, spatial + 1), numpy.array(size)],
        opset=20,
        constants=[1],
        align_corners=align,
    )


REGIONS = numpy.float32([[0, 0, 7, 6], [2.5, 1.2, 5.1, 9], [-3, 4, 2, 5]])


@pytest.mark.parametrize("opset", [10, 16])
def test_roi_align(judge, draw, opset):
    judge.check(
        "RoiAlign",
        [draw(2, 3, 8, 9), REGIONS, numpy.array([0, 1, 1])],
        opset=opset,
        output_height=3,
        output_width=2,
        sampling_ratio=2,
        spatial_scale=0.75,
        by=by_onnxruntime,
        rtol=1e-3,
    )


@pytest.mark.parametrize("where", ["half_pixel", "output_half_pixel"])
def test_roi_align_of_the_largest(judge, draw, where):
    judge.check(
        "RoiAlign",
        [draw(2, 3, 8, 9), REGIONS, numpy.array([0, 1, 1])],
        opset=16,
        output_height=3,
        output_width=2,
        sampling_ratio=2,
        spatial_scale=0.75,
        mode="max",
        coordinate_transformation_mode=where,
        rtol=1e-5,
    )


@pytest.mark.parametrize(
    "attributes, text",
    [
        ({"mode": "sum", "sampling_ratio": 2}, "mode is sum, expected avg or max"),
        ({}, "sampling_ratio is 0, expected at least 1"),
    ],
)
def test_roi_align_refuses(judge, draw, attributes, text):
    inputs = [draw(2, 3, 8, 9), REGIONS, numpy.array([0, 1, 1])]
    assert text in judge.reason("RoiAlign", inputs, opset=16, **attributes)


@pytest.mark.parametrize("groups, offset_groups", [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("masked", [False, True])
def test_deform_conv(judge, draw, groups, offset_groups, masked):
    taps = 3 * 2
    inputs = [
        draw(2, 4, 6, 7),
        draw(4, 4 // groups, 3, 2),
        draw(2, offset_groups * taps * 2, 6, 3) * 0.5,
        draw(4),
    ]
    if masked:
        inputs.append(draw(2, offset_groups * taps, 6, 3))
    judge.check(
        "DeformConv",
        inputs,
        opset=19,
        group=groups,
        offset_group=offset_groups,
        pads=[1, 0, 1, 0],
        strides=[1, 2],
        rtol=1e-3,
    )
