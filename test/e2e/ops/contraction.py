# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of matrix products, convolutions and attention."""

import numpy

from test.e2e.ops.case import (
    FLOATS,
    SUMMED,
    Case,
    Tensor,
    integers,
    normal,
    tolerance,
    whole,
)
from test.e2e.ops.movement import array


def matmul(name, dtype, lhs, rhs, values=normal):
    out = numpy.broadcast_shapes(lhs[:-2], rhs[:-2]) + (lhs[-2], rhs[-1])
    element = "si32" if dtype in ("si8", "ui8") else dtype
    return Case(
        name,
        "visir.matmul {0}, {1}",
        (Tensor(dtype, lhs, values), Tensor(dtype, rhs, values)),
        ((element, out),),
        tolerance(SUMMED, dtype),
    )


def matmul_cases():
    for i, (lhs, rhs) in enumerate(
        [
            ((1, 1), (1, 1)),
            ((3, 5), (5, 7)),
            ((1, 64), (64, 48)),
            ((64, 1), (1, 48)),
            ((17, 33), (33, 65)),
            ((2, 3, 4, 5), (2, 3, 5, 6)),
            ((2, 1, 4, 5), (3, 5, 6)),
            ((7, 4, 5), (5, 6)),
            ((4, 0), (0, 3)),
            ((0, 4), (4, 3)),
            ((128, 300), (300, 96)),
            ((5, 2048), (2048, 3)),
        ]
    ):
        for dtype in FLOATS if i in (1, 4) else ("f32",):
            yield matmul(f"matmul_{i}_{dtype}", dtype, lhs, rhs)
    for dtype in ("si8", "ui8", "si32", "si64"):
        values = integers(-99, 99) if dtype in ("si32", "si64") else whole(dtype)
        yield matmul(f"matmul_{dtype}", dtype, (9, 31), (31, 17), values)


def conv(name, dtype, shape, weight, **attributes):
    """attributes: strides, pads, dilations, groups, bias."""
    spatial = len(shape) - 2
    strides = attributes.get("strides", (1,) * spatial)
    pads = attributes.get("pads", (0,) * (2 * spatial))
    dilations = attributes.get("dilations", (1,) * spatial)
    out = [shape[0], weight[0]]
    for d in range(spatial):
        room = shape[d + 2] + pads[d] + pads[d + spatial]
        out.append(
            (room - dilations[d] * (weight[d + 2] - 1) - 1) // strides[d] + 1
        )
    inputs = [Tensor(dtype, shape, normal), Tensor(dtype, weight, normal)]
    if attributes.get("bias", True):
        inputs.append(Tensor(dtype, weight[:1], normal))
    operands = ", ".join(f"{{{i}}}" for i in range(len(inputs)))
    return Case(
        name,
        f"visir.conv {operands} {{{{strides = {array(strides)}, pads = "
        f"{array(pads)}, dilations = {array(dilations)}, groups = "
        f"{attributes.get('groups', 1)} : i64}}}}",
        tuple(inputs),
        ((dtype, tuple(out)),),
        tolerance(SUMMED, dtype),
    )


