# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of reductions, norms, windows and sampling."""

import numpy

from test.e2e.ops.case import (
    APPROXIMATED,
    EXACT,
    FLOATS,
    SIGNED,
    SUMMED,
    UNSIGNED,
    Case,
    Tensor,
    given,
    integers,
    normal,
    positive,
    tolerance,
    uniform,
    whole,
)
from test.e2e.ops.movement import array

REDUCTIONS = (
    "sum", "mean", "prod", "max", "min", "l1", "l2", "sum_square", "log_sum",
    "log_sum_exp",
)  # fmt: skip


def reduce(name, kind, dtype, shape, axes, keepdims, values):
    out = [
        1 if d in axes else extent
        for d, extent in enumerate(shape)
        if keepdims or d not in axes
    ]
    table = {} if kind in ("max", "min") else SUMMED
    return Case(
        name,
        f"visir.reduce {kind} {{0}} {{{{axes = {array(axes)}, keepdims = "
        f"{str(keepdims).lower()}}}}}",
        (Tensor(dtype, shape, values),),
        ((dtype, tuple(out)),),
        tolerance(table, dtype),
    )


def reduce_cases():
    shape = (3, 4, 5)
    for kind in REDUCTIONS:
        values = positive if kind in ("log_sum", "prod") else normal
        for axes in ((0,), (1,), (2,), (0, 2), (0, 1, 2), ()):
            text = "".join(map(str, axes)) or "none"
            yield reduce(
                f"reduce_{kind}_{text}", kind, "f32", shape, axes, False, values
            )
        for dtype in FLOATS:
            yield reduce(
                f"reduce_{kind}_{dtype}", kind, dtype, (7, 33), (1,), True,
                values,
            )  # fmt: skip
    for kind in ("sum", "prod", "max", "min", "l1", "sum_square"):
        for dtype in SIGNED + UNSIGNED:
            yield reduce(
                f"reduce_{kind}_{dtype}", kind, dtype, (6, 7), (0,), False,
                whole(dtype),
            )  # fmt: skip
    for kind in ("sum", "prod", "max", "min"):
        yield reduce(
            f"reduce_{kind}_nothing", kind, "f32", (2, 0, 3), (1,), False,
            normal,
        )  # fmt: skip
    yield reduce(
        "reduce_log_sum_exp_large", "log_sum_exp", "f32", (3, 5), (1,), False,
        uniform(900, 1000),
    )  # fmt: skip
    yield reduce(
        "reduce_mean_spatial", "mean", "f32", (1, 96, 14, 14), (2, 3), True,
        normal,
    )  # fmt: skip
    yield reduce(
        "reduce_sum_long", "sum", "f32", (100003,), (0,), False, positive
    )
    yield reduce(
        "reduce_max_nan", "max", "f32", (4, 3), (1,), False,
        given([[1, numpy.nan, 2], [numpy.nan, 1, 1], [1, 2, numpy.nan],
               [-numpy.inf, -1, -2]]),
    )  # fmt: skip


def row_case(name, op, dtype, shape, attributes, table, values=normal,
             out=None):  # fmt: skip
    return Case(
        name,
        f"visir.{op} {{0}} {{{{{attributes}}}}}",
        (Tensor(dtype, shape, values),),
        (out or (dtype, shape),),
        tolerance(table, dtype),
    )


def row_cases():
    for dtype in FLOATS:
        for log in ("", ", log"):
            yield row_case(
                f"softmax{log[2:]}_{dtype}", "softmax", dtype, (5, 37),
                f"axis = 1 : i64{log}", APPROXIMATED, uniform(-4, 4),
            )  # fmt: skip
    for i, (shape, axis) in enumerate(
        [((3, 4, 5), 0), ((3, 4, 5), 1), ((7, 1), 1), ((1, 1000), 1),
         ((2, 0), 1), ((9,), 0)]  # fmt: skip
    ):
        yield row_case(
            f"softmax_{i}", "softmax", "f32", shape, f"axis = {axis} : i64",
            APPROXIMATED, uniform(-4, 4),
        )  # fmt: skip
    yield row_case(
        "softmax_large", "softmax", "f32", (2, 3), "axis = 1 : i64",
        APPROXIMATED, given([[1e4, 1e4 - 1, -1e4], [-1e4, -1e4, -1e4]]),
    )  # fmt: skip
    yield row_case(
        "softmax_masked", "softmax", "f32", (1, 4), "axis = 1 : i64",
        APPROXIMATED, given([[1, -numpy.inf, 2, -numpy.inf]]),
    )  # fmt: skip
    for dtype in FLOATS + ("si32", "si64"):
        for text in ("", ", exclusive", ", reverse", ", exclusive, reverse"):
            yield row_case(
                f"cumsum_{dtype}{text.replace(', ', '_')}", "cumsum", dtype,
                (3, 9, 2), f"axis = 1 : i64{text}", SUMMED, integers(-9, 10),
            )  # fmt: skip
    for kind in ("max", "min"):
        for dtype in ("f32", "f64", "bf16", "si64", "si32", "ui8", "si8"):
            for text in ("", ", select_last"):
                values = integers(0, 4)
                yield row_case(
                    f"arg_reduce_{kind}_{dtype}{text.replace(', ', '_')}",
                    f"arg_reduce {kind}", dtype, (4, 9, 3),
                    f"axis = 1 : i64, keepdims = true{text}", {}, values,
                    ("si64", (4, 1, 3)),
                )  # fmt: skip
    yield row_case(
        "arg_reduce_drop", "arg_reduce max", "f32", (5, 77),
        "axis = 1 : i64, keepdims = false", {}, normal, ("si64", (5,)),
    )  # fmt: skip


