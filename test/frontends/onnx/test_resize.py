# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Resize, Upsample and GridSample."""

import numpy
import pytest

from test.frontends.onnx.judge import by_onnxruntime

COORDINATES = [
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
]
SIZES = [(7, 10), (3, 4), (5, 2), (1, 6)]


def by_sizes(draw, size):
    return [draw(1, 2, 5, 6), None, None, numpy.array([1, 2, *size])]


@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("antialias", [0, 1])
def test_modes(judge, draw, coordinates, size, mode, antialias):
    judge.check(
        "Resize",
        by_sizes(draw, size),
        opset=19,
        constants=[3],
        mode=mode,
        antialias=antialias,
        coordinate_transformation_mode=coordinates,
    )


@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize(
    "nearest", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
)
def test_nearest(judge, draw, coordinates, nearest):
    for size in SIZES:
        judge.check(
            "Resize",
            by_sizes(draw, size),
            opset=19,
            constants=[3],
            nearest_mode=nearest,
            coordinate_transformation_mode=coordinates,
        )


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_scales_and_axes(judge, draw, mode):
    scales = numpy.array([0.7, 2.3], numpy.float32)
    judge.check(
        "Resize",
        [draw(3, 5, 6), None, scales],
        opset=18,
        constants=[2],
        mode=mode,
        axes=[0, 2],
    )


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller"])
def test_aspect_ratio(judge, draw, policy):
    judge.check(
        "Resize",
        [draw(1, 1, 5, 6), None, None, numpy.array([9, 7])],
        opset=18,
        constants=[3],
        axes=[2, 3],
        mode="linear",
        keep_aspect_ratio_policy=policy,
    )


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_crop(judge, draw, mode):
    region = numpy.array([0, 0, 0.2, -0.1, 1, 1, 0.9, 1.3], numpy.float32)
    judge.check(
        "Resize",
        [draw(1, 1, 6, 6), region, None, numpy.array([1, 1, 4, 5])],
        opset=13,
        constants=[1, 3],
        mode=mode,
        coordinate_transformation_mode="tf_crop_and_resize",
        extrapolation_value=9.0,
    )


@pytest.mark.parametrize("outside", [0, 1])
def test_cubic_options(judge, draw, outside):
    judge.check(
        "Resize",
        by_sizes(draw, (9, 4)),
        opset=13,
        constants=[3],
        mode="cubic",
        cubic_coeff_a=-0.5,
        exclude_outside=outside,
    )


def test_bytes_are_rounded(judge, draw):
    x = (draw(1, 1, 4, 4) * 60 + 128).clip(0, 255).astype(numpy.uint8)
    judge.check(
        "Resize",
        [x, None, None, numpy.array([1, 1, 7, 7])],
        opset=13,
        constants=[3],
        mode="cubic",
    )


@pytest.mark.parametrize("opset", [7, 9])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_upsample(judge, draw, opset, mode):
    scales = numpy.array([1, 1, 2, 3], numpy.float32)
    rest = {"scales": scales.tolist()} if opset == 7 else {"constants": [1]}
    judge.check(
        "Upsample",
        [draw(1, 2, 3, 4)] + ([scales] if opset == 9 else []),
        opset=opset,
        mode=mode,
        by=by_onnxruntime,
        **rest,
    )


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("scale", [2.0, 1.5, 0.6])
def test_resize_of_opset_10(judge, draw, mode, scale):
    judge.check(
        "Resize",
        [draw(1, 2, 5, 6), numpy.array([1, 1, scale, scale], numpy.float32)],
        opset=10,
        constants=[1],
        mode=mode,
        by=by_onnxruntime,
    )


@pytest.mark.parametrize(
    "attributes, text",
    [
        ({"mode": "area"}, "mode is area, expected nearest, linear or cubic"),
        ({"nearest_mode": "odd"}, "nearest_mode is odd, expected"),
        (
            {"coordinate_transformation_mode": "odd"},
            "coordinate_transformation_mode is odd, expected",
        ),
        (
            {"keep_aspect_ratio_policy": "odd"},
            "keep_aspect_ratio_policy is odd, expected",
        ),
        ({"antialias": 1}, "antialias is 1, expected 0 with the mode nearest"),
    ],
)
def test_refusals(judge, draw, attributes, text):
    inputs = [draw(1, 1, 4, 4), None, None, numpy.array([1, 1, 7, 7])]
    reason = judge.reason(
        "Resize", inputs, opset=18, constants=[3], **attributes
    )
    assert text in reason


def test_sizes_must_be_known(judge, draw):
    inputs = [draw(1, 1, 4, 4), None, None, numpy.array([1, 1, 7, 7])]
    reason = judge.reason("Resize", inputs, opset=18)
    assert "`sizes` is computed at run time, expected a constant" in reason


@pytest.mark.parametrize("mode", ["linear", "cubic", "nearest"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("align", [0, 1])
def test_grid_sample(judge, draw, mode, padding, align):
    grid = draw(2, 4, 5, 2) * 0.8
    judge.check(
        "GridSample",
        [draw(2, 3, 6, 7), grid],
        opset=20,
        mode=mode,
        padding_mode=padding,
        align_corners=align,
        by=by_onnxruntime,
        rtol=1e-3,
    )


@pytest.mark.parametrize("mode", ["linear", "nearest"])
def test_grid_sample_of_volumes(judge, draw, mode):
    judge.check(
        "GridSample",
        [draw(1, 2, 3, 4, 5), draw(1, 2, 3, 4, 3) * 0.8],
        opset=20,
        mode=mode,
        by=by_onnxruntime,
        rtol=1e-3,
    )
