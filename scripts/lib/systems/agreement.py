# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The small models of all systems on all targets."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

from scripts.lib.systems.worker import TARGETS
from test.e2e.cuda import null
from test.e2e.precision import LIMIT_FP32
from test.e2e.vulkan.layers import Layers

ROOT = pathlib.Path(__file__).parents[3]
SECONDS = 1800
PASSED, FAILED, UNSUPPORTED = "passed", "failed", "unsupported"
OUTCOMES = (FAILED, UNSUPPORTED)


def variables(target, layers):
    """Of the process that runs on a target."""
    more = null.environment() if target == "cuda" else {}
    return {**os.environ, **(layers.variables if layers else {}), **more}


def run_worker(target, model, exports, exporter):
    """The worker's report; what the validation layer says is a failure."""
    layers = Layers() if target == "vulkan" else None
    command = [sys.executable, "-W", "ignore", "-m", "scripts.lib.systems.worker"]
    command += [target, model, str(exports), exporter]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=variables(target, layers),
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return {"failure": f"takes more than {SECONDS} s"}
    message = layers.message() if layers else ""
    if done.returncode or not done.stdout.strip():
        text = message or done.stderr.strip()[-200:]
        return {"failure": f"ends with exit code {done.returncode}: {text}"}
    report = json.loads(done.stdout.splitlines()[-1])
    return {**report, "failure": message} if message else report


def outcome_of(report):
    """(outcome, reason) of a worker's report."""
    if "unsupported" in report:
        return UNSUPPORTED, report["unsupported"]
    if "failure" in report:
        return FAILED, report["failure"]
    if not report["error"] <= LIMIT_FP32:
        return FAILED, f"error is {report['error']:.3g}, expected <= {LIMIT_FP32}"
    if not report["same_bits"]:
        return FAILED, "runs differ in their bits"
    return PASSED, ""


def measure(systems, targets, exports, exporter, jobs):
    """{(system, model, target): report}. What is timed runs alone, first."""
    runs = [
        (system.name, model, target)
        for target in targets
        for system in systems
        for model in system.small
    ]

    def one(run):
        _, model, target = run
        report = run_worker(target, model, exports, exporter)
        outcome, reason = outcome_of(report)
        print(f"{model}/{target}: {outcome} {reason}".rstrip(), flush=True)
        return report

    alone = [run for run in runs if run[2] == "x86"]
    reports = {run: one(run) for run in alone}
    rest = [run for run in runs if run[2] != "x86"]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        reports.update(zip(rest, pool.map(one, rest)))
    return {run: reports[run] for run in runs}


def results_of(reports):
    """{model/target: (outcome, reason)}"""
    return {
        f"{model}/{target}": outcome_of(report)
        for (_, model, target), report in reports.items()
    }
