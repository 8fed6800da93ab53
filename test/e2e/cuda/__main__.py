# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Assembles the kernels of op cases and models with NVIDIA's ptxas, and runs
them on a stand-in for a GPU.

    python -m test.e2e.cuda [--exports FOLDER] [--only PATTERN] [--arch sm_90]

A kernel passes ptxas when it becomes machine code without spills and without a
stack. Then op cases are judged by the reference and models by PyTorch in f64,
on the stand-in for NVIDIA's library (null.py). The emulator of kernels before
they are lowered (targets/cuda/emulator) judges op cases too: it finds races.
Products are judged with narrow factors as well (test/e2e/ops/narrow.py).
expected.txt lists what does not pass.
"""

import argparse
import collections
import concurrent.futures
import fnmatch
import functools
import pathlib
import re
import sys
import tempfile

from scripts.lib import count, expectations
from test.e2e.cuda import null, registers
from test.e2e.cuda.tools import VISIR, find_ptxas, run
from test.e2e.models.exports import find
from test.e2e.ops import narrow
from test.e2e.ops.__main__ import judge_case, load
from test.e2e.precision import FP32

LIST = pathlib.Path(__file__).with_name("expected.txt")
ARCHITECTURES = ("sm_75", "sm_90")  # of op cases
NEWER = ("sm_80", "sm_86", "sm_87", "sm_89", "sm_100", "sm_110", "sm_120")
OUTCOMES = ("failed", "unsupported")
MODELS = "edgevit_xxs.*"
PRECISIONS = (FP32, "tf32", "fp16")
NARROW = ("tf32", "fp16")  # bf16: test/python/test_precision.py
ROAD_ARCH = "sm_90"
ROAD_PRECISIONS = (FP32, "fp16")
EMULATED = "emulated:sm_80"
CHUNK = 96
USE = re.compile(
    r"Function properties for (\w+)\s+"
    r"(\d+) bytes stack frame, (\d+) bytes spill stores, "
    r"(\d+) bytes spill loads"
)


def assemble(source, arch, ptxas, folder, kind=FP32, level="-O1"):
    """(outcome, reason, kernels) of a model or module of functions. Without
    ptxas it ends with the text."""
    text, cubin = folder / "k.ptx", folder / "k.cubin"
    done = run(
        [VISIR, "compile", "-q", source, "--target", f"cuda:{arch}"]
        + ["--precision", kind, "--emit", "asm", "-o", text]
    )
    if done.returncode:
        kind = "unsupported" if done.returncode == 2 else "failed"
        return kind, done.stderr, 0
    if not ptxas or ".entry" not in text.read_text():
        return "passed", "", 0
    done = run([ptxas, "-v", level, f"-arch={arch}", "-o", cubin, text])
    if done.returncode:
        return "failed", done.stderr, 0
    used = USE.findall(done.stderr)
    for name, *bytes_used in used:
        if any(map(int, bytes_used)):
            stack, stores, loads = bytes_used
            return (
                "failed",
                f"{name} has {stack} bytes of stack, {stores} of spill stores,"
                f" {loads} of spill loads",
                0,
            )
    return "passed", "", len(used)


def function(name):
    """The function of an op case, with all operands as arguments."""
    case = load()[name]
    return case.module(case.arrays()).replace("@main(", f'@"{name}"(')


def assemble_cases(names, arch, ptxas):
    """({case/arch: (outcome, reason)}, kernels); halves what fails."""
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        source = folder / "cases.mlir"
        source.write_text("\n".join(map(function, names)))
        outcome, reason, kernels = assemble(source, arch, ptxas, folder)
    if outcome == "passed" or len(names) == 1:
        return {f"{n}/{arch}": (outcome, reason) for n in names}, kernels
    half = len(names) // 2
    results, kernels = {}, 0
    for part in (names[:half], names[half:]):
        made, number = assemble_cases(part, arch, ptxas)
        results.update(made)
        kernels += number
    return results, kernels


def assemble_model(source, arch, ptxas):
    with tempfile.TemporaryDirectory() as folder:
        outcome, reason, kernels = assemble(
            source, arch, ptxas, pathlib.Path(folder)
        )
    return {f"{source.stem}/{arch}": (outcome, reason)}, kernels


def assemble_of_road(source, kind, ptxas):
    """As artifacts are made: what ptxas spills depends on its level."""
    with tempfile.TemporaryDirectory() as folder:
        outcome, reason, kernels = assemble(
            source, ROAD_ARCH, ptxas, pathlib.Path(folder), kind, "-O3"
        )
    return {f"{source.stem}/{ROAD_ARCH}/{kind}": (outcome, reason)}, kernels


def run_model(source, precision):
    golden = source.with_name(source.name.split(".")[0] + ".npz")
    return null.run_model(source, golden, precision), 0


def emulate_case(run):
    """{run: (outcome, reason)} of (op case, precision) on the emulator."""
    name, kind = run
    if kind == FP32:
        return judge_case(name, [EMULATED])
    return narrow.judge_case(name, EMULATED, kind)


def emulate_cases(runs, jobs):
    results = {}
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for made in pool.map(emulate_case, runs, chunksize=4):
            results.update(made)
    return results


def jobs(arguments, models, road, names, ptxas):
    """Functions that give (outcomes, kernels)."""
    for source in road:
        for kind in ROAD_PRECISIONS:
            yield functools.partial(assemble_of_road, source, kind, ptxas)
    for source in models:
        for precision in PRECISIONS:
            yield functools.partial(run_model, source, precision)
    if not ptxas:
        return
    if models:
        exports = arguments.exports
        yield lambda: (registers.outcome(exports, ptxas), 0)
    for arch in arguments.arch or ARCHITECTURES + NEWER:
        for source in models:
            yield functools.partial(assemble_model, source, arch, ptxas)
    for arch in arguments.arch or ARCHITECTURES:
        for at in range(0, len(names), CHUNK):
            part = names[at : at + CHUNK]
            yield functools.partial(assemble_cases, part, arch, ptxas)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="*", help="pattern of op cases")
    parser.add_argument(
        "--models",
        default=MODELS,
        help="patterns of models, separated by commas; or none",
    )
    parser.add_argument(
        "--assemble",
        default="none",
        metavar="PATTERNS",
        help=f"models that are only assembled, for {ROAD_ARCH}, likewise",
    )
    parser.add_argument("--arch", action="append")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--exports", type=pathlib.Path, default="build/models")
    parser.add_argument("--update", action="store_true")
    return parser.parse_args()


def main():
    arguments = parse()
    ptxas = find_ptxas()
    kernels = 0
    names = [n for n in load() if fnmatch.fnmatchcase(n, arguments.only)]
    found, results = find(arguments.exports, arguments.models)
    models = [source for source, _ in found.values()]
    more, missing = find(arguments.exports, arguments.assemble)
    results.update(missing)
    road = [source for source, _ in more.values()]
    runs = [(n, FP32) for n in names]
    runs += [
        (n, kind)
        for n in narrow.load()
        for kind in NARROW
        if fnmatch.fnmatchcase(n, arguments.only)
    ]
    results.update(emulate_cases(runs, arguments.jobs))
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for made, number in pool.map(
            lambda job: job(), jobs(arguments, models, road, names, ptxas)
        ):
            results.update(made)
            kernels += number
    results.update(null.run_cases(runs, arguments.jobs))
    outcomes = collections.Counter(outcome for outcome, _ in results.values())
    print(f"{kernels} kernels of", dict(outcomes))
    if arguments.update:
        expectations.write(LIST, results)
    listed = expectations.read(LIST, OUTCOMES)
    if not ptxas:
        results["cuda.ptxas"] = ("unsupported", "ptxas is missing")
        if "cuda.ptxas" in count.listed_skips(count.SKIPS.read_text()):
            listed["cuda.ptxas"] = "unsupported"
    return expectations.finish(results, expectations.judge(results, listed))


if __name__ == "__main__":
    sys.exit(main())
