# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles one model of a system for one target, runs it and judges it; prints
one JSON line.

python -m scripts.lib.systems.worker TARGET MODEL EXPORTS EXPORTER

{"compile_s"} as far as it comes, then {"error", "same_bits"} and {"ms"} or
{"instructions"}; or {"unsupported"} or {"failure"}, the reason.
"""

import json
import os
import pathlib
import sys
import tempfile
import time

import numpy
import visir

from models.rest.build import build
from models.rest.config import VARIANTS
from scripts.lib.systems import table
from test.e2e.arm import board
from test.e2e.arm.__main__ import read_golden
from test.e2e.captions.__main__ import (
    caption_of,
    captions,
    same_results,
    worst_error,
)
from test.e2e.models.worker import relative_error, same_bits

# What `visir compile` and visir.load call them.
TARGETS = {
    "x86": "host",
    "aarch64": "aarch64",
    "vulkan": "vulkan",
    "cuda": "cuda:sm_90",
}
DEVICES = {"x86": "cpu", "vulkan": "vulkan", "cuda": "cuda"}
# The stand-in for a GPU and qemu carry out instructions: their time says
# nothing.
TIMED = ("x86", "vulkan")
SECONDS = 900
LEAST_TIME = 0.2  # seconds of runs, of which the least counts


def least_ms(run):
    begun, least = time.perf_counter(), float("inf")
    while time.perf_counter() - begun < LEAST_TIME:
        start = time.perf_counter()
        run()
        least = min(least, time.perf_counter() - start)
    return 1e3 * least


def run_on_device(artifact, inputs, target):
    module = visir.load(artifact, device=DEVICES[target], threads=1)
    results = module.run(inputs)
    again = visir.load(artifact, device=DEVICES[target], threads=2).run(inputs)
    report = {"same_bits": same_bits(results, again)}
    if target in TIMED:
        report["ms"] = least_ms(lambda: module.run(inputs))
    return results, report


def run_on_board(artifact, inputs):
    results, instructions, _, _ = board.count(
        artifact, inputs, seconds=SECONDS
    )
    again = board.run(artifact, inputs, threads=2, seconds=SECONDS)
    return results, {
        "same_bits": same_bits(results, again),
        "instructions": instructions,
    }


def judge_model(target, name, exports, exporter, report):
    source = exports / f"{name}.{exporter}.onnx"
    inputs, golden = read_golden(exports / f"{name}.npz")
    with tempfile.TemporaryDirectory() as folder:
        artifact = os.path.join(folder, "model.visir")
        start = time.monotonic()
        visir.compile(str(source), TARGETS[target], output=artifact)
        report["compile_s"] = time.monotonic() - start
        if target == "aarch64":
            results, more = run_on_board(artifact, inputs)
        else:
            results, more = run_on_device(artifact, inputs, target)
    report["error"] = relative_error(results, golden)
    report.update(more)


def captions_on_board(artifact, config, golden):
    """Of the first clip, by the board's tool: error of the score, and whether
    two runs give the same."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model, frames = folder / "captioner.visir", folder / "frames.npy"
        model.write_bytes(artifact)
        numpy.save(frames, golden["frames0"])
        one, two = (
            caption_of(board.RUNNER, model, config, frames) for _ in range(2)
        )
    expected = golden["beams0"].tolist()
    if one["tokens"] != expected:
        raise AssertionError(f"text is {one['tokens']}, expected {expected}")
    error = relative_error(
        {"score": numpy.array(one["score"])}, {"score": golden["beams0:score"]}
    )
    return {"error": error, "same_bits": one == two}


def captions_on_device(artifact, config, golden, device):
    first, second = (
        captions(visir.load(artifact, device=device, threads=n), config, golden)
        for n in (1, 2)
    )
    return {
        "error": worst_error(first, golden),
        "same_bits": same_results(first, second),
    }


def judge_captions(target, variant, exports, exporter, report):
    """All models of a captioner, texts by greedy and by beam search."""
    folder = exports / f"rest_{variant}"
    golden = numpy.load(folder / "captions.npz")
    start = time.monotonic()
    artifact = build(variant, folder, exporter, target=TARGETS[target])
    report["compile_s"] = time.monotonic() - start
    given = artifact, VARIANTS[variant], golden
    if target == "aarch64":
        report.update(captions_on_board(*given))
    else:
        report.update(captions_on_device(*given, DEVICES[target]))


def main():
    target, name, exports, exporter = sys.argv[1:]
    report = {}
    judge = judge_captions if table.is_captioner(name) else judge_model
    name = table.variant(name)
    try:
        judge(target, name, pathlib.Path(exports), exporter, report)
    except visir.UnsupportedError as error:
        report["unsupported"] = str(error)
    except Exception as error:
        report["failure"] = f"{type(error).__name__}: {error}"
    print(json.dumps(report))


if __name__ == "__main__":
    main()