def topk_cases():
    for i, (dtype, shape, axis, k, text) in enumerate(
        [
            ("f32", (3, 17), 1, 5, ""),
            ("f32", (3, 17), 1, 5, ", smallest"),
            ("f32", (6, 4), 0, 6, ""),
            ("si64", (2, 9), 1, 3, ""),
            ("f64", (9,), 0, 1, ""),
            ("ui8", (4, 9), 1, 4, ""),
            ("bf16", (4, 9), 1, 4, ", smallest"),
            ("f32", (2, 3), 1, 0, ""),
        ]
    ):
        out = list(shape)
        out[axis] = k
        yield Case(
            f"topk_{i}_{dtype}",
            f"visir.topk {{0}} {{{{axis = {axis} : i64, k = {k} : i64{text}}}}}",
            (Tensor(dtype, shape, integers(0, 12)),),
            ((dtype, tuple(out)), ("si64", tuple(out))),
            EXACT,
        )


def norm_cases():
    for i, (shape, axis, parameter, text) in enumerate(
        [((4, 33), 1, (33,), ""), ((2, 3, 8), 1, (3, 8), ""),
         ((4, 33), 1, (33,), ", rms"), ((4, 1), 1, (1,), ""),
         ((2, 7, 96), 2, (96,), ""), ((3, 5), 1, (1,), ""),
         ((5, 180), 1, (180,), ", rms"), ((2, 9, 44), 2, (44,), ""),
         ((3, 4, 36), 1, (4, 36), "")]  # fmt: skip
    ):
        for dtype in FLOATS if i in (0, 2) else ("f32",):
            for parts in (2, 1, 0):
                inputs = [Tensor(dtype, shape, normal)]
                inputs += [Tensor(dtype, parameter, normal)] * parts
                names = "".join(
                    f" {word} {{{j + 1}}}"
                    for j, word in enumerate(("scale", "bias")[:parts])
                )
                yield Case(
                    f"layer_norm_{i}_{dtype}_{parts}",
                    f"visir.layer_norm {{0}}{names} {{{{axis = {axis} : i64, "
                    f"epsilon = 1.0e-05 : f64{text}}}}}",
                    tuple(inputs),
                    ((dtype, shape),),
                    tolerance(SUMMED, dtype),
                )
    for i, (shape, groups) in enumerate(
        [((2, 6, 5, 5), 3), ((2, 6, 5, 5), 6), ((1, 8, 9), 1), ((3, 4), 2)]
    ):
        parameter = Tensor("f32", shape[1:2], normal)
        yield Case(
            f"group_norm_{i}",
            "visir.group_norm {0} scale {1} bias {2} {{groups = "
            f"{groups} : i64, epsilon = 1.0e-05 : f64}}}}",
            (Tensor("f32", shape, normal), parameter, parameter),
            (("f32", shape),),
            tolerance(SUMMED, "f32"),
        )
    for dtype in FLOATS:
        parameter = Tensor(dtype, (5,), normal)
        yield Case(
            f"batch_norm_{dtype}",
            "visir.batch_norm {0}, {1}, {2}, {3}, {4} "
            "{{epsilon = 1.0e-05 : f64}}",
            (
                Tensor(dtype, (2, 5, 3, 4), normal), parameter, parameter,
                parameter, Tensor(dtype, (5,), positive),
            ),
            ((dtype, (2, 5, 3, 4)),),
            tolerance(SUMMED, dtype),
        )  # fmt: skip
    for size in (1, 2, 3, 5, 12):
        yield row_case(
            f"lrn_{size}", "lrn", "f32", (2, 7, 3, 3),
            f"size = {size} : i64, alpha = 0.1 : f64, beta = 0.75 : f64, "
            "bias = 1.0 : f64", APPROXIMATED,
        )  # fmt: skip


