# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs op cases and models on Vulkan under Khronos' validation layer.

    python -m test.e2e.vulkan [--only PATTERN] [--models PATTERN] [--jobs N]

Any message of the layer, synchronisation and SPIR-V included, fails the test
that caused it. A model passes when its largest error against PyTorch in
float64, relative to the output's largest value, is within the bound of
test/e2e/precision.py, its first answer the same, and two runs give the same
bits. Products are judged with narrow factors too (test/e2e/ops/narrow.py). One
run goes without barriers and must be found out.
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
from test.e2e import precision
from test.e2e.models.exports import EXPORTERS, find
from test.e2e.ops import narrow
from test.e2e.ops.__main__ import judge_case, load
from test.e2e.ops.evaluator import evaluator
from test.e2e.vulkan.layers import Layers

LIST = pathlib.Path(__file__).with_name("expected.txt")
ROOT = pathlib.Path(__file__).parents[3]
BUILD = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
OUTCOMES = ("failed", "unsupported")
NARROW = ("fp16", "bf16")
# Products of f16 on the tiles of cooperative matrices.
EMULATED = "emulated16"
SECONDS = 600
layers = None


def begin():
    """In each process of the pool: its own layer."""
    global layers
    layers = Layers()
    os.environ.update(layers.variables)


def judge_op(run):
    """{run: (outcome, reason)} of (op case, precision) on Vulkan."""
    name, kind = run
    if kind == precision.FP32:
        results = judge_case(name, ["vulkan"])
    elif kind == EMULATED:
        results = narrow.judge_case(name, f"vulkan+{EMULATED}", NARROW[0])
    else:
        results = narrow.judge_case(name, "vulkan", kind)
    message = layers.message()
    if message:
        # The process may have survived; the next one starts a new log.
        evaluator().stop()
        layers.log.unlink()
        results = {run: ("failed", message) for run in results}
    return results


def judge_ops(pattern, jobs):
    runs = [(n, precision.FP32) for n in load()]
    runs += [(n, kind) for n in narrow.load() for kind in (*NARROW, EMULATED)]
    runs = [run for run in runs if fnmatch.fnmatchcase(run[0], pattern)]
    results = {}
    with concurrent.futures.ProcessPoolExecutor(jobs, initializer=begin) as p:
        for made in p.map(judge_op, runs, chunksize=4):
            results.update(made)
    return results


def run_worker(path, golden, kind, **variables):
    """(report, message of the layer) of a model."""
    own = Layers()
    command = [sys.executable, "-W", "ignore", "-m", "test.e2e.vulkan.worker"]
    try:
        done = subprocess.run(
            [*command, str(path), str(golden), kind],
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


def outcome_of(name, kind, report, message):
    if message:
        return "failed", message
    for outcome, key in (("unsupported",) * 2, ("failed", "failure")):
        if key in report:
            return outcome, report[key]
    wrong = precision.judge(name, kind, report["error"], report["same_top"])
    if wrong:
        return "failed", wrong
    if not report["same_bits"]:
        return "failed", "runs differ in their bits"
    return "passed", ""


def judge_model(name, paths, kind):
    """(outcome, reason) of a model."""
    begun = time.monotonic()
    report, message = run_worker(*paths, kind)
    if "error" in report:
        print(
            f"{name}: {kind}: error {report['error']:.1e} on "
            f"{report['device']}, {time.monotonic() - begun:.0f} s",
            flush=True,
        )
    return outcome_of(name, kind, report, message)


def runs_of(found, kinds):
    """{run: (name, paths, precision)}; narrow types need no second exporter."""
    runs = {}
    for name, paths in found.items():
        if precision.FP32 in kinds:
            runs[f"{name}/vulkan"] = name, paths, precision.FP32
        if name.endswith(EXPORTERS[0]):
            for kind in NARROW:
                if kind in kinds:
                    runs[f"{name}/vulkan/{kind}"] = name, paths, kind
    return runs


def judge_models(found, kinds, jobs):
    runs = runs_of(found, kinds)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        outcomes = pool.map(lambda run: judge_model(*run), runs.values())
        return dict(zip(runs, outcomes))


def judge_control(found):
    """Without barriers the layer must find hazards."""
    path, golden = next(iter(found.values()))
    _, message = run_worker(
        path,
        golden,
        precision.FP32,
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
    parser.add_argument(
        "--precision",
        action="append",
        choices=(precision.FP32, *NARROW),
        help="of models (all)",
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
    kinds = arguments.precision or (precision.FP32, *NARROW)
    results.update(judge_models(found, kinds, arguments.jobs))
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
