# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of movement and indexing."""

import itertools

import numpy

from test.e2e.ops.case import (
    EXACT,
    ROUNDING,
    Case,
    Tensor,
    given,
    integers,
    normal,
    tolerance,
    whole,
)

DTYPES = ("f32", "f64", "f16", "bf16", "si64", "si32", "si8", "ui8", "i1")


def array(values):
    """The text of a DenseI64ArrayAttr."""
    values = list(values)
    return f"array<i64: {', '.join(map(str, values))}>" if values else (
        "array<i64>"
    )


def move_one(name, op, dtype, shape, attributes, out):
    text = ", ".join(f"{k} = {v}" for k, v in attributes.items())
    return Case(
        name,
        f"visir.{op} {{0}} {{{{{text}}}}}",
        (Tensor(dtype, shape, whole(dtype)),),
        ((dtype, out),),
        EXACT,
    )


def reshape_cases():
    for i, (shape, out) in enumerate(
        [((2, 3, 4), (6, 4)), ((6, 4), (2, 3, 4)), ((1,), ()), ((0, 3), (3, 0)),
         ((4, 6), (3, 8)), ((), (1, 1)), ((1, 7, 1), (7,))]  # fmt: skip
    ):
        yield move_one(
            f"reshape_{i}", "reshape", "f32", shape, {"shape": array(out)}, out
        )


def transpose_cases():
    for permutation in itertools.permutations(range(3)):
        shape = (2, 5, 19)
        out = tuple(shape[d] for d in permutation)
        text = "".join(map(str, permutation))
        for dtype in DTYPES if text == "201" else ("f32",):
            yield move_one(
                f"transpose_{text}_{dtype}", "transpose", dtype, shape,
                {"permutation": array(permutation)}, out,
            )  # fmt: skip
    for shape, permutation in (
        ((1, 3, 8, 9), (0, 2, 3, 1)), ((2, 4, 5, 3), (0, 3, 1, 2)),
        ((2, 3, 4, 5), (0, 2, 1, 3)), ((3, 0), (1, 0)), ((), ()),
        ((33, 65), (1, 0)), ((2, 1, 2, 1, 3, 2), (5, 0, 4, 1, 3, 2)),
    ):  # fmt: skip
        out = tuple(shape[d] for d in permutation)
        text = "x".join(map(str, shape)) or "scalar"
        yield move_one(
            f"transpose_{text}", "transpose", "f32", shape,
            {"permutation": array(permutation)}, out,
        )  # fmt: skip


def slice_cases():
    for i, (shape, offsets, sizes, strides) in enumerate(
        [
            ((6,), (1,), (3,), (1,)),
            ((6,), (5,), (6,), (-1,)),
            ((7, 9), (6, 0), (3, 5), (-3, 2)),
            ((4, 5), (0, 2), (4, 0), (1, 1)),
            ((2, 3, 4, 5), (1, 0, 3, 1), (1, 3, 2, 2), (1, 1, -2, 3)),
            ((3,), (2,), (1,), (1,)),
            ((64, 64), (0, 16), (64, 32), (1, 1)),
        ]
    ):
        for dtype in DTYPES if i == 2 else ("f32",):
            yield move_one(
                f"slice_{i}_{dtype}", "slice", dtype, shape,
                {"offsets": array(offsets), "sizes": array(sizes),
                 "strides": array(strides)}, sizes,
            )  # fmt: skip


def pad_cases():
    for mode in ("constant", "edge", "reflect", "wrap"):
        for i, (shape, low, high) in enumerate(
            [((5,), (2,), (3,)), ((3, 4), (1, 0), (0, 2)),
             ((1, 2, 4, 4), (0, 0, 1, 2), (0, 0, 3, 1)), ((2, 3), (0, 0), (0, 0))]  # fmt: skip
        ):
            for dtype in DTYPES if i == 1 else ("f32",):
                if dtype == "i1" and mode == "constant":
                    continue
                out = tuple(map(sum, zip(shape, low, high)))
                yield move_one(
                    f"pad_{mode}_{i}_{dtype}", "pad", dtype, shape,
                    {"low": array(low), "high": array(high),
                     "mode": f"#visir<pad_mode {mode}>",
                     "value": "3.0 : f64"}, out,
                )  # fmt: skip
    yield move_one(
        "pad_nothing", "pad", "f32", (0, 2),
        {"low": array((1, 0)), "high": array((1, 1)),
         "mode": "#visir<pad_mode constant>", "value": "-1.5 : f64"}, (2, 3),
    )  # fmt: skip


