# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of the decode of heatmaps."""

import numpy

from test.e2e.ops.case import (
    EXACT,
    FLOATS,
    Case,
    Tensor,
    Tolerance,
    given,
    ir_type,
)

# In pixels. The weights of a window are exponentials of elements times 10, and
# a Newton step divides by a determinant that cancels.
SUBPIXEL = {
    "f64": Tolerance(0, 1e-9, "sums of exponentials; two exact divisions"),
    "f32": Tolerance(0, 1e-5, "sums of exponentials; a determinant cancels"),
    "f16": Tolerance(0, 2**-10, "coordinates are rounded to 11 bits"),
    "bf16": Tolerance(0, 2**-7, "coordinates are rounded to 8 bits"),
}
REFINEMENTS = {
    "none": "margin = 0 : i64, scale = 1.0 : f64, window = 1 : i64",
    "step": "margin = 1 : i64, scale = 0.25 : f64, window = 1 : i64",
    "softmax": "margin = 0 : i64, scale = 10.0 : f64, window = 5 : i64",
    "taylor": "margin = 2 : i64, scale = 1.0 : f64, window = 1 : i64, "
    "log_floor = 1.0e-10 : f64",
}


def peaked(rng, shape):
    """Gaussians whose centres may lie at borders and in corners."""
    *lead, height, width = shape
    maps = numpy.empty(shape)
    for index in numpy.ndindex(*lead):
        x, y = rng.uniform(-0.7, width - 0.3), rng.uniform(-0.7, height - 0.3)
        rows = (numpy.arange(height) - y) / 1.5
        columns = (numpy.arange(width) - x) / 1.5
        maps[index] = numpy.exp(
            -0.5 * (rows[:, None] ** 2 + columns[None, :] ** 2)
        ) + 0.01 * rng.random((height, width))
    return maps


def corners(rng, shape):
    """One map with its peak in each corner, on each border and inside."""
    maps = rng.random(shape)
    height, width = shape[-2:]
    places = [(v, u) for v in (0, height // 2, height - 1)
              for u in (0, width // 2, width - 1)]  # fmt: skip
    for index, (v, u) in zip(numpy.ndindex(*shape[:-2]), places):
        maps[(*index, v, u)] += 2
    return maps


def tied(rng, shape):
    """The largest element comes up many times."""
    return rng.integers(0, 3, shape).astype(float)


def decode(name, kind, dtype, shape, values, text=None, tolerance=None):
    attributes = text or REFINEMENTS[kind]
    if "fill" not in attributes:
        attributes += ", fill = 0.0 : f64"
    if tolerance is None:
        exact = kind == "none" or (kind == "step" and dtype != "bf16")
        tolerance = EXACT if exact else SUBPIXEL[dtype]
    return Case(
        f"heatmap_decode_{name}",
        f"visir.heatmap_decode {{0}}, {{0}} {{{{kind = \"{kind}\", {attributes}}}}}",
        (Tensor(dtype, shape, values),),
        ((dtype, shape[:-2]),) * 3,
        tolerance,
        operands=(ir_type(dtype, shape),) * 2,
    )


def cases():
    for kind in REFINEMENTS:
        for dtype in FLOATS:
            yield decode(f"{kind}_{dtype}", kind, dtype, (2, 3, 16, 16), peaked)
        for height, width in (
            (64, 64), (1, 1), (1, 7), (9, 1), (2, 3), (5, 17), (33, 20),
            (12, 128), (3, 150), (128, 128),
        ):  # fmt: skip
            if kind == "softmax" and min(height, width) == 1:
                continue  # an offset of 0 but for rounding
            yield decode(
                f"{kind}_{height}x{width}", kind, "f32", (3, height, width),
                peaked,
            )  # fmt: skip
        yield decode(f"{kind}_corners", kind, "f32", (9, 12, 21), corners)
        yield decode(f"{kind}_one_map", kind, "f32", (8, 24), peaked)
    for kind in ("none", "step", "softmax"):
        yield decode(f"{kind}_tied", kind, "f32", (4, 3, 9, 35), tied)
    for window in (1, 3, 7, 9):
        for more in ("", ", clamp", ", fill = -1.0 : f64"):
            yield decode(
                f"window_{window}{more.split(' ')[1] if more else ''}",
                "softmax", "f32", (5, 9, 11), corners,
                "margin = 0 : i64, scale = 4.0 : f64, "
                f"window = {window} : i64{more}",
            )  # fmt: skip
    yield decode(
        "plain_taylor", "taylor", "f32", (4, 24, 24), peaked,
        "margin = 3 : i64, scale = 1.0 : f64, window = 1 : i64",
    )  # fmt: skip
    # A NaN that comes first stays; others are never the largest.
    nan, low = float("nan"), float("-inf")
    rows = [
        [[nan, 2, 3], [4, 5, 6]],
        [[1, nan, 3], [nan, 2, nan]],
        [[low, low, low], [low, low, low]],
        [[low, nan, low], [low, nan, low]],
        [[0, -0.0, 0], [0, 0, 0]],
    ]
    yield decode("nan", "none", "f32", (5, 2, 3), given(numpy.array(rows)))
    yield Case(
        "heatmap_decode_values",
        "visir.heatmap_decode {0}, {1} {{kind = \"softmax\", "
        f"{REFINEMENTS['softmax']}, fill = 0.0 : f64}}}}",
        (
            Tensor("f32", (2, 10, 10), peaked),
            Tensor("f32", (2, 10, 10), peaked),
        ),
        (("f32", (2,)),) * 3,
        SUBPIXEL["f32"],
    )
