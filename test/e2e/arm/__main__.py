# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs op cases and models for aarch64 under qemu's user emulator.

    python -m test.e2e.arm [--only PATTERN] [--models PATTERN] [--jobs N]

Op cases run as they stand and with constant operands. A model passes when its
largest error against PyTorch in float64, relative to the output's largest
value, is at most 2e-5, runs with 1 and 2 threads give the same bits, and what
its kernels execute, counted by the emulator, is vector code: at most 0.1 % are
scalar float operations, and EdgeViT-XXS takes at most 1.6 instructions per
multiply-add of vectors. expected.txt lists what does not pass, with reasons.
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


def judge_op(name):
    return judge_case(name, ["aarch64"])


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


def judge_models(found, target, jobs):
    results = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = {
            pool.submit(judge_model, name, *paths, target): name
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
    results.update(judge_models(found, arguments.target, arguments.jobs))
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
