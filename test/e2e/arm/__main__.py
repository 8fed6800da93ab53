# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs op cases and models for aarch64 under qemu's user emulator.

    python -m test.e2e.arm [--only PATTERN] [--models PATTERN] [--jobs N]

Op cases run as they stand and with constant operands. A model passes when its
largest error against PyTorch in float64, relative to the output's largest
value, is at most 2e-5, runs with 1 and 2 threads give the same bits, and what
its kernels execute, counted by the emulator, is vector code: at most 0.1 % are
scalar float operations, and EdgeViT-XXS takes at most 1.6 instructions per
multiply-add of vectors. expected.txt lists what does not pass, with reasons.
Products also run by --precision fp16, and so do models of --half-models: each
has a bound of its own, its largest outputs must be where PyTorch's are, and
runs with 1, 2 and 4 threads give the same bits.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import fnmatch
import pathlib
import sys
import tempfile

import numpy
import visir

from scripts.lib import expectations
from test.e2e.arm import board
from test.e2e.models.exports import find
from test.e2e.models.worker import relative_error, same_bits
from test.e2e.ops.__main__ import judge_case, load

LIST = pathlib.Path(__file__).with_name("expected.txt")
OUTCOMES = ("failed", "unsupported")
LIMIT = 2e-5
MOST_SCALAR = 1e-3
# Instructions per multiply-add, by the beginning of a model's name.
MOST_INSTRUCTIONS = {"edgevit_xxs": 1.6}
SECONDS = 900
# Six times what rounding the factors alone costs, which the plain kernels with
# sums of f32 show: what f16 sums of at most 96 products add at random
# (docs/decisions/0012).
HALF_TARGET = "aarch64:cortex-a76"
HALF_LIMITS = {
    "edgevit_xxs": 1.2e-2,
    "resnet18": 4.8e-3,
    "mobilenet_v2": 5.5e-2,
    "resnet20.": 3.5e-3,
    "xvit_small.": 7.7e-3,
}


def judge_op(name):
    return judge_case(name, ["aarch64", "aarch64-fp16"])


def judge_ops(pattern, jobs):
    """{run: (outcome, reason)} of the op cases."""
    names = [n for n in load() if fnmatch.fnmatchcase(n, pattern)]
    results = {}
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for made in pool.map(judge_op, names, chunksize=4):
            results.update(made)
    return results


def read_golden(path):
    """(inputs, outputs) by name."""
    with numpy.load(path) as arrays:
        return tuple(
            {n[len(p) :]: arrays[n] for n in arrays.files if n.startswith(p)}
            for p in ("in:", "out:")
        )


@dataclasses.dataclass
class Report:
    outcome: str
    reason: str = ""
    error: float = 0
    instructions: float = 0  # per multiply-add
    scalar: float = 0  # share of instructions


def judge_report(name, report):
    """Sets the outcome of a model that runs."""
    most = next(
        (m for n, m in MOST_INSTRUCTIONS.items() if name.startswith(n)), None
    )
    for value, limit, what in (
        (report.error, LIMIT, "error"),
        (report.scalar, MOST_SCALAR, "share of scalar operations"),
        (report.instructions, most, "instructions per multiply-add"),
    ):
        if limit is not None and not value <= limit:
            report.outcome = "failed"
            report.reason = f"{what} is {value:.3g}, expected <= {limit}"


def judge_model(name, path, golden, target):
    """A Report."""
    inputs, expected = read_golden(golden)
    with tempfile.TemporaryDirectory() as folder:
        artifact = pathlib.Path(folder) / "model.visir"
        try:
            visir.compile(path, target, output=artifact)
            one, instructions, products, scalar = board.count(
                artifact, inputs, seconds=SECONDS
            )
            two = board.run(artifact, inputs, threads=2, seconds=SECONDS)
        except visir.UnsupportedError as error:
            return Report("unsupported", str(error))
        except Exception as error:
            return Report("failed", f"{type(error).__name__}: {error}")
    report = Report(
        "passed",
        error=relative_error(one, expected),
        instructions=instructions / products,
        scalar=scalar / instructions,
    )
    if not same_bits(one, two):
        report.outcome, report.reason = "failed", "runs differ in their bits"
    judge_report(name, report)
    print(
        f"{name}: error {report.error:.1e} on {target}, "
        f"{report.instructions:.2f} instructions per multiply-add, "
        f"{report.scalar:.3%} scalar",
        flush=True,
    )
    return report


def same_tops(actual, expected):
    """Whether the largest elements along the last dimension are the same."""
    return all(
        numpy.array_equal(actual[n].argmax(-1), array.argmax(-1))
        for n, array in expected.items()
    )


def judge_half_model(name, path, golden, target):
    """A Report of a model by --precision fp16."""
    inputs, expected = read_golden(golden)
    limit = next(
        (m for n, m in HALF_LIMITS.items() if name.startswith(n)), None
    )
    if limit is None:
        return Report("failed", "model has no bound for fp16")
    with tempfile.TemporaryDirectory() as folder:
        artifact = pathlib.Path(folder) / "model.visir"
        try:
            visir.compile(
                path, target, output=artifact, options=["--precision", "fp16"]
            )
            one, *others = (
                board.run(artifact, inputs, threads=n, seconds=SECONDS)
                for n in (1, 2, 4)
            )
        except Exception as error:
            return Report("failed", f"{type(error).__name__}: {error}")
    error = relative_error(one, expected)
    print(f"{name}: error {error:.1e} on {target} by fp16", flush=True)
    if not error <= limit:
        return Report("failed", f"error is {error:.3g}, expected <= {limit}")
    if not same_tops(one, expected):
        return Report("failed", "largest output is another one")
    if not all(same_bits(one, other) for other in others):
        return Report("failed", "runs differ in their bits")
    return Report("passed")


def judge_models(found, target, jobs, judge):
    results = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = {
            pool.submit(judge, name, *paths, target): name
            for name, paths in found.items()
        }
        for future in concurrent.futures.as_completed(waiting):
            name = waiting[future]
            report = future.result()
            results[f"{name}/{target}"] = report.outcome, report.reason
    return results


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="*", help="pattern of op cases")
    parser.add_argument(
        "--models",
        default="edgevit_xxs.*",
        help="patterns of models, separated by commas; or none",
    )
    parser.add_argument(
        "--half-models", default="none", help="the same, by --precision fp16"
    )
    parser.add_argument("--target", default="aarch64", help="of the models")
    parser.add_argument(
        "--exports", type=pathlib.Path, default=board.BUILD / "models"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--reasons", action="store_true")
    parser.add_argument("--update", action="store_true")
    return parser.parse_args()


def main():
    arguments = parse()
    results = judge_ops(arguments.only, arguments.jobs)
    found, missing = find(arguments.exports, arguments.models)
    results.update(missing)
    jobs = arguments.jobs
    results.update(judge_models(found, arguments.target, jobs, judge_model))
    found, missing = find(arguments.exports, arguments.half_models)
    results.update({f"{name}/fp16": r for name, r in missing.items()})
    results.update(judge_models(found, HALF_TARGET, jobs, judge_half_model))
    counts = collections.Counter(outcome for outcome, _ in results.values())
    print("arm", ", ".join(f"{counts[o]} {o}" for o in ("passed", *OUTCOMES)))
    return expectations.conclude(
        LIST,
        results,
        OUTCOMES,
        reasons=arguments.reasons,
        update=arguments.update,
    )


if __name__ == "__main__":
    sys.exit(main())
