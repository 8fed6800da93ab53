# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The backend interface of the onnx package."""

import numpy
import onnx
import pytest
import visir
from onnx import helper
from onnx.backend.base import Backend, BackendRep
from visir import backend


def test_prepares_and_runs(affine_model, affine_inputs):
    representation = backend.prepare(affine_model, "CPU", threads=1)
    assert isinstance(representation, BackendRep)
    arrays = list(affine_inputs.values())
    want = affine_inputs["x"] * affine_inputs["scale"] + 1
    for inputs in (arrays, affine_inputs):
        outputs = representation.run(inputs)
        assert outputs._fields == ("y",)
        numpy.testing.assert_array_equal(outputs.y, want)
    (result,) = backend.run_model(affine_model, arrays)
    numpy.testing.assert_array_equal(result, want)


def test_counts_the_inputs(affine_model):
    representation = backend.prepare(affine_model)
    with pytest.raises(ValueError, match="number of inputs is 1, expected 2"):
        representation.run([numpy.zeros((2, 3), numpy.float32)])


def test_bound_inputs_are_not_inputs(reshape_model):
    representation = backend.prepare(reshape_model, bind={"shape": [3, 2]})
    (y,) = representation.run([numpy.ones((2, 3), numpy.float32)])
    assert y.shape == (3, 2)


def test_runs_a_node():
    node = helper.make_node("Concat", ["a", "b"], ["y"], axis=0)
    a, b = numpy.float32([1, 2]), numpy.float32([3])
    known = [(numpy.dtype("float32"), (3,))]
    for options in (
        {},
        {"outputs_info": known},
        {"opset_version": 13},
        {"opset_version": 21},
    ):
        (y,) = backend.run_node(node, [a, b], **options)
        numpy.testing.assert_array_equal(y, [1, 2, 3])


def test_runs_a_node_with_a_bound_input():
    node = helper.make_node("Reshape", ["x", "", "shape"][::2], ["y"])
    shape = numpy.int64([3, 1])
    x = numpy.ones(3, numpy.float32)
    (y,) = backend.run_node(node, [x, shape], bind={"shape": shape})
    assert y.shape == (3, 1)


def test_counts_the_inputs_of_a_node():
    node = helper.make_node("Add", ["a", "b"], ["y"])
    with pytest.raises(ValueError, match="number of inputs is 1, expected 2"):
        backend.run_node(node, [numpy.ones(1)])


@pytest.mark.parametrize(
    "device, supported", [("CPU", True), ("CPU:0", True), ("CUDA", False),
                          ("TPU", False)]
)  # fmt: skip
def test_devices(affine_model, device, supported):
    assert backend.supports_device(device) == supported
    assert backend.is_compatible(affine_model, device) == supported
    if not supported:
        with pytest.raises(ValueError, match=f"device is {device}"):
            backend.prepare(affine_model, device)


def test_is_compatible(affine_model, unknown_model, reshape_model):
    assert backend.is_compatible(affine_model)
    assert not backend.is_compatible(unknown_model)
    assert not backend.is_compatible(reshape_model)
    assert backend.is_compatible(reshape_model, bind={"shape": [6, 1]})
    with pytest.raises(visir.CompileError, match="is not an ONNX file"):
        backend.is_compatible(b"nothing")


def test_has_the_whole_interface():
    for name in dir(Backend):
        if not name.startswith("_"):
            assert callable(getattr(backend, name)), name
    assert issubclass(backend.VisirBackend, onnx.backend.base.Backend)