def expand_cases():
    for i, (shape, out) in enumerate(
        [((3, 1), (3, 4)), ((), (2, 3)), ((1, 5), (7, 2, 5)),
         ((2, 1, 3), (2, 6, 3)), ((1,), (0,)), ((4,), (4,))]  # fmt: skip
    ):
        for dtype in DTYPES if i == 3 else ("f32",):
            yield move_one(
                f"expand_{i}_{dtype}", "expand", dtype, shape,
                {"shape": array(out)}, out,
            )  # fmt: skip


def concat_cases():
    for i, (shapes, axis) in enumerate(
        [
            (((2, 3), (4, 3)), 0),
            (((2, 3), (2, 1), (2, 5)), 1),
            (((2, 3, 1),), 2),
            (((0, 3), (2, 3)), 0),
            (((1, 8, 5, 5), (1, 24, 5, 5), (1, 3, 5, 5)), 1),
            (((3, 1, 7),) * 9, 1),
        ]
    ):
        for dtype in DTYPES if i == 1 else ("f32",):
            out = list(shapes[0])
            out[axis] = sum(shape[axis] for shape in shapes)
            operands = ", ".join(f"{{{j}}}" for j in range(len(shapes)))
            yield Case(
                f"concat_{i}_{dtype}",
                f"visir.concat {operands} {{{{axis = {axis} : i64}}}}",
                tuple(Tensor(dtype, s, whole(dtype)) for s in shapes),
                ((dtype, tuple(out)),),
                EXACT,
            )


def box(sizes, source, src, dst):
    return (
        f"<sizes = {list(sizes)}, source = {source}, src = {src}, dst = {dst}>"
    )


def move_cases():
    roll = [
        box((5, 2), 0, "(d0, d1) -> (d0, d1 + 4)", "(d0, d1) -> (d0, d1)"),
        box((5, 4), 0, "(d0, d1) -> (d0, d1)", "(d0, d1) -> (d0, d1 + 2)"),
    ]
    windows = [
        box(
            (2, 3, 2, 2),
            0,
            "(d0, d1, d2, d3) -> (d0 * 2 + d2, d1 * 2 + d3)",
            "(d0, d1, d2, d3) -> (d0 * 3 + d1, d2 * 2 + d3)",
        )
    ]
    padded = [
        box((6, 3), -1, "(d0, d1) -> ()", "(d0, d1) -> (d0, d1)"),
        box((2, 3), 1, "(d0, d1) -> (-d0 + 1, 0)", "(d0, d1) -> (d0 * 3, d1)"),
    ]
    for name, boxes, shapes, out in (
        ("roll", roll, [(5, 6)], (5, 6)),
        ("windows", windows, [(4, 6)], (6, 4)),
        ("padded", padded, [(1,), (2, 1)], (6, 3)),
    ):
        for dtype in ("f32", "si64", "bf16"):
            operands = ", ".join(f"{{{j}}}" for j in range(len(shapes)))
            yield Case(
                f"move_{name}_{dtype}",
                f"visir.move {operands} {{{{map = #visir.map<"
                f"[{', '.join(boxes)}], fill = 2.0 : f64>}}}}",
                tuple(Tensor(dtype, s, whole(dtype)) for s in shapes),
                ((dtype, out),),
                EXACT,
            )


