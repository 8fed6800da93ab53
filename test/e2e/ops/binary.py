# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of convolutions of signs. Everything is an integer: all are exact."""

import random

import numpy

from test.e2e.ops.case import EXACT, FLOATS, Case, Tensor

WORD = 32


def few(rng, shape):
    """Small integers, a fifth of them zero, some of these negative."""
    values = rng.integers(-2, 3, shape).astype(float)
    return numpy.where((values == 0) & (rng.random(shape) < 0.5), -0.0, values)


def holes(rng, shape):
    """Some NaN and infinities among them."""
    values = few(rng, shape)
    values[rng.random(shape) < 0.1] = numpy.nan
    values[rng.random(shape) < 0.1] = numpy.inf
    values[rng.random(shape) < 0.1] = -numpy.inf
    return values


def words(rng, shape):
    """All bits, those past the channels too."""
    return rng.integers(-(2**31), 2**31, shape)


def extent(size, kernel, stride, low, high, dilation):
    return (size + low + high - dilation * (kernel - 1) - 1) // stride + 1


def binary_conv(name, shape, kernel, outputs, dtype="f32", values=few,
                strides=None, pads=None, dilations=None, at_zero=0,
                affine="", groups=1):  # fmt: skip
    rank = len(kernel)
    strides = strides or (1,) * rank
    pads = pads or tuple(k // 2 for k in kernel) * 2
    dilations = dilations or (1,) * rank
    channels, spatial = shape[1], shape[2:]
    out = tuple(
        extent(size, *rest)
        for size, *rest in zip(
            spatial, kernel, strides, pads[:rank], pads[rank:], dilations
        )
    )
    inputs = [
        Tensor(dtype, shape, values),
        Tensor("si32", (*kernel, -(-channels // groups // WORD), outputs), words),
    ]
    body = "visir.binary_conv {0}, {1}"
    for word in affine.split():
        body += f" {word} by {{{len(inputs)}}}"
        inputs.append(Tensor(dtype, (channels,), few))

    def list_of(numbers):
        return f"array<i64: {', '.join(map(str, numbers))}>"

    body += (
        f" {{{{strides = {list_of(strides)}, pads = {list_of(pads)}, dilations "
        f"= {list_of(dilations)}, at_zero = {at_zero} : i64"
    )
    body += f", groups = {groups} : i64}}}}" if groups > 1 else "}}"
    return Case(
        f"binary_conv_{name}",
        body,
        tuple(inputs),
        ((dtype, (shape[0], outputs, *out)),),
        EXACT,
    )


def drawn(number):
    """A case of drawn shapes; the same every time."""
    draw = random.Random(number)
    rank = draw.choice((1, 2, 2, 2, 3))
    kernel = tuple(draw.choice((1, 2, 3, 3, 5)) for _ in range(rank))
    dilations = tuple(draw.choice((1, 1, 2)) for _ in range(rank))
    pads = tuple(draw.randrange(4) for _ in range(2 * rank))
    shape = (draw.choice((1, 2)), draw.choice((3, 31, 32, 64, 90)))
    shape += tuple(
        d * (k - 1) + draw.randrange(1, 12)
        for k, d in zip(kernel, dilations)
    )
    return binary_conv(
        f"drawn_{number}", shape, kernel, draw.choice((1, 5, 16, 48, 65)),
        strides=tuple(draw.choice((1, 1, 2, 3)) for _ in range(rank)),
        pads=pads, dilations=dilations, at_zero=draw.choice((-1, 0, 1)),
        values=draw.choice((few, holes)),
        affine=draw.choice(("", "scaled", "shifted", "scaled shifted")),
    )  # fmt: skip


def cases():
    for dtype in FLOATS:
        yield binary_conv(dtype, (2, 40, 6, 7), (3, 3), 24, dtype)
    for at_zero in (-1, 0, 1):
        for affine in ("", "scaled", "shifted", "scaled shifted"):
            yield binary_conv(
                f"zero_{at_zero}_{affine.replace(' ', '_')}", (1, 45, 5, 5),
                (3, 3), 18, values=holes, at_zero=at_zero, affine=affine,
            )  # fmt: skip
    for channels in (1, 31, 32, 33, 64, 96, 160, 1024, 1056):
        yield binary_conv(f"from_{channels}", (1, channels, 4, 5), (3, 3), 16)
    for outputs in (1, 2, 7, 15, 17, 63, 64, 70, 130):
        yield binary_conv(f"to_{outputs}", (1, 64, 4, 9), (3, 3), outputs)
    for size in (1, 2, 3, 6, 7, 12, 13, 28):
        yield binary_conv(f"size_{size}", (1, 64, size, size), (3, 3), 64)
    for groups, channels, outputs in (
        (2, 32, 6), (3, 15, 48), (4, 64, 64), (4, 128, 128), (2, 128, 40),
        (8, 256, 16),
    ):  # fmt: skip
        for strides in ((1, 1), (2, 2)):
            yield binary_conv(
                f"groups_{groups}_{channels}_to_{outputs}_s{strides[0]}",
                (2, channels, 7, 9), (3, 3), outputs, values=holes,
                strides=strides, affine="scaled shifted", groups=groups,
            )  # fmt: skip
    yield binary_conv("groups_1x1", (1, 64, 5, 6), (1, 1), 32, groups=2)
    for name, kernel, options in (
        ("1x1", (1, 1), {}),
        ("1x1_s2", (1, 1), {"strides": (2, 2)}),
        ("s2", (3, 3), {"strides": (2, 2)}),
        ("5x5", (5, 5), {}),
        ("rows", (3, 1), {}),
        ("columns", (1, 3), {}),
        ("dilated", (3, 3), {"dilations": (2, 3), "pads": (2, 3, 2, 3)}),
        ("beyond", (3, 3), {"pads": (4, 5, 6, 3)}),
        ("one_side", (3, 3), {"pads": (0, 2, 1, 0)}),
        ("inside", (3, 3), {"pads": (0, 0, 0, 0)}),
    ):
        yield binary_conv(name, (1, 64, 11, 13), kernel, 48, **options)
    for number in range(24):
        yield drawn(number)
