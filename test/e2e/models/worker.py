# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Judges one exported model; prints one JSON line.

python -m test.e2e.models.worker MODEL.onnx GOLDEN.npz RUNS WITH_REFERENCE
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy
import visir

THREADS = (1, 2, 4)


def relative_error(results, golden):
    """The largest error of all outputs, each relative to its largest value."""
    worst = 0.0
    for name, expected in golden.items():
        actual = results[name]
        if actual.shape != expected.shape:
            raise AssertionError(
                f"shape of {name} is {actual.shape}, expected {expected.shape}"
            )
        if not numpy.isfinite(actual).all():
            return float("inf")
        difference = numpy.abs(actual.astype(numpy.float64) - expected)
        worst = max(worst, difference.max() / numpy.abs(expected).max())
    return float(worst)


def onnxruntime_error(path, inputs, golden):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        path, options, ["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return relative_error(dict(zip(names, session.run(None, inputs))), golden)


def same_bits(one, other):
    return all(one[name].tobytes() == other[name].tobytes() for name in one)


def run_everywhere(artifact, inputs, runs):
    """Runs on all numbers of threads; returns the outputs and whether every
    run gave the same bits."""
    first, same = None, True
    for threads in THREADS:
        module = visir.load(artifact, threads=threads)
        for _ in range(runs):
            results = module.run(inputs)
            first = first or results
            same = same and same_bits(first, results)
    return first, same


def layout_changes(artifact):
    """Commands inside that do nothing but change a layout."""
    command = [visir.locate.tool(), "inspect", artifact, "--json"]
    text = subprocess.run(command, capture_output=True, check=True).stdout
    entries = json.loads(text)["entries"]
    return sum(entry["interior_relayouts"] for entry in entries)


def judge(path, golden_path, runs, with_reference):
    with numpy.load(golden_path) as arrays:
        inputs = {n[3:]: arrays[n] for n in arrays.files if n[:3] == "in:"}
        golden = {n[4:]: arrays[n] for n in arrays.files if n[:4] == "out:"}
    report = {}
    with tempfile.TemporaryDirectory() as folder:
        artifact = os.path.join(folder, "model.visir")
        start = time.monotonic()
        visir.compile(path, output=artifact)
        report["compile_s"] = time.monotonic() - start
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        report["compile_mb"] = usage.ru_maxrss / 1024
        report["artifact_mb"] = os.path.getsize(artifact) / 1e6
        report["layout_changes"] = layout_changes(artifact)
        results, same = run_everywhere(artifact, inputs, runs)
    report["error"] = relative_error(results, golden)
    report["same_bits"] = same
    report["onnxruntime"] = onnxruntime_error(path, inputs, golden)
    if with_reference:
        evaluated = visir.evaluate(path, inputs)
        report["reference"] = relative_error(evaluated, golden)
    return report


def main():
    path, golden, runs, with_reference = sys.argv[1:]
    try:
        report = judge(path, golden, int(runs), int(with_reference))
    except visir.UnsupportedError as error:
        report = {"unsupported": str(error)}
    except Exception as error:
        report = {"failure": f"{type(error).__name__}: {error}"}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
