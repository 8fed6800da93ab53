# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs each op case on every target and compares with the reference.

    python -m test.e2e.ops [--only PATTERN] [--target NAME]... [--jobs N]

A case runs as it stands ("static"), with all operands but the first constant
("constant") and with all of them constant ("folded"). Targets:

    dispatch  the reference on the dispatches that the op becomes
    fused     the reference on the phase `fused`
    folded    the reference after constant folding (variant folded only)
    cpu       machine code for this processor, one thread
    plain     the plain kernels that GPUs get, on this processor (variant
              static only)
    x86-64-v2, x86-64-v3, x86-64-v4
              machine code for a level; only when asked for
    aarch64   machine code for ARM, under qemu; only when asked for
    aarch64-fp16
              the same by --precision fp16, cases of products only; only when
              asked for
    vulkan    kernels on the first device that speaks Vulkan (variant static
              only); only when asked for, for the stage `vulkan` does it under
              the validation layer
    cuda      kernels on the first CUDA device, or what VISIR_CUDA_LIBRARY
              stands in for it (variant static only); only when asked for
    emulated:sm_75, emulated:sm_80
              kernels for CUDA on the emulator (variant static only); only when
              asked for, for the stage `cuda` does it

expected.txt lists what does not pass, as '<case>/<variant>/<target>
<failed|unsupported>: <reason>'; a run that does better than listed fails too.
"""

import argparse
import collections
import concurrent.futures
import fnmatch
import functools
import itertools
import pathlib
import sys

import numpy

from scripts.lib import expectations
from test.e2e.arm import board
from test.e2e.ops import (
    binary,
    contraction,
    elementwise,
    fusion,
    heatmap,
    movement,
    random,
    reduce,
    shift,
)
from test.e2e.ops.case import EXACT, Tolerance
from test.e2e.ops.evaluator import evaluator

LIST = pathlib.Path(__file__).with_name("expected.txt")
OUTCOMES = ("passed", "failed", "unsupported")
VARIANTS = {
    "static": lambda count: (),
    "constant": lambda count: range(1, count),
    "folded": lambda count: range(count),
}
PASSES = {
    "dispatch": (
        "func.func(visir-canonicalize,visir-compose-movement),"
        "visir-graph-to-dispatch"
    ),
    "fused": "fused",
    "folded": "func.func(visir-fold-constants)",
}
TARGETS = (*PASSES, "cpu", "plain")
EMULATED = ("emulated:sm_75", "emulated:sm_80")
ASKED = (
    "x86-64-v2", "x86-64-v3", "x86-64-v4", "aarch64", "aarch64-fp16", "vulkan",
    "cuda", *EMULATED,
)  # fmt: skip
# What the compiler calls a target, where it is another name.
COMPILED = {
    "cpu": "host",
    "cuda": "cuda:sm_90",
    "aarch64-fp16": "aarch64+fp16",
}
HALF = Tolerance(
    0, 2**-8, "factors of f16, sums of f16 in blocks of at most 96 products"
)
HALF_ATTENTION = Tolerance(0, 2**-7, "the same twice, exponentials between")
ONLY_STATIC = ("plain", "vulkan", "cuda", *EMULATED)


@functools.cache
def load():
    """{name: Case} of all families."""
    families = (
        elementwise, movement, contraction, reduce, fusion, heatmap, binary,
        shift, random,
    )  # fmt: skip
    cases = {}
    for case in itertools.chain(*(family.cases() for family in families)):
        if case.name in cases:
            raise ValueError(f"two cases have the name {case.name}")
        cases[case.name] = case
    return cases


@functools.cache
def products():
    """The names of the cases whose factors a narrow precision rounds."""
    return {c.name for f in (contraction, fusion) for c in f.cases()}


def applies(case, variant, target):
    if target == "aarch64-fp16" and case.name not in products():
        return False
    if variant == "constant":
        return len(case.inputs) > 1 and target not in ("folded", *ONLY_STATIC)
    if variant == "folded":
        return target == "folded"
    return target != "folded"


def difference(actual, expected, tolerance):
    """What is wrong with an output, or an empty string."""
    if actual.shape != expected.shape:
        return f"shape is {actual.shape}, expected {expected.shape}"
    if actual.dtype.kind == "V":
        return f"dtype is {actual.dtype}, expected numbers"
    if expected.dtype.kind not in "fiub":
        return f"dtype of the reference is {expected.dtype}"
    equal = (actual == expected) | ((actual != actual) & (expected != expected))
    if expected.dtype.kind == "f" and tolerance != EXACT:
        finite = numpy.abs(expected[numpy.isfinite(expected)])
        allowed = tolerance.relative * numpy.abs(expected)
        allowed += tolerance.scaled * (finite.max() if finite.size else 0)
        with numpy.errstate(invalid="ignore"):
            equal |= numpy.abs(actual - expected) <= allowed
    if numpy.all(equal):
        return ""
    at = numpy.unravel_index(numpy.argmin(equal), equal.shape)
    return (
        f"element {tuple(map(int, at))} is {actual[at]}, expected "
        f"{expected[at]}; {numpy.count_nonzero(~equal)} of {equal.size} differ"
    )


def answer_of(case, arrays, variant, target, precision=""):
    """The evaluator's answer to one run."""
    constant = VARIANTS[variant](len(arrays))
    text = case.module(arrays, constant)
    given = {f"a{i}": a for i, a in enumerate(arrays) if i not in constant}
    if target in PASSES:
        return evaluator().run(text, given, passes=PASSES[target])
    level = COMPILED.get(target, target)
    runner = board.RUNNER if target.startswith("aarch64") else ()
    return evaluator(runner).run(text, given, target=level, precision=precision)


