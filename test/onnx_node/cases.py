# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The node tests of the onnx package that use numeric tensors only."""

import dataclasses
import functools
import warnings

import numpy
import onnx
import onnx.numpy_helper

from test.onnx_node.shape_operands import all_nodes, shape_inputs

# The version of the onnx package decides how many there are.
NUMERIC_CASES = 1802
FOREIGN_DOMAINS = ("ai.onnx.ml", "ai.onnx.preview.training", "ai.onnx.preview")
RTOL, ATOL = 1e-3, 1e-5
BFLOAT16_TOLERANCE = 2**-6


@dataclasses.dataclass(frozen=True)
class Case:
    """inputs and outputs: one {name: array} for each data set."""

    name: str
    model: onnx.ModelProto
    inputs: list
    outputs: list
    bound: list


def is_numeric(value):
    kind = value.type.WhichOneof("value")
    return (
        kind == "tensor_type"
        and value.type.tensor_type.elem_type != onnx.TensorProto.STRING
    )


def uses_numeric_tensors(model):
    """True if the model has neither strings, sequences and optional values nor
    operators of the domains for machine learning, training and previews."""
    nodes = list(all_nodes(model.graph))
    return all(map(is_numeric, [*model.graph.input, *model.graph.output])) and (
        not any(
            node.domain in FOREIGN_DOMAINS
            or node.op_type.startswith("Optional")
            for node in nodes
        )
    )


def as_array(value):
    if isinstance(value, onnx.TensorProto):
        return onnx.numpy_helper.to_array(value)
    return numpy.asarray(value)


def named(values, arrays):
    return {v.name: as_array(a) for v, a in zip(values, arrays)}


@functools.cache
def load():
    """{name: Case} of all numeric cases."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        # The package's own generators overflow on purpose.
        warnings.simplefilter("ignore")
        tests = load_model_tests(kind="node")
    cases = {}
    for test in tests:
        if test.name in cases or not uses_numeric_tensors(test.model):
            continue
        graph = test.model.graph
        cases[test.name] = Case(
            test.name,
            test.model,
            [named(graph.input, data[0]) for data in test.data_sets],
            [named(graph.output, data[1]) for data in test.data_sets],
            shape_inputs(test.model),
        )
    return cases


def compare(name, actual, expected):
    """Raises AssertionError unless an output is what the case says."""
    expected = numpy.asarray(expected)
    actual = numpy.asarray(actual)
    if actual.dtype != expected.dtype:
        raise AssertionError(
            f"dtype of {name} is {actual.dtype}, expected {expected.dtype}"
        )
    if actual.shape != expected.shape:
        raise AssertionError(
            f"shape of {name} is {actual.shape}, expected {expected.shape}"
        )
    rtol, atol = RTOL, ATOL
    if expected.dtype.name == "bfloat16":
        rtol = atol = BFLOAT16_TOLERANCE
    if expected.dtype.kind not in "fiubc":
        actual, expected = (a.astype(numpy.float32) for a in (actual, expected))
    numpy.testing.assert_allclose(
        actual, expected, rtol=rtol, atol=atol, err_msg=f"output {name}"
    )
