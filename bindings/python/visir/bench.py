# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times a user's own model beside another engine.

    python -m visir.bench MODEL.onnx [--against onnxruntime] [--threads N]
                          [--rounds N] [--shape NAME=1x3x224x224]... [--json]

Both run on the same random inputs in alternating rounds of at least half a
second; a round counts with its fastest run, the result is the median over the
rounds. The error is the largest difference relative to the largest value of
the other engine's output.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time

import numpy

import visir

SECONDS = 0.5
USAGE_ERROR = 64


class Parser(argparse.ArgumentParser):
    """Says what is wrong as the tool does, with its exit code."""

    def error(self, message):
        self.exit(USAGE_ERROR, f"error: {message}\n{self.format_usage()}")


def parse_arguments(words):
    parser = Parser(
        prog="visir bench MODEL.onnx", description=__doc__.split("\n")[0]
    )
    parser.add_argument("model")
    parser.add_argument("--against", choices=["onnxruntime"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shape", action="append", default=[])
    parser.add_argument("--target", default="host")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(words)


def random_inputs(tensors, seed=0):
    """{name: array}; integers are 0 or 1, so that they can be indices."""
    generator = numpy.random.default_rng(seed)
    arrays = {}
    for each in tensors:
        if numpy.dtype(each.dtype).kind == "f":
            values = generator.standard_normal(each.shape)
        else:
            values = generator.integers(0, 2, each.shape)
        arrays[each.name] = numpy.asarray(values).astype(each.dtype)
    return arrays


def best_of_round(run):
    best, end = float("inf"), time.perf_counter() + SECONDS
    while True:
        start = time.perf_counter()
        run()
        now = time.perf_counter()
        best = min(best, now - start)
        if now >= end:
            return best


def onnxruntime_runner(path, threads, inputs):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]

    def run():
        return dict(zip(names, session.run(None, inputs)))

    return f"onnxruntime {onnxruntime.__version__}", run


def largest_error(actual, expected):
    worst = 0.0
    for name, right in expected.items():
        difference = numpy.abs(
            actual[name].astype(numpy.float64) - right.astype(numpy.float64)
        )
        scale = numpy.abs(right.astype(numpy.float64)).max(initial=0) or 1.0
        worst = max(worst, float(difference.max(initial=0) / scale))
    return worst


def measure(arguments):
    artifact = visir.compile(
        arguments.model,
        target=arguments.target,
        options=[w for text in arguments.shape for w in ("--shape", text)],
    )
    module = visir.load(artifact, threads=arguments.threads)
    inputs = random_inputs(module.inputs)
    runners = {"visir": lambda: module.run(inputs)}
    if arguments.against:
        name, run = onnxruntime_runner(
            arguments.model, arguments.threads, inputs
        )
        runners[name] = run
    answers = [run() for run in runners.values()]
    times = {name: [] for name in runners}
    for _ in range(arguments.rounds):
        for name, run in runners.items():
            times[name].append(best_of_round(run))
    result = {
        "model": arguments.model,
        "threads": arguments.threads,
        "ms": {n: 1e3 * statistics.median(t) for n, t in times.items()},
    }
    if arguments.against:
        ours, theirs = result["ms"].values()
        result["ratio"] = theirs / ours
        result["error"] = largest_error(*answers)
    return result


def attempt(work):
    """What work() returns, and 0; or None after an error that it prints, and
    the exit code."""
    try:
        return work(), 0
    except visir.CompileError as error:
        print(error, file=sys.stderr)
        return None, 2 if isinstance(error, visir.UnsupportedError) else 1
    except ImportError as error:
        print(f"error: {error.name} is not installed", file=sys.stderr)
        return None, 1


def main(words=None):
    arguments = parse_arguments(sys.argv[1:] if words is None else words)
    result, code = attempt(lambda: measure(arguments))
    if result is None:
        return code
    if arguments.json:
        print(json.dumps(result))
        return 0
    for name, milliseconds in result["ms"].items():
        print(f"{name:24s} {milliseconds:10.3f} ms")
    if "ratio" in result:
        print(f"visir is {result['ratio']:.2f}x as fast, ", end="")
        print(f"largest relative difference {result['error']:.2g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