def gather_cases():
    for i, (shape, indices, axis) in enumerate(
        [((5,), (3,), 0), ((4, 6), (2, 3), 0), ((4, 6), (2, 3), 1),
         ((3, 4, 5), (), 1), ((3, 4, 5), (0,), 1), ((100, 16), (7,), 0)]  # fmt: skip
    ):
        for dtype in DTYPES if i == 2 else ("f32",):
            for index in ("si64", "si32") if i < 2 else ("si64",):
                out = shape[:axis] + indices + shape[axis + 1 :]
                extent = shape[axis]
                yield Case(
                    f"gather_{i}_{dtype}_{index}",
                    f"visir.gather {{0}}, {{1}} {{{{axis = {axis} : i64}}}}",
                    (
                        Tensor(dtype, shape, whole(dtype)),
                        Tensor(index, indices, integers(-extent, extent)),
                    ),
                    ((dtype, out),),
                    EXACT,
                )
    for i, (shape, indices, axis) in enumerate(
        [((4, 5), (2, 5), 0), ((4, 5), (4, 3), 1), ((2, 3, 4), (2, 3, 7), 2)]
    ):
        extent = shape[axis]
        yield Case(
            f"gather_elements_{i}",
            f"visir.gather_elements {{0}}, {{1}} {{{{axis = {axis} : i64}}}}",
            (
                Tensor("f32", shape, normal),
                Tensor("si64", indices, integers(-extent, extent)),
            ),
            (("f32", indices),),
            EXACT,
        )
    for i, (shape, indices, batch) in enumerate(
        [((4, 4, 3), (5, 2), 0), ((4, 4), (2, 3, 1), 0), ((2, 4, 3), (2, 5, 1), 1),
         ((2, 4, 4), (2, 2), 1), ((3, 3), (2,), 0)]  # fmt: skip
    ):
        depth = indices[-1]
        out = indices[:-1] + shape[batch + depth :]
        yield Case(
            f"gather_nd_{i}",
            f"visir.gather_nd {{0}}, {{1}} {{{{batch_dims = {batch} : i64}}}}",
            (
                Tensor("f32", shape, normal),
                Tensor("si64", indices, integers(-3, 3)),
            ),
            (("f32", out),),
            EXACT,
        )


def distinct(extent):
    """Indices along axis 0 that repeat in no column."""

    def values(rng, shape):
        columns = int(numpy.prod(shape[1:]))
        picked = [
            rng.permutation(extent)[: shape[0]] for _ in range(columns)
        ]
        return numpy.stack(picked, 1).reshape(shape)

    return values


def scatter_cases():
    for kind in ("replace", "add", "mul", "max", "min"):
        for dtype in ("f32", "f64", "bf16", "si64", "si32", "ui8"):
            indices = distinct(6) if kind == "replace" else integers(-6, 6)
            yield Case(
                f"scatter_elements_{kind}_{dtype}",
                f"visir.scatter_elements {kind} {{0}}, {{1}}, {{2}} "
                "{{axis = 0 : i64}}",
                (
                    Tensor(dtype, (6, 5), whole(dtype)),
                    Tensor("si64", (4, 5), indices),
                    Tensor(dtype, (4, 5), whole(dtype)),
                ),
                ((dtype, (6, 5)),),
                tolerance(ROUNDING, dtype),
            )
        for dtype in ("f32", "si64"):
            yield Case(
                f"scatter_nd_{kind}_{dtype}",
                f"visir.scatter_nd {kind} {{0}}, {{1}}, {{2}}",
                (
                    Tensor(dtype, (5, 4, 3), whole(dtype)),
                    Tensor("si64", (6, 2), integers(-4, 4)),
                    Tensor(dtype, (6, 3), whole(dtype)),
                ),
                ((dtype, (5, 4, 3)),),
                tolerance(ROUNDING, dtype),
            )
    yield Case(
        "scatter_nd_last_wins",
        "visir.scatter_nd replace {0}, {1}, {2}",
        (
            Tensor("f32", (4,), normal),
            Tensor("si64", (3, 1), given([[1], [-3], [1]])),
            Tensor("f32", (3,), normal),
        ),
        (("f32", (4,)),),
        EXACT,
    )


def cases():
    yield from reshape_cases()
    yield from transpose_cases()
    yield from slice_cases()
    yield from pad_cases()
    yield from expand_cases()
    yield from concat_cases()
    yield from move_cases()
    yield from gather_cases()
    yield from scatter_cases()
