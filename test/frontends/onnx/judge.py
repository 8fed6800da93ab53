# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs models of one operator on the reference interpreter and judges them."""

import subprocess

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

from visir import locate

RTOL, ATOL = 1e-4, 1e-5


class Refused(Exception):
    """The import refuses the model; the text is the diagnostics."""


def value_info(name, array):
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor_value_info(name, kind, array.shape)


def make_model(op_type, inputs, *, opset, outputs=1, constants=(), **attributes):
    """A model of one node. `inputs` are arrays or None for absent ones; those
    whose number is in `constants` become initialisers."""
    names = [f"x{i}" if a is not None else "" for i, a in enumerate(inputs)]
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op_type, names, results, **attributes)
    graph = helper.make_graph(
        [node],
        op_type,
        [
            value_info(names[i], a)
            for i, a in enumerate(inputs)
            if a is not None and i not in constants
        ],
        [
            helper.make_tensor_value_info(r, TensorProto.UNDEFINED, None)
            for r in results
        ],
        [numpy_helper.from_array(inputs[i], names[i]) for i in constants],
    )
    # Judges differ in the newest IR version that they read.
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10
    )
    return onnx.shape_inference.infer_shapes(model)


def as_arrays(inputs):
    return [None if a is None else numpy.asarray(a) for a in inputs]


def feeds(model, inputs):
    wanted = {i.name for i in model.graph.input}
    return {f"x{i}": a for i, a in enumerate(inputs) if f"x{i}" in wanted}


def evaluate(model, arrays, folder):
    """The outputs in order; raises Refused."""
    path, given, made = (
        folder / name for name in ("model.onnx", "given.npz", "made.npz")
    )
    onnx.save(model, path)
    numpy.savez(given, **arrays)
    command = [locate.tool("visir-evaluate"), path]
    command += ["--inputs", given, "--outputs", made]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 2:
        raise Refused(done.stderr)
    assert done.returncode == 0, done.stderr
    with numpy.load(made) as results:
        return [results[o.name] for o in model.graph.output]


def by_evaluator(model, arrays):
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator(model).run(None, arrays)


def by_onnxruntime(model, arrays):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = (
        onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, ["CPUExecutionProvider"]
    )
    return session.run(None, arrays)


def assert_close(actual, expected, rtol=RTOL, atol=ATOL):
    assert len(actual) == len(expected)
    for got, want in zip(actual, expected, strict=True):
        want = numpy.asarray(want)
        assert got.dtype == want.dtype
        assert got.shape == want.shape
        numpy.testing.assert_allclose(got, want, rtol=rtol, atol=atol)


class Judge:
    """What the fixture `judge` gives."""

    def __init__(self, folder):
        self.folder = folder

    def check(
        self, op_type, inputs, *, expected=None, by=by_evaluator, rtol=RTOL, **rest
    ):
        """Compares with `expected` (a list of arrays) or with a judge."""
        inputs = as_arrays(inputs)
        model = make_model(op_type, inputs, **rest)
        arrays = feeds(model, inputs)
        actual = evaluate(model, arrays, self.folder)
        assert_close(actual, expected or by(model, arrays), rtol=rtol)
        return actual

    def reason(self, op_type, inputs, **rest):
        """Why the import refuses the model."""
        inputs = as_arrays(inputs)
        model = make_model(op_type, inputs, **rest)
        try:
            evaluate(model, feeds(model, inputs), self.folder)
        except Refused as refused:
            return str(refused)
        raise AssertionError("the import does not refuse the model")
