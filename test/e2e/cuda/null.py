# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs op cases and models on the stand-in for a GPU (test/targets/cuda/null),
which carries out PTX on the host and checks every access of every node."""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

from test.e2e.ops.__main__ import judge_case
from test.e2e.ops.evaluator import evaluator

ROOT = pathlib.Path(__file__).parents[3]
BUILD = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
LIBRARY = BUILD / "lib" / "libvisir_null_cuda.so"
# Errors of models, relative to the output's largest value, by precision: some
# multiples of half a unit in a factor's last place (f16 and TF32: 4.9e-4, bf16:
# 3.9e-3), for roundings add up at random from layer to layer.
LIMITS = {"fp32": 2e-5, "tf32": 5e-3, "fp16": 5e-3, "bf16": 4e-2}
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


def run_case(name):
    results = judge_case(name, ["cuda"])
    if any(outcome != "passed" for outcome, _ in results.values()):
        # A device that has failed stays so.
        evaluator().stop()
    return results


def run_cases(names, jobs):
    """{case/static/cuda: (outcome, reason)}"""
    results = {}
    with concurrent.futures.ProcessPoolExecutor(jobs, initializer=begin) as p:
        for made in p.map(run_case, names, chunksize=8):
            results.update(made)
    return results


def run_model(source, golden, precision):
    """{model/cuda/precision: (outcome, reason)} of an export."""
    name = f"{source.stem}/cuda/{precision}"
    command = [sys.executable, "-W", "ignore", "-m", "test.e2e.cuda.worker"]
    try:
        done = subprocess.run(
            [*command, str(source), str(golden), precision],
            cwd=ROOT,
            env={**os.environ, **environment()},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        reason = f"takes more than {SECONDS} s"
        return {name: ("failed", reason)}
    text = done.stdout.strip()
    if done.returncode:
        return {name: ("failed", done.stderr.strip()[-300:])}
    print(f"{name}: error {text} on the stand-in for a GPU")
    if not float(text) <= LIMITS[precision]:
        reason = f"error is {text}, expected <= {LIMITS[precision]}"
        return {name: ("failed", reason)}
    return {name: ("passed", "")}
