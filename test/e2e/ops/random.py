# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of random numbers: the same bits everywhere."""

from test.e2e.ops.case import EXACT, Case, Tensor, given, ir_type, normal


def draw(kind, shape, stream):
    """The op without its types."""
    extents = f"array<i64: {', '.join(map(str, shape))}>" if shape else (
        "array<i64>"
    )
    return (
        f"visir.random {{0}} {{{{kind = \"{kind}\", shape = {extents}, "
        f"stream = {stream} : i64}}}}"
    )


def case(name, kind, shape, seed=1, stream=0):
    return Case(
        f"random_{kind}_{name}",
        draw(kind, shape, stream),
        (Tensor("si64", (), given(seed)),),
        (("f32", shape),),
        EXACT,
    )


def scaled(kind, function, shape):
    """Random numbers that the op behind reads on the fly."""
    operands = (ir_type("f32", shape), ir_type("f32", shape))
    return Case(
        f"random_{kind}_{function}",
        f"visir.binary {function} %n, {{1}}",
        (Tensor("si64", (), given(77)), Tensor("f32", shape, normal)),
        (("f32", shape),),
        EXACT,
        steps=(
            f"%n = {draw(kind, shape, 5)} : (tensor<si64>) -> {operands[0]}",
        ),
        operands=operands,
    )


def cases():
    for kind in ("uniform", "normal"):
        for shape in (
            (), (1,), (5,), (67,), (3, 7), (10, 1, 512), (2, 3, 5, 4), (9, 1),
            (4099,),
        ):  # fmt: skip
            name = "x".join(map(str, shape)) or "scalar"
            yield case(name, kind, shape)
        for name, seed in (
            ("zero", 0), ("negative", -5), ("wide", 0x123456789ABCDEF0),
        ):  # fmt: skip
            yield case(f"seed_{name}", kind, (33,), seed)
        for stream in (1, 2**32, -1):
            yield case(f"stream_{stream}", kind, (33,), 3, stream)
        yield scaled(kind, "max", (6, 37))