def judge(case, arrays, expected, variant, target):
    """Returns (outcome, reason) of one run."""
    half = target == "aarch64-fp16"
    precision = "fp16" if half else ""
    answer = answer_of(case, arrays, variant, target, precision)
    if answer.text:
        return "failed", answer.text
    for i in range(len(case.results)):
        name = f"r{i}"
        allowed = case.tolerance
        if half and allowed != EXACT:
            attention = case.name.startswith("attention")
            other = HALF_ATTENTION if attention else HALF
            allowed = max(allowed, other, key=lambda t: t.scaled)
        wrong = difference(answer.outputs[name], expected[name], allowed)
        if wrong:
            return "failed", wrong
    return "passed", ""


def judge_case(name, targets):
    """{run: (outcome, reason)} of all variants on the targets."""
    case = load()[name]
    arrays = case.arrays()
    plain = {f"a{i}": array for i, array in enumerate(arrays)}
    reference = evaluator().run(case.module(arrays), plain)
    results = {}
    for variant, target in itertools.product(VARIANTS, targets):
        if not applies(case, variant, target):
            continue
        results[f"{name}/{variant}/{target}"] = (
            ("failed", f"reference: {reference.text}")
            if reference.text
            else judge(case, arrays, reference.outputs, variant, target)
        )
    return results


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="*", help="pattern of case names")
    parser.add_argument(
        "--target", action="append", choices=TARGETS + ASKED
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--reasons", action="store_true")
    parser.add_argument("--update", action="store_true")
    return parser.parse_args()


def main():
    arguments = parse()
    targets = arguments.target or TARGETS
    names = [n for n in load() if fnmatch.fnmatchcase(n, arguments.only)]
    results = {}
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
        run = functools.partial(judge_case, targets=targets)
        for made in pool.map(run, names, chunksize=8):
            results.update(made)
    for target in targets:
        counts = collections.Counter(
            outcome
            for name, (outcome, _) in results.items()
            if name.endswith("/" + target)
        )
        print(target, ", ".join(f"{counts[o]} {o}" for o in OUTCOMES))
    return expectations.conclude(
        LIST,
        results,
        OUTCOMES[1:],
        reasons=arguments.reasons,
        update=arguments.update,
    )


if __name__ == "__main__":
    sys.exit(main())
