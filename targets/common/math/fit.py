#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints Coefficients.inc: polynomials for the generated math functions.

Each is the interpolation at Chebyshev points of a smooth remainder of the
function (f32 and f64 degrees), whose error is within a small factor of the
best. Needs mpmath.
"""

from mpmath import mp, mpf

mp.dps = 60


def chebyshev_fit(function, low, high, degree):
    """Coefficients, constant first, of the interpolating polynomial."""
    count = degree + 1
    nodes = [
        (low + high) / 2
        + (high - low) / 2 * mp.cos(mp.pi * (2 * k + 1) / (2 * count))
        for k in range(count)
    ]
    matrix = mp.matrix(count, count)
    values = mp.matrix(count, 1)
    for row, x in enumerate(nodes):
        values[row] = function(x)
        for column in range(count):
            matrix[row, column] = x**column
    return list(mp.lu_solve(matrix, values))


def series(x, terms):
    """Where a remainder cancels, its Taylor series: sum of terms[k] * x^k."""
    return sum(t * x**k for k, t in enumerate(terms))


def exp_rest(r):
    """(e^r - 1 - r) / r^2"""
    return series(r, [1 / mp.factorial(k + 2) for k in range(30)])


def log_rest(f):
    """(log(1 + f) - f + f^2/2) / f^3"""
    if abs(f) < mpf("1e-3"):
        return series(f, [mpf((-1) ** k) / (k + 3) for k in range(20)])
    return (mp.log1p(f) - f + f * f / 2) / f**3


def atanh_rest(z):
    """(log((1+s)/(1-s)) - 2s) / (s z), z = s^2"""
    return series(z, [mpf(2) / (2 * k + 3) for k in range(60)])


def sin_rest(z):
    """(sin r - r) / r^3, z = r^2"""
    return series(
        z, [mpf((-1) ** (k + 1)) / mp.factorial(2 * k + 3) for k in range(20)])


def cos_rest(z):
    """(cos r - 1 + z/2) / z^2, z = r^2"""
    return series(
        z, [mpf((-1) ** k) / mp.factorial(2 * k + 4) for k in range(20)])


def asin_rest(z):
    """(asin x - x) / x^3, z = x^2"""
    if z < mpf("1e-4"):
        return series(z, [
            mp.factorial(2 * k) / (4**k * mp.factorial(k) ** 2 * (2 * k + 1))
            for k in range(1, 20)
        ])
    x = mp.sqrt(z)
    return (mp.asin(x) - x) / x**3


def atan_rest(z):
    """(atan x - x) / x^3, z = x^2"""
    if z < mpf("1e-4"):
        return series(z,
                      [mpf((-1) ** (k + 1)) / (2 * k + 3) for k in range(20)])
    x = mp.sqrt(z)
    return (mp.atan(x) - x) / x**3


def erf_rest(z):
    """erf(x) / x - 1, z = x^2"""
    if z < mpf("1e-4"):
        return series(z, [
            2 / mp.sqrt(mp.pi) * mpf((-1) ** k) /
            (mp.factorial(k) * (2 * k + 1)) for k in range(20)
        ]) - 1
    x = mp.sqrt(z)
    return mp.erf(x) / x - 1


def erfc_scaled(t):
    """e^(x^2) erfc(x), t = (x - 2.5) / (x + 2.5)"""
    x = mpf(5) / 2 * (1 + t) / (1 - t)
    return mp.exp(x * x) * mp.erfc(x)


def rational_fit(function, high, degree):
    """Numerator and denominator in z / high on 0 .. high: least squares of
    the error times sqrt(z), reweighted by the denominator."""
    nodes = [high * (1 - mp.cos(mp.pi * (k + mpf(1) / 2) / 120)) / 2
             for k in range(120)]
    values = [function(z) for z in nodes]
    q = [mpf(1)] * len(nodes)
    for _ in range(12):
        rows, right = [], []
        for z, t, denominator in zip(nodes, values, q):
            weight = mp.sqrt(max(z, mpf("0.01"))) / denominator
            s = z / high
            rows.append([s**k * weight for k in range(degree + 1)] +
                        [-t * s**k * weight for k in range(1, degree + 1)])
            right.append(t * weight)
        c = list(mp.qr_solve(mp.matrix(rows), mp.matrix(right))[0])
        bottom = [mpf(1)] + c[degree + 1:]
        q = [series(z / high, bottom) for z in nodes]
    return c[:degree + 1], bottom


LN2 = mp.log(2)
HALF = LN2 / 2 * mpf("1.0001")
S = mp.sqrt(2)
QUARTER = (mp.pi / 4 * mpf("1.0001")) ** 2
EIGHTH = mp.tan(mp.pi / 8)
TABLE = [
    # name, function, low, high, degree for f32, degree for f64
    ("Exp", exp_rest, -HALF, HALF, 4, 10),
    ("Log", log_rest, 1 / S - 1, S - 1, 8, None),
    ("Atanh", atanh_rest, mpf(0), ((S - 1) / (S + 1)) ** 2, None, 7),
    ("Sin", sin_rest, mpf(0), QUARTER, 3, 6),
    ("Cos", cos_rest, mpf(0), QUARTER, 3, 6),
    ("Asin", asin_rest, mpf(0), mpf("0.2501"), 5, 13),
    ("Atan", atan_rest, mpf(0), mpf(1), 9, None),
    ("AtanSmall", atan_rest, mpf(0), EIGHTH**2 * mpf("1.001"), None, 12),
    ("Erf", erf_rest, mpf(0), mpf(1), None, 13),
    ("ErfcScaled", erfc_scaled, (1 - mpf("2.5")) / mpf("3.5"),
     (6 - mpf("2.5")) / mpf("8.5"), None, 22),
]


ERF_END = mpf("15.5")  # of x^2: erf is 1 in f32 beyond


# Tails u * (1 - step(u)) of smooth steps, by segments; the last segment is
# beyond what counts.
DEGREE = 4
# Of 0 .. 7.5 lengths, 8 segments: the first is centred at 0.
STEPS = [
    # name, function, length, degree: 1 - step(u)
    ("Silu", lambda u: 1 / (1 + mp.exp(u)), mpf(5) / 2, 8),
    ("Gelu", lambda u: mp.erfc(u / mp.sqrt(2)) / 2, mpf(3) / 4, 6),
]


def silu_tail(u):
    return u / (1 + mp.exp(u))


def gelu_tail(u):
    return u * mp.erfc(u / mp.sqrt(2)) / 2


def segment_fit(function, at, low, high):
    """A polynomial in u - at over low .. high; nothing is left at u = 0."""
    if at == 0:
        return [mpf(0)] + chebyshev_fit(lambda u: function(u) / u, mpf(0),
                                        high, DEGREE - 1)
    return chebyshev_fit(lambda t: function(at + t), low - at, high - at,
                         DEGREE)


def octave_fit(function, offset, octaves, segments):
    """Rows of coefficients: each octave of offset + u has as many segments of
    equal length, whose polynomials are in what is beyond their start."""
    rows = []
    for octave in range(octaves):
        start = mpf(offset) * 2**octave
        width = start / segments
        for k in range(segments):
            low = start + k * width - offset
            rows.append(segment_fit(function, low, low, low + width))
    rows[-1] = [mpf(0)] * (DEGREE + 1)
    return rows


def even_fit(function, width, segments):
    """The same, by segments around the multiples of `width`."""
    rows = [segment_fit(function, k * width, (k - mpf(1) / 2) * width,
                        (k + mpf(1) / 2) * width) for k in range(segments)]
    rows[-1] = [mpf(0)] * (DEGREE + 1)
    return rows


def step_fit(function, length, degree):
    """Rows of coefficients in u - k * length, by segment k."""
    return [chebyshev_fit(lambda t: function(k * length + t),
                          -length / 2 if k else mpf(0), length / 2, degree)
            for k in range(8)]


def show(name, values, digits):
    text = ",\n    ".join(mp.nstr(v, digits) for v in values)
    print(f"inline constexpr double k{name}[] = {{\n    {text}}};")


def show_rows(name, rows, digits):
    lines = ["{" + ",\n     ".join(mp.nstr(v, digits) for v in row) + "}"
             for row in rows]
    text = ",\n    ".join(lines)
    print(f"inline constexpr double k{name}[][{len(rows[0])}] = "
          f"{{\n    {text}}};")


def main():
    print("// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception")
    print("// Printed by fit.py; constants first.")
    for name, function, low, high, single, double in TABLE:
        for suffix, degree, digits in (("F32", single, 12),
                                       ("F64", double, 20)):
            if degree is None:
                continue
            show(name + suffix, chebyshev_fit(function, low, high, degree),
                 digits)
    top, bottom = rational_fit(lambda z: erf_rest(z) + 1, ERF_END, 5)
    show("ErfTopF32", top, 12)
    show("ErfBottomF32", bottom, 12)
    show_rows("SiluTailF32", octave_fit(silu_tail, 2, 4, 8), 10)
    show_rows("GeluTailF32", even_fit(gelu_tail, mpf(1) / 4, 32), 10)
    for name, function, length, degree in STEPS:
        show_rows(name + "StepF32", step_fit(function, length, degree), 10)


if __name__ == "__main__":
    main()