def conv_cases():
    same = {"pads": (1, 1, 1, 1)}
    table = {
        "pointwise": ((1, 24, 7, 9), (40, 24, 1, 1), {}),
        "pointwise_stride": ((2, 5, 8, 8), (6, 5, 1, 1), {"strides": (2, 2)}),
        "3x3": ((1, 3, 11, 13), (16, 3, 3, 3), same),
        "3x3_stride2": ((1, 8, 15, 14), (12, 8, 3, 3), same | {"strides": (2, 2)}),
        "3x3_no_bias": ((1, 4, 6, 6), (5, 4, 3, 3), {"bias": False}),
        "dilated": (
            (1, 4, 12, 12), (6, 4, 3, 3),
            {"dilations": (2, 3), "pads": (2, 3, 2, 3)},
        ),
        "uneven_pads": ((1, 2, 7, 7), (3, 2, 3, 2), {"pads": (2, 0, 1, 1)}),
        "groups": ((2, 6, 9, 9), (12, 2, 3, 3), same | {"groups": 3}),
        "depthwise": ((1, 19, 10, 10), (19, 1, 3, 3), same | {"groups": 19}),
        "depthwise_5x5_stride2": (
            (1, 32, 14, 14), (32, 1, 5, 5),
            {"groups": 32, "pads": (2, 2, 2, 2), "strides": (2, 2)},
        ),
        "depthwise_multiplier": (
            (1, 4, 6, 6), (8, 1, 3, 3), same | {"groups": 4},
        ),
        "huge_kernel": (
            (1, 2, 16, 16), (3, 2, 31, 31), {"pads": (15, 15, 15, 15)},
        ),
        "huge_stride": ((1, 3, 32, 32), (8, 3, 16, 16), {"strides": (16, 16)}),
        "whole_input": ((2, 8, 5, 5), (4, 8, 5, 5), {}),
        "1d": ((2, 3, 20), (4, 3, 5), {"pads": (2, 2), "strides": (2,)}),
        "3d": ((1, 2, 4, 5, 6), (3, 2, 2, 3, 3), {"pads": (0, 1, 1, 1, 1, 1)}),
        "pad_beyond": ((1, 1, 2, 2), (1, 1, 2, 2), {"pads": (3, 3, 3, 3)}),
        "one_channel": ((1, 1, 28, 28), (1, 1, 3, 3), same),
        "no_batch": ((0, 3, 8, 8), (4, 3, 3, 3), same),
        "filter": ((1, 32, 18, 21), (48, 32, 3, 3), same),
        "filter_row": ((2, 32, 61), (32, 32, 3), {"pads": (1, 1)}),
        "filter_1x3x3": (
            (1, 32, 3, 14, 14), (40, 32, 1, 3, 3), {"pads": (0, 1, 1, 0, 1, 1)},
        ),
        "filter_3x1x1": (
            (1, 32, 9, 8, 8), (32, 32, 3, 1, 1), {"pads": (1, 0, 0, 1, 0, 0)},
        ),
        "filter_3x3x3": (
            (1, 32, 5, 14, 14), (40, 32, 3, 3, 3), {"pads": (1,) * 6},
        ),
        "filter_2x3x3": (
            (2, 32, 4, 12, 9), (32, 32, 2, 3, 3),
            {"pads": (0, 1, 1, 1, 1, 1), "strides": (2, 1, 1)},
        ),
        "wide": ((1, 64, 14, 14), (128, 64, 3, 3), same),
        "narrow": ((2, 24, 13, 19), (1, 24, 3, 3), same),
        "narrow_two": (
            (1, 16, 12, 9), (2, 16, 2, 3),
            {"dilations": (3, 2), "pads": (0, 2, 3, 1)},
        ),
        "narrow_gate": (
            (1, 32, 4, 9, 9), (2, 16, 3, 3, 3),
            {"groups": 2, "pads": (1, 1, 1, 1, 1, 1)},
        ),
        "narrow_groups": (
            (2, 48, 7, 8), (6, 16, 3, 3), same | {"groups": 3, "bias": False},
        ),
    }  # fmt: skip
    for text, (shape, weight, attributes) in table.items():
        few = text in ("3x3", "depthwise", "pointwise")
        for dtype in FLOATS if few else ("f32",):
            yield conv(f"conv_{text}_{dtype}", dtype, shape, weight, **attributes)


def depthwise_cases():
    table = {
        "7x7": (
            (1, 20, 13, 17), (20, 1, 7, 7), {"groups": 20, "pads": (3,) * 4},
        ),
        "dilated": (
            (2, 8, 17, 19), (8, 1, 3, 3),
            {"groups": 8, "dilations": (2, 1), "strides": (1, 2),
             "pads": (2, 1, 2, 1)},
        ),
        "row": (
            (1, 3, 9, 40), (3, 1, 1, 19), {"groups": 3, "pads": (0, 9, 0, 9)},
        ),
        "apart": (
            (1, 8, 8, 8), (8, 1, 2, 2), {"groups": 8, "strides": (2, 2)},
        ),
        "3d": (
            (1, 6, 5, 9, 8), (6, 1, 3, 3, 3), {"groups": 6, "pads": (1,) * 6},
        ),
    }  # fmt: skip
    for text, (shape, weight, attributes) in table.items():
        yield conv(f"conv_depthwise_{text}_f32", "f32", shape, weight, **attributes)


