# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs op cases and models on Vulkan under Khronos' validation layer.

    python -m test.e2e.vulkan [--only PATTERN] [--models PATTERN] [--jobs N]

Any message of the layer, synchronisation and SPIR-V included, fails the test
that caused it. A model passes when its largest error against PyTorch in
float64, relative to the output's largest value, is at most 2e-5 and two runs
give the same bits. One run goes without barriers and must be found out.
expected.txt lists what does not pass, with reasons.
"""

import argparse
import collections
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import subprocess
import sys
import time

from scripts.lib import expectations
from test.e2e.models.exports import find
from test.e2e.ops.__main__ import judge_case, load
from test.e2e.ops.evaluator import evaluator
from test.e2e.vulkan.layers import Layers

LIST = pathlib.Path(__file__).with_name("expected.txt")
ROOT = pathlib.Path(__file__).parents[3]
BUILD = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
OUTCOMES = ("failed", "unsupported")
LIMIT = 2e-5
SECONDS = 600
layers = None


def begin():
    """In each process of the pool: its own layer."""
    global layers
    layers = Layers()
    os.environ.update(layers.variables)


def judge_op(name):
    """{run: (outcome, reason)} of an op case on Vulkan."""
    results = judge_case(name, ["vulkan"])
    message = layers.message()
    if message:
        # The process may have survived; the next one starts a new log.
        evaluator().stop()
        layers.log.unlink()
        results = {run: ("failed", message) for run in results}
    return results


def judge_ops(pattern, jobs):
    names = [n for n in load() if fnmatch.fnmatchcase(n, pattern)]
    results = {}
    with concurrent.futures.ProcessPoolExecutor(jobs, initializer=begin) as p:
        for made in p.map(judge_op, names, chunksize=4):
            results.update(made)
    return results


def run_worker(path, golden, **variables):
    """(report, message of the layer) of a model."""
    own = Layers()
    command = [sys.executable, "-W", "ignore", "-m", "test.e2e.vulkan.worker"]
    try:
        done = subprocess.run(
            [*command, str(path), str(golden)],
            cwd=ROOT,
            env=own.environment(**variables),
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return {"failure": f"takes more than {SECONDS} s"}, ""
    if done.returncode or not done.stdout.strip():
        return {"failure": f"exit code is {done.returncode}"}, own.message()
    return json.loads(done.stdout.splitlines()[-1]), own.message()


def outcome_of(report, message):
    if message:
        return "failed", message
    for outcome, key in (("unsupported",) * 2, ("failed", "failure")):
        if key in report:
            return outcome, report[key]
    if not report["error"] <= LIMIT:
        return "failed", f"error is {report['error']:.3g}, expected <= {LIMIT}"
    if not report["same_bits"]:
        return "failed", "runs differ in their bits"
    return "passed", ""


def judge_model(name, paths):
    """(outcome, reason) of a model."""
    begun = time.monotonic()
    report, message = run_worker(*paths)
    if "error" in report:
        print(
            f"{name}: error {report['error']:.1e} on {report['device']}, "
            f"{time.monotonic() - begun:.0f} s",
            flush=True,
        )
    return outcome_of(report, message)


def judge_models(found, jobs):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        outcomes = pool.map(judge_model, found, found.values())
        return {f"{n}/vulkan": o for n, o in zip(found, outcomes)}


def judge_control(found):
    """Without barriers the layer must find hazards."""
    path, golden = next(iter(found.values()))
    _, message = run_worker(
        path,
        golden,
        VISIR_VULKAN_LIBRARY=str(BUILD / "lib" / "libvisir_vulkan_shim.so"),
        VISIR_VULKAN_SHIM="no-barriers",
    )
    if "SYNC-HAZARD" in message:
        return "passed", ""
    return "failed", f"layer says '{message}', expected SYNC-HAZARD"


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="*", help="pattern of op cases")
    parser.add_argument(
        "--models",
        default="edgevit_xxs.*",
        help="patterns of models, separated by commas; or none",
    )
    parser.add_argument(
        "--exports", type=pathlib.Path, default=BUILD / "models"
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
    results.update(judge_models(found, arguments.jobs))
    if found:
        results["control/without barriers"] = judge_control(found)
    counts = collections.Counter(outcome for outcome, _ in results.values())
    print("vulkan", ", ".join(f"{counts[o]} {o}" for o in ("passed", *OUTCOMES)))
    return expectations.conclude(
        LIST,
        results,
        OUTCOMES,
        reasons=arguments.reasons,
        update=arguments.update,
    )


if __name__ == "__main__":
    sys.exit(main())
