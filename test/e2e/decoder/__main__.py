# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The toy decoder of models/toy_decoder, step by step.

    PYTHONPATH=bindings/python python -m test.e2e.decoder --exports FOLDER

compiles the two models of each exporter to one artifact whose session keeps
the keys and values, and compares the logits after the prompt and after each
token with PyTorch's in float64 and with ONNX Runtime's, for 1, 2 and 4
threads, whose bits must be equal.
"""

import argparse
import pathlib
import sys
import tempfile

import numpy
import onnxruntime
import visir

from test.e2e.exporters import judge

BOUND, CAPACITY = 64, 128
# Relative to the largest logit.
TOLERANCE = 1e-5


def cached_names(session):
    return [i.name for i in session.get_inputs() if i.name != "token"]


def options_for(names):
    """The command line: a prompt of bounded length, states that grow."""
    options = ["--shape", f"prefill:tokens=1xT<={BOUND}"]
    for i, name in enumerate(names):
        size = "P" if i else f"P<={CAPACITY}"
        options += ["--shape", f"{name}=1x4x{size}x8"]
        options += ["--state", f"{name}={name.replace('past', 'present')}"]
    return options


def engine_logits(prefill, step, names, golden):
    """ONNX Runtime's, with the cache handed around by the caller."""
    logits, *past = prefill.run(None, {"tokens": golden["prompt"]})
    yield logits
    for token in golden["tokens"]:
        feeds = dict(zip(names, past)) | {"token": token.reshape(1, 1)}
        logits, *past = step.run(None, feeds)
        yield logits


def own_logits(module, golden):
    answer = module.run({"tokens": golden["prompt"]}, entry="prefill")
    yield answer["logits"]
    for token in golden["tokens"]:
        answer = module.run({"token": token.reshape(1, 1)}, entry="step")
        yield answer["logits"]


def error(actual, expected):
    return float(abs(actual - expected).max() / abs(expected).max())


def lengths(module):
    return {module.state_length(state.name) for state in module.states}


def check(folder, exporter, golden):
    """Raises AssertionError with what is wrong; returns the largest error."""
    sessions = [
        onnxruntime.InferenceSession(str(folder / f"{name}.{exporter}.onnx"))
        for name in ("prefill", "step")
    ]
    names = cached_names(sessions[1])
    engine = numpy.concatenate(
        list(engine_logits(*sessions, names, golden))
    )
    engine_error = error(engine, golden["logits"])
    assert engine_error < TOLERANCE, f"ONNX Runtime's error is {engine_error}"
    with tempfile.TemporaryDirectory() as place:
        # Entry points are named after the files.
        paths = []
        for name in ("prefill", "step"):
            model = (folder / f"{name}.{exporter}.onnx").read_bytes()
            paths.append(pathlib.Path(place) / f"{name}.onnx")
            paths[-1].write_bytes(model)
        artifact = visir.compile(paths, options=options_for(names))
    results = []
    for threads in (1, 2, 4):
        module = visir.load(artifact, threads=threads)
        assert {state.max_length for state in module.states} == {CAPACITY}
        for _ in range(2):
            module.reset()
            logits = numpy.concatenate(list(own_logits(module, golden)))
            used = len(golden["tokens"]) + golden["prompt"].shape[1]
            assert lengths(module) == {used}, lengths(module)
            results.append(logits)
    own_error = error(results[0], golden["logits"])
    bound = max(TOLERANCE, 2 * engine_error)
    assert own_error <= bound, f"error is {own_error:.3g}, expected {bound:.3g}"
    for logits in results[1:]:
        assert (logits == results[0]).all(), "bits depend on threads or runs"
    return own_error


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exports", type=pathlib.Path, required=True)
    folder = parser.parse_args().exports
    golden = numpy.load(folder / "decoder.npz")
    return judge(
        "decoder",
        ("torchscript", "dynamo"),
        lambda exporter: check(folder, exporter, golden),
    )


if __name__ == "__main__":
    sys.exit(main())
