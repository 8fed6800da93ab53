# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products of f32 whose factors a target stores and multiplies in a narrow
type (`--precision`), judged by the reference in f32.

The inputs are numbers of the narrow type, so that no factor loses anything
when it is rounded: results must be as close as those of f32 are. Only
attention rounds what it computes, its probabilities: a result is off by half a
unit in their last place times the largest value at most. That factors are
rounded at all, test/python/test_precision.py tests.
"""

import ml_dtypes
import numpy

from test.e2e.ops import contraction
from test.e2e.ops.__main__ import answer_of, applies, difference
from test.e2e.ops.case import Tolerance
from test.e2e.ops.evaluator import evaluator
from test.e2e.precision import UNIT

# The low 13 bits of f32 are what TF32 has not.
TF32_MASK = numpy.uint32(0xFFFFE000)
STATIC, CONSTANT = "static", "constant"


def rounded(array, precision):
    """The array with numbers of the narrow type."""
    if precision == "tf32":
        return (array.view(numpy.uint32) & TF32_MASK).view(numpy.float32)
    dtype = {"fp16": numpy.float16, "bf16": ml_dtypes.bfloat16}[precision]
    return array.astype(dtype).astype(numpy.float32)


def load():
    """{name: Case}"""
    return {
        case.name: case
        for case in contraction.cases()
        if all(tensor.dtype == "f32" for tensor in case.inputs)
    }


def tolerance_of(case, arrays, expected, precision):
    if not case.name.startswith("attention"):
        return case.tolerance
    largest = numpy.abs(arrays[2]).max() / numpy.abs(expected).max()
    return Tolerance(
        0,
        case.tolerance.scaled + UNIT[precision] * largest,
        "probabilities are rounded",
    )


def judge(case, arrays, expected, variant, target, precision):
    answer = answer_of(case, arrays, variant, target, precision)
    if answer.text:
        return "failed", answer.text
    tolerance = tolerance_of(case, arrays, expected, precision)
    wrong = difference(answer.outputs["r0"], expected, tolerance)
    return ("failed", wrong) if wrong else ("passed", "")


def judge_case(name, target, precision):
    """{case/variant/target/precision: (outcome, reason)}, with operands as
    arguments, which products round, and as constants, which are stored in the
    narrow type."""
    case = load()[name]
    arrays = [rounded(array, precision) for array in case.arrays()]
    plain = {f"a{i}": array for i, array in enumerate(arrays)}
    reference = evaluator().run(case.module(arrays), plain)
    results = {}
    for variant in (STATIC, CONSTANT):
        if variant == CONSTANT and not applies(case, CONSTANT, "cpu"):
            continue
        results[f"{name}/{variant}/{target}/{precision}"] = (
            ("failed", f"reference: {reference.text}")
            if reference.text
            else judge(
                case, arrays, reference.outputs["r0"], variant, target,
                precision,
            )
        )  # fmt: skip
    return results