def pool(name, kind, dtype, shape, kernel, strides, pads, dilations, more=""):
    spatial = len(kernel)
    out = list(shape[:2])
    for d in range(spatial):
        room = shape[d + 2] + pads[d] + pads[d + spatial]
        out.append((room - dilations[d] * (kernel[d] - 1) - 1) // strides[d] + 1)
    return Case(
        name,
        f"visir.{kind} {{0}} {{{{kernel = {array(kernel)}, strides = "
        f"{array(strides)}, pads = {array(pads)}, dilations = "
        f"{array(dilations)}{more}}}}}",
        (Tensor(dtype, shape, whole(dtype)),),
        ((dtype, tuple(out)),),
        tolerance({} if kind == "max_pool" else SUMMED, dtype),
    )


def pool_cases():
    table = [
        ((1, 3, 8, 8), (2, 2), (2, 2), (0, 0, 0, 0), (1, 1)),
        ((2, 5, 9, 7), (3, 3), (2, 2), (1, 1, 1, 1), (1, 1)),
        ((1, 2, 9, 9), (3, 2), (1, 3), (0, 1, 2, 0), (2, 1)),
        ((1, 4, 11), (5,), (1,), (2, 2), (1,)),
        ((1, 2, 4, 5, 6), (2, 2, 2), (1, 2, 2), (0,) * 6, (1, 1, 1)),
        ((1, 3, 7, 7), (7, 7), (1, 1), (0, 0, 0, 0), (1, 1)),
        ((1, 1, 5, 5), (1, 1), (2, 2), (0, 0, 0, 0), (1, 1)),
        ((1, 17, 6, 6), (13, 13), (1, 1), (6, 6, 6, 6), (1, 1)),
    ]
    for i, row in enumerate(table):
        integer = ("si8", "ui8", "si32") if i == 1 else ()
        for dtype in FLOATS + integer if i == 1 else ("f32",):
            yield pool(f"max_pool_{i}_{dtype}", "max_pool", dtype, *row)
            if dtype in FLOATS:
                yield pool(f"avg_pool_{i}_{dtype}", "avg_pool", dtype, *row)
        pads = row[3]
        yield pool(
            f"avg_pool_{i}_counted", "avg_pool", "f32", *row,
            f", counted_pads = {array(pads)}",
        )  # fmt: skip


def sampling_cases():
    for i, (shape, axis, out, taps) in enumerate(
        [((1, 3, 4, 5), 2, 8, 2), ((1, 3, 4, 5), 3, 3, 2), ((6,), 0, 9, 4),
         ((2, 4, 3), 1, 1, 1)]  # fmt: skip
    ):
        result = list(shape)
        result[axis] = out
        for dtype in FLOATS if i == 0 else ("f32",):
            yield Case(
                f"resize_{i}_{dtype}",
                f"visir.resize {{0}}, {{1}}, {{2}} {{{{axis = {axis} : i64}}}}",
                (
                    Tensor(dtype, shape, normal),
                    Tensor("si64", (out, taps), integers(0, shape[axis])),
                    Tensor("f32", (out, taps), uniform(-0.5, 1)),
                ),
                ((dtype, tuple(result)),),
                tolerance(SUMMED, dtype),
            )
    # Coordinates off the jumps between two elements.
    grid = lambda rng, shape: (rng.integers(-13, 13, shape) + 0.3) / 10  # noqa: E731
    for mode in ("nearest", "linear", "cubic"):
        for border in ("zeros", "border", "reflection"):
            for text in ("", ", align_corners"):
                yield Case(
                    f"grid_sample_{mode}_{border}{text.replace(', ', '_')}",
                    "visir.grid_sample {0}, {1} {{mode = #visir<sample_mode "
                    f"{mode}>, border = #visir<border_mode {border}>{text}}}}}",
                    (
                        Tensor("f32", (2, 3, 5, 6), normal),
                        Tensor("f32", (2, 4, 3, 2), grid),
                    ),
                    (("f32", (2, 3, 4, 3)),),
                    tolerance(SUMMED, "f32"),
                )
    yield Case(
        "grid_sample_3d",
        "visir.grid_sample {0}, {1} {{mode = #visir<sample_mode linear>, "
        "border = #visir<border_mode zeros>}}",
        (
            Tensor("f32", (1, 2, 3, 4, 5), normal),
            Tensor("f32", (1, 2, 3, 2, 3), grid),
        ),
        (("f32", (1, 2, 2, 3, 2)),),
        tolerance(SUMMED, "f32"),
    )


def cases():
    yield from reduce_cases()
    yield from row_cases()
    yield from topk_cases()
    yield from norm_cases()
    yield from pool_cases()
    yield from sampling_cases()
