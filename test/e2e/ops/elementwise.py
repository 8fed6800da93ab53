# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of elementwise ops."""

import numpy

from test.e2e.ops.case import (
    APPROXIMATED,
    DTYPES,
    EXACT,
    FLOATS,
    ROUNDING,
    SIGNED,
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

# kind: (elements, params or none, table of tolerances)
UNARY_FLOAT = {
    "abs": (normal, None, {}),
    "neg": (normal, None, {}),
    "ceil": (uniform(-3, 3), None, {}),
    "floor": (uniform(-3, 3), None, {}),
    "round": (lambda r, s: r.integers(-9, 9, s) / 2, None, {}),
    "sign": (lambda r, s: r.integers(-1, 2, s), None, {}),
    "exp": (uniform(-8, 8), None, APPROXIMATED),
    "log": (positive, None, APPROXIMATED),
    "sqrt": (positive, None, ROUNDING),
    "reciprocal": (positive, None, ROUNDING),
    "sin": (uniform(-10, 10), None, APPROXIMATED),
    "cos": (uniform(-10, 10), None, APPROXIMATED),
    "tan": (uniform(-1, 1), None, APPROXIMATED),
    "asin": (uniform(-1, 1), None, APPROXIMATED),
    "acos": (uniform(-1, 1), None, APPROXIMATED),
    "atan": (normal, None, APPROXIMATED),
    "sinh": (normal, None, APPROXIMATED),
    "cosh": (normal, None, APPROXIMATED),
    "tanh": (uniform(-6, 6), None, APPROXIMATED),
    "asinh": (normal, None, APPROXIMATED),
    "acosh": (uniform(1.1, 9), None, APPROXIMATED),
    "atanh": (uniform(-0.9, 0.9), None, APPROXIMATED),
    "erf": (uniform(-4, 4), None, APPROXIMATED),
    "sigmoid": (uniform(-9, 9), None, APPROXIMATED),
    "relu": (normal, None, {}),
    "gelu": (uniform(-5, 5), None, APPROXIMATED),
    "gelu_tanh": (uniform(-5, 5), None, APPROXIMATED),
    "silu": (uniform(-9, 9), None, APPROXIMATED),
    "hard_swish": (uniform(-5, 5), None, ROUNDING),
    "hard_sigmoid": (uniform(-5, 5), (0.2, 0.5), ROUNDING),
    "leaky_relu": (normal, (0.01,), ROUNDING),
    "elu": (normal, (1.5,), APPROXIMATED),
    "selu": (normal, (1.67326, 1.0507), APPROXIMATED),
    "celu": (normal, (0.7,), APPROXIMATED),
    "softplus": (uniform(-9, 9), None, APPROXIMATED),
    "softsign": (normal, None, ROUNDING),
    "mish": (uniform(-9, 9), None, APPROXIMATED),
    "thresholded_relu": (normal, (0.5,), {}),
    "shrink": (normal, (0.3, 0.8), ROUNDING),
}
UNARY_INT = ("abs", "neg", "sign", "relu", "bit_not")
ODD = (2, 5, 7)


def params_text(params):
    if params is None:
        return ""
    return f" {{{{params = array<f64: {', '.join(map(repr, params))}>}}}}"


def unary(name, kind, dtype, shape, values, params, table, out=None):
    body = f"visir.unary {kind} {{0}}{params_text(params)}"
    return Case(
        name,
        body,
        (Tensor(dtype, shape, values),),
        ((out or dtype, shape),),
        tolerance(table, dtype),
    )


def unary_cases():
    for kind, (values, params, table) in UNARY_FLOAT.items():
        for dtype in FLOATS:
            name = f"unary_{kind}_{dtype}"
            yield unary(name, kind, dtype, ODD, values, params, table)
    for kind in UNARY_INT:
        for dtype in SIGNED if kind in ("neg",) else SIGNED + UNSIGNED:
            name = f"unary_{kind}_{dtype}"
            yield unary(name, kind, dtype, (37,), whole(dtype), None, {})
    yield unary("unary_not_i1", "not", "i1", (3, 5), whole("i1"), None, {})
    special = given([0.0, -0.0, numpy.inf, -numpy.inf, numpy.nan, 1, -1])
    for dtype in FLOATS:
        for kind, params in (("is_nan", None), ("is_inf", (1.0, 1.0))):
            yield unary(
                f"unary_{kind}_{dtype}", kind, dtype, (7,), special, params,
                {}, "i1",
            )  # fmt: skip
        yield unary(
            f"unary_is_inf_negative_{dtype}", "is_inf", dtype, (7,), special,
            (1.0, 0.0), {}, "i1",
        )  # fmt: skip
    for kind in (
        "relu", "abs", "exp", "sigmoid", "tanh", "gelu", "silu", "sqrt", "erf",
        "softplus", "hard_swish",
    ):  # fmt: skip
        yield unary(
            f"unary_{kind}_special_f32", kind, "f32", (7,), special, None,
            APPROXIMATED,
        )  # fmt: skip
    wide = given([-1e4, -100, -20, -1e-3, 0, 1e-3, 20, 100, 1e4])
    for kind in (
        "exp", "sigmoid", "tanh", "gelu", "gelu_tanh", "silu", "softplus",
        "mish", "erf",
    ):  # fmt: skip
        yield unary(
            f"unary_{kind}_wide_f32", kind, "f32", (9,), wide, None,
            APPROXIMATED,
        )  # fmt: skip
    for shape in ((), (0,), (1,), (3, 0, 2), (1, 1, 1, 1, 1, 1), (1031,)):
        text = "x".join(map(str, shape)) or "scalar"
        yield unary(
            f"unary_exp_{text}", "exp", "f32", shape, normal, None,
            APPROXIMATED,
        )  # fmt: skip


BINARY_FLOAT = {
    "add": (normal, normal, ROUNDING),
    "sub": (normal, normal, ROUNDING),
    "mul": (normal, normal, ROUNDING),
    "div": (normal, positive, ROUNDING),
    "pow": (positive, uniform(-2, 2), APPROXIMATED),
    "max": (normal, normal, {}),
    "min": (normal, normal, {}),
    # Multiples of 1/8 keep remainders exact.
    "mod": (
        lambda r, s: r.integers(-80, 80, s) / 8,
        lambda r, s: r.integers(1, 24, s) / 8 * r.choice([-1, 1], s),
        {},
    ),
    "fmod": (
        lambda r, s: r.integers(-80, 80, s) / 8,
        lambda r, s: r.integers(1, 24, s) / 8 * r.choice([-1, 1], s),
        {},
    ),
    "prelu": (normal, normal, ROUNDING),
}
BINARY_INT = ("add", "sub", "mul", "div", "max", "min", "mod", "fmod")
BIT = ("bit_and", "bit_or", "bit_xor", "shift_left", "shift_right")
BROADCASTS = [
    ((2, 3, 4), (2, 3, 4)),
    ((2, 3, 4), (4,)),
    ((2, 3, 4), (3, 1)),
    ((2, 3, 4), ()),
    ((), (2, 3)),
    ((5, 1), (1, 7)),
    ((1, 3, 1, 5), (2, 1, 4, 1)),
    ((1, 64, 7, 7), (64, 1, 1)),
    ((3, 0), (1,)),
    ((1,), (1,)),
    ((17, 33), (33,)),
]


def binary(name, op, dtype, shapes, values, table, out=None):
    shape = numpy.broadcast_shapes(*shapes)
    inputs = tuple(
        Tensor(dtype, s, v) for s, v in zip(shapes, values, strict=True)
    )
    return Case(
        name,
        f"visir.{op} {{0}}, {{1}}",
        inputs,
        ((out or dtype, shape),),
        tolerance(table, dtype),
    )


def wide_cases():
    """Enough elements for invocations that take several neighbours."""
    for dtype in ("f32", "f64", "bf16", "si8"):
        for i, shapes in enumerate(
            [((6, 24, 32), (24, 32)), ((6, 24, 34), (6, 24, 1)),
             ((7, 9, 33), (33,)), ((1, 24, 32), (6, 24, 32))]  # fmt: skip
        ):
            yield binary(
                f"wide_{i}_{dtype}", "binary add", dtype, shapes,
                (whole(dtype),) * 2 if dtype == "si8" else (normal,) * 2,
                ROUNDING,
            )  # fmt: skip


def nonzero(dtype):
    def values(rng, shape):
        made = whole(dtype)(rng, shape)
        return numpy.where(made == 0, numpy.ones_like(made), made)

    return values


def binary_cases():
    for kind, (lhs, rhs, table) in BINARY_FLOAT.items():
        for dtype in FLOATS:
            yield binary(
                f"binary_{kind}_{dtype}", f"binary {kind}", dtype,
                (ODD, (5, 1)), (lhs, rhs), table,
            )  # fmt: skip
    for i, shapes in enumerate(BROADCASTS):
        for op, values in (("add", normal), ("div", positive)):
            yield binary(
                f"binary_{op}_broadcast{i}", f"binary {op}", "f32", shapes,
                (values, values), ROUNDING,
            )  # fmt: skip
    for kind in BINARY_INT:
        for dtype in SIGNED + UNSIGNED:
            rhs = nonzero(dtype) if kind in ("div", "mod", "fmod") else None
            yield binary(
                f"binary_{kind}_{dtype}", f"binary {kind}", dtype,
                ((3, 19), (19,)), (whole(dtype), rhs or whole(dtype)), {},
            )  # fmt: skip
    for kind in BIT:
        for dtype in UNSIGNED if "shift" in kind else UNSIGNED + SIGNED:
            bits = int(dtype.strip("uis"))
            rhs = integers(0, bits) if "shift" in kind else whole(dtype)
            yield binary(
                f"binary_{kind}_{dtype}", f"binary {kind}", dtype,
                ((23,), (23,)), (whole(dtype), rhs), {},
            )  # fmt: skip
    for kind in ("and", "or", "xor"):
        yield binary(
            f"binary_{kind}_i1", f"binary {kind}", "i1", ((4, 1), (5,)),
            (whole("i1"), whole("i1")), {},
        )  # fmt: skip
    for dtype in ("si32", "si64"):
        yield binary(
            f"binary_pow_{dtype}", "binary pow", dtype, ((9,), (9,)),
            (integers(-4, 5), integers(0, 6)), {},
        )  # fmt: skip
    special = given([numpy.nan, 1, -0.0, numpy.inf, -numpy.inf])
    other = given([[1.0], [numpy.nan], [0.0], [numpy.inf]])
    for kind in ("add", "max", "min", "mul"):
        yield binary(
            f"binary_{kind}_special_f32", f"binary {kind}", "f32",
            ((5,), (4, 1)), (special, other), ROUNDING,
        )  # fmt: skip


def compare_cases():
    few = integers(-2, 3)
    for kind in ("eq", "ne", "lt", "le", "gt", "ge"):
        for dtype in FLOATS + SIGNED + UNSIGNED:
            values = integers(0, 3) if dtype in UNSIGNED else few
            yield binary(
                f"compare_{kind}_{dtype}", f"compare {kind}", dtype,
                ((3, 7), (7,)), (values, values), {}, "i1",
            )  # fmt: skip
        special = given([numpy.nan, 1, -0.0, numpy.inf])
        other = given([[1.0], [numpy.nan], [0.0]])
        yield binary(
            f"compare_{kind}_special", f"compare {kind}", "f32",
            ((4,), (3, 1)), (special, other), {}, "i1",
        )  # fmt: skip
    for kind in ("eq", "ne"):
        yield binary(
            f"compare_{kind}_i1", f"compare {kind}", "i1", ((5,), (5,)),
            (whole("i1"), whole("i1")), {}, "i1",
        )  # fmt: skip
    for kind in ("lt", "ge"):
        for dtype in ("ui64", "ui8", "si8"):
            yield binary(
                f"compare_{kind}_far_{dtype}", f"compare {kind}", dtype,
                ((41,), (41,)), (whole(dtype), whole(dtype)), {}, "i1",
            )  # fmt: skip


def select_cases():
    for dtype in ("f32", "f64", "bf16", "si64", "si8", "ui8", "i1"):
        for i, (c, a, b) in enumerate(
            [((2, 3), (2, 3), (2, 3)), ((2, 1), (3,), ()), ((), (4,), (4,)),
             ((1, 9, 1), (5, 1, 3), (9, 3))]  # fmt: skip
        ):
            shape = numpy.broadcast_shapes(c, a, b)
            yield Case(
                f"select_{dtype}_{i}",
                "visir.select {0}, {1}, {2}",
                (
                    Tensor("i1", c, whole("i1")),
                    Tensor(dtype, a, whole(dtype)),
                    Tensor(dtype, b, whole(dtype)),
                ),
                ((dtype, shape),),
                EXACT,
            )


def cast_cases():
    every = FLOATS + SIGNED + UNSIGNED + ("i1",)
    for source in every:
        for target in every:
            # Only values that every pair can hold, but for signs and
            # fractions that an integer drops.
            if source in FLOATS and target not in UNSIGNED:
                values = uniform(-100, 100)
            elif source in FLOATS:
                values = uniform(0, 200)
            elif target in FLOATS or source == "i1":
                values = integers(0, 2 if source == "i1" else 127)
            else:
                values = whole(source)
            yield Case(
                f"cast_{source}_{target}",
                f"visir.cast {{0}} to {target}",
                (Tensor(source, (3, 11), values),),
                ((target, (3, 11)),),
                EXACT,
            )
    yield Case(
        "cast_f32_f16_edges",
        "visir.cast {0} to f16",
        (Tensor("f32", (6,), given([65504, 65519, 65520, 6e-8, 1e-9, -0.0])),),
        (("f16", (6,)),),
        EXACT,
    )
    yield Case(
        "cast_si64_f32_large",
        "visir.cast {0} to f32",
        (Tensor("si64", (3,), given([16777217, -(2**62) - 1, 2**53 + 1])),),
        (("f32", (3,)),),
        EXACT,
    )


def bitcast_cases():
    """Bits of any value; floats from integers that are no NaN."""
    sizes = {d: DTYPES[d].itemsize for d in FLOATS + SIGNED + UNSIGNED}
    sizes["i1"] = 1
    for source, size in sizes.items():
        for target, other in sizes.items():
            if size != other or source == target:
                continue
            values = whole(source)
            if target in FLOATS and source not in FLOATS:
                values = bits_of(target)
            yield Case(
                f"bitcast_{source}_{target}",
                f"visir.bitcast {{0}} to {target}",
                (Tensor(source, (3, 11), values),),
                ((target, (3, 11)),),
                EXACT,
            )


def bits_of(dtype):
    """The bits of ordinary numbers of a dtype, as integers."""
    def values(rng, shape):
        numbers = normal(rng, shape).astype(DTYPES[dtype])
        return numbers.view(f"i{numbers.itemsize}")

    return values


def cases():
    yield from unary_cases()
    yield from binary_cases()
    yield from wide_cases()
    yield from compare_cases()
    yield from select_cases()
    yield from cast_cases()
    yield from bitcast_cases()
