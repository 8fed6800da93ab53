# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One op case: IR text, inputs and tolerance."""

import dataclasses
import zlib

import ml_dtypes
import numpy

DTYPES = {
    "f64": numpy.dtype("f8"),
    "f32": numpy.dtype("f4"),
    "f16": numpy.dtype("f2"),
    "bf16": numpy.dtype(ml_dtypes.bfloat16),
    "si64": numpy.dtype("i8"),
    "si32": numpy.dtype("i4"),
    "si16": numpy.dtype("i2"),
    "si8": numpy.dtype("i1"),
    "ui64": numpy.dtype("u8"),
    "ui32": numpy.dtype("u4"),
    "ui16": numpy.dtype("u2"),
    "ui8": numpy.dtype("u1"),
    "i1": numpy.dtype("?"),
}
FLOATS = ("f64", "f32", "f16", "bf16")
SIGNED = ("si64", "si32", "si16", "si8")
UNSIGNED = ("ui64", "ui32", "ui16", "ui8")


@dataclasses.dataclass(frozen=True)
class Tolerance:
    """How far a target may be from the reference.

    relative: to each expected value; scaled: to the largest expected
    magnitude, for sums whose terms cancel.
    """

    relative: float
    scaled: float
    reason: str


EXACT = Tolerance(0, 0, "integers and moved elements are exact")
ROUNDING = {
    "f64": Tolerance(1e-14, 1e-15, "a few roundings of f64"),
    "f32": Tolerance(6e-7, 1e-7, "a few roundings of f32"),
    "f16": Tolerance(2**-10, 2**-12, "one rounding to f16 that may tip over"),
    "bf16": Tolerance(2**-7, 2**-9, "one rounding to bf16 that may tip over"),
}
APPROXIMATED = {
    "f64": Tolerance(1e-13, 1e-14, "library functions of f64"),
    "f32": Tolerance(2e-6, 4e-7, "polynomials of f32, about 8 ulp"),
    "f16": Tolerance(2**-10, 2**-12, "one rounding to f16 that may tip over"),
    "bf16": Tolerance(2**-7, 2**-9, "one rounding to bf16 that may tip over"),
}
SUMMED = {
    "f64": Tolerance(0, 1e-13, "sums in another order"),
    "f32": Tolerance(0, 4e-6, "sums of f32 in another order"),
    "f16": Tolerance(2**-10, 2**-10, "sums of f32, rounded to f16"),
    "bf16": Tolerance(2**-7, 2**-7, "sums of f32, rounded to bf16"),
}


def tolerance(table, dtype):
    return table.get(dtype, EXACT)


@dataclasses.dataclass(frozen=True)
class Tensor:
    """An operand: dtype is a key of DTYPES; values(rng, shape) gives the
    elements, which are converted."""

    dtype: str
    shape: tuple
    values: object

    @property
    def type(self):
        return ir_type(self.dtype, self.shape)

    def sample(self, rng):
        values = numpy.asarray(self.values(rng, self.shape))
        return values.astype(DTYPES[self.dtype]).reshape(self.shape)


@dataclasses.dataclass(frozen=True)
class Case:
    """body: the op with {0}, {1} ... for its operands; results: [(dtype,
    shape)]; an op's attributes are part of the body. steps: lines of IR before
    it, with the same names; operands: the types of the op's operands where
    they are not the inputs."""

    name: str
    body: str
    inputs: tuple
    results: tuple
    tolerance: Tolerance
    steps: tuple = ()
    operands: tuple = ()

    def arrays(self):
        rng = numpy.random.default_rng(zlib.crc32(self.name.encode()))
        return [tensor.sample(rng) for tensor in self.inputs]

    def module(self, arrays, constant=()):
        """IR text; the operands number `constant` are constants."""
        lines, arguments, names = [], [], []
        for i, tensor in enumerate(self.inputs):
            if i in constant:
                names.append(f"%c{i}")
                value = dense(arrays[i])
                lines.append(f"%c{i} = visir.constant {value} : {tensor.type}")
            else:
                names.append(f"%a{i}")
                arguments.append(
                    f'%a{i}: {tensor.type} {{visir.name = "a{i}"}}'
                )
        types = [ir_type(*result) for result in self.results]
        lines += [step.format(*names) for step in self.steps]
        operands = ", ".join(
            self.operands or [t.type for t in self.inputs]
        )
        results = ", ".join(types)
        count = f":{len(types)}" if len(types) > 1 else ""
        lines.append(
            f"%r{count} = {self.body.format(*names)} : ({operands}) -> "
            f"({results})"
        )
        values = (
            ", ".join(f"%r#{i}" for i in range(len(types))) if count else "%r"
        )
        named = ", ".join(
            f'{t} {{visir.name = "r{i}"}}' for i, t in enumerate(types)
        )
        return (
            f"func.func @main({', '.join(arguments)}) -> ({named}) "
            "attributes {visir.entry} {\n  "
            + "\n  ".join(lines)
            + f"\n  return {values} : {results}\n}}\n"
        )


def ir_type(dtype, shape):
    return f"tensor<{''.join(f'{extent}x' for extent in shape)}{dtype}>"


def dense(array):
    """An array as the text of a dense attribute, without its type."""
    if array.size == 0:
        return f"dense<> : {array_type(array)}"
    if array.dtype.kind == "b":
        text = numpy.array2string(
            array,
            separator=", ",
            threshold=array.size + 1,
            formatter={"bool": lambda x: "true" if x else "false"},
        )
        return f"dense<{text}> : {array_type(array)}"
    return f'dense<"0x{array.tobytes().hex().upper()}"> : {array_type(array)}'


def array_type(array):
    dtype = next(k for k, v in DTYPES.items() if v == array.dtype)
    return ir_type(dtype, array.shape)


# Generators of elements.
def normal(rng, shape):
    return rng.standard_normal(shape)


def positive(rng, shape):
    return rng.uniform(0.1, 4, shape)


def uniform(low, high):
    return lambda rng, shape: rng.uniform(low, high, shape)


def integers(low, high):
    """From low to high, high excluded."""
    return lambda rng, shape: rng.integers(low, high, shape)


def given(values):
    return lambda rng, shape: numpy.asarray(values)


def whole(dtype):
    """Any value of an integer dtype, or ordinary floats."""
    if dtype == "i1":
        return integers(0, 2)
    if dtype in FLOATS:
        return normal
    info = numpy.iinfo(DTYPES[dtype])
    return lambda rng, shape: rng.integers(
        info.min, info.max, shape, dtype=DTYPES[dtype], endpoint=True
    )