def conv_transpose_cases():
    for i, (shape, weight, strides, pads, dilations, groups, extra) in enumerate(
        [
            ((1, 3, 5, 5), (3, 4, 2, 2), (2, 2), (0, 0, 0, 0), (1, 1), 1, (0, 0)),
            ((1, 3, 5, 6), (3, 4, 3, 3), (2, 2), (1, 1, 1, 1), (1, 1), 1, (1, 1)),
            ((2, 4, 4, 4), (4, 3, 3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 2, (0, 0)),
            ((1, 2, 4, 4), (2, 3, 3, 3), (3, 2), (0, 1, 1, 0), (2, 1), 1, (2, 0)),
            ((1, 5, 7), (5, 2, 4), (4,), (0, 0), (1,), 1, (0,)),
            ((1, 6, 3, 3), (6, 1, 4, 4), (2, 2), (1, 1, 1, 1), (1, 1), 6, (0, 0)),
            ((1, 2, 2, 3, 3), (2, 2, 2, 2, 2), (2, 2, 2), (0,) * 6, (1, 1, 1), 1,
             (0, 0, 0)),
            ((2, 20, 3, 5), (20, 1, 2, 3), (2, 3), (0, 0, 0, 0), (1, 1), 20, (0, 0)),
        ]
    ):  # fmt: skip
        spatial = len(shape) - 2
        out = [shape[0], weight[1] * groups]
        for d in range(spatial):
            out.append(
                (shape[d + 2] - 1) * strides[d] - pads[d] - pads[d + spatial]
                + dilations[d] * (weight[d + 2] - 1) + 1 + extra[d]
            )  # fmt: skip
        for dtype in ("f32", "f64", "bf16") if i == 1 else ("f32",):
            yield Case(
                f"conv_transpose_{i}_{dtype}",
                f"visir.conv_transpose {{0}}, {{1}}, {{2}} {{{{strides = "
                f"{array(strides)}, pads = {array(pads)}, dilations = "
                f"{array(dilations)}, groups = {groups} : i64, "
                f"output_padding = {array(extra)}}}}}",
                (
                    Tensor(dtype, shape, normal),
                    Tensor(dtype, weight, normal),
                    Tensor(dtype, (out[1],), normal),
                ),
                ((dtype, tuple(out)),),
                tolerance(SUMMED, dtype),
            )


def attention_cases():
    for i, (leading, m, n, d, e, mask, causal) in enumerate(
        [
            ((), 3, 5, 4, 4, None, False),
            ((2, 3), 7, 7, 8, 8, None, False),
            ((2, 3), 7, 7, 8, 8, None, True),
            ((1, 2), 5, 9, 16, 6, (5, 9), False),
            ((2, 2), 5, 9, 16, 16, (2, 1, 1, 9), False),
            ((1,), 1, 33, 32, 32, None, False),
            ((1, 4), 49, 49, 32, 32, (4, 49, 49), False),
            ((3,), 1, 1, 1, 1, None, True),
            ((1, 3), 197, 197, 64, 64, None, False),
            ((2, 2), 40, 70, 24, 40, (40, 70), False),
            ((3,), 33, 33, 16, 16, None, True),
            ((1,), 17, 40, 128, 128, None, False),
        ]
    ):
        for dtype in FLOATS if i == 1 else ("f32",):
            inputs = [
                Tensor(dtype, leading + (m, d), normal),
                Tensor(dtype, leading + (n, d), normal),
                Tensor(dtype, leading + (n, e), normal),
            ]
            if mask is not None:
                inputs.append(Tensor(dtype, mask, normal))
            operands = ", ".join(f"{{{j}}}" for j in range(len(inputs)))
            yield Case(
                f"attention_{i}_{dtype}",
                f"visir.attention {operands} {{{{scale = {d**-0.5!r} : f64"
                f"{', causal' if causal else ''}}}}}",
                tuple(inputs),
                ((dtype, leading + (m, e)),),
                tolerance(SUMMED, dtype),
            )


def cases():
    yield from matmul_cases()
    yield from conv_cases()
    yield from depthwise_cases()
    yield from conv_transpose_cases()
    yield from attention_cases()
