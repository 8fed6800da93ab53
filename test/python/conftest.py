# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small models that the tests of the Python package share."""

import numpy
import pytest
from onnx import TensorProto, helper, numpy_helper

OPSET = [helper.make_opsetid("", 17)]


def tensor(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model_of(nodes, inputs, outputs, weights=()):
    stored = [numpy_helper.from_array(a, n) for n, a in dict(weights).items()]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, stored)
    return helper.make_model(graph, opset_imports=OPSET, ir_version=8)


@pytest.fixture(scope="session")
def affine_model():
    """y = x * scale + 1 on 2x3 numbers."""
    nodes = [
        helper.make_node("Mul", ["x", "scale"], ["m"], name="multiply"),
        helper.make_node("Add", ["m", "one"], ["y"], name="add"),
    ]
    one = numpy.ones((), numpy.float32)
    return model_of(
        nodes,
        [tensor("x", (2, 3)), tensor("scale", (3,))],
        [tensor("y", (2, 3))],
        {"one": one},
    )


@pytest.fixture(scope="session")
def reshape_model():
    """y = x in the shape that a second input says."""
    nodes = [
        helper.make_node("Relu", ["x"], ["r"], name="relu"),
        helper.make_node("Reshape", ["r", "shape"], ["y"], name="reshape"),
    ]
    return model_of(
        nodes,
        [tensor("x", (2, 3)), tensor("shape", (2,), TensorProto.INT64)],
        [tensor("y", ("a", "b"))],
    )


@pytest.fixture(scope="session")
def unknown_model():
    """Two nodes of operators that nobody knows."""
    nodes = [
        helper.make_node("Frobnicate", ["x"], ["a"], name="first"),
        helper.make_node("Defenestrate", ["a"], ["y"], name="second"),
    ]
    return model_of(nodes, [tensor("x", (2,))], [tensor("y", (2,))])


@pytest.fixture(scope="session")
def affine_artifact(affine_model):
    import visir

    return visir.compile(affine_model)


@pytest.fixture
def affine_inputs():
    return {
        "x": numpy.arange(6, dtype=numpy.float32).reshape(2, 3),
        "scale": numpy.array([1, 2, 3], numpy.float32),
    }
