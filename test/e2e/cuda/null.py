# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs op cases and models on the stand-in for a GPU (test/targets/cuda/null),
which carries out PTX on the host and checks every access of every node."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

from test.e2e import precision
from test.e2e.ops import narrow
from test.e2e.ops.__main__ import judge_case
from test.e2e.ops.evaluator import evaluator

ROOT = pathlib.Path(__file__).parents[3]
BUILD = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
LIBRARY = BUILD / "lib" / "libvisir_null_cuda.so"
SECONDS = 1200


def environment():
    """The stand-in, and no ptxas: the stand-in loads text alone."""
    folders = os.environ["PATH"].split(os.pathsep)
    kept = [f for f in folders if not pathlib.Path(f, "ptxas").exists()]
    return {
        "VISIR_CUDA_LIBRARY": str(LIBRARY),
        "VISIR_NULL_CUDA": "sm=90",
        "CUDA_HOME": "",
        "PATH": os.pathsep.join(kept),
    }


def begin():
    """In each process of the pool."""
    os.environ.update(environment())


def run_case(run):
    """Of (op case, precision)."""
    name, kind = run
    results = (
        judge_case(name, ["cuda"])
        if kind == precision.FP32
        else narrow.judge_case(name, "cuda", kind)
    )
    if any(outcome != "passed" for outcome, _ in results.values()):
        # A device that has failed stays so.
        evaluator().stop()
    return results


def run_cases(runs, jobs):
    """{case/variant/cuda[/precision]: (outcome, reason)} of (op case,
    precision)."""
    results = {}
    with concurrent.futures.ProcessPoolExecutor(jobs, initializer=begin) as p:
        for made in p.map(run_case, runs, chunksize=8):
            results.update(made)
    return results


def run_model(source, golden, kind):
    """{model/cuda/precision: (outcome, reason)} of an export."""
    name = f"{source.stem}/cuda/{kind}"
    command = [sys.executable, "-W", "ignore", "-m", "test.e2e.cuda.worker"]
    try:
        done = subprocess.run(
            [*command, str(source), str(golden), kind],
            cwd=ROOT,
            env={**os.environ, **environment()},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        reason = f"takes more than {SECONDS} s"
        return {name: ("failed", reason)}
    if done.returncode:
        return {name: ("failed", done.stderr.strip()[-300:])}
    report = json.loads(done.stdout)
    print(f"{name}: error {report['error']:.2e} on the stand-in for a GPU")
    wrong = precision.judge(source.stem, kind, **report)
    return {name: ("failed", wrong) if wrong else ("passed", "")}
