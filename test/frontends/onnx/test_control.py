# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""If, Loop and local functions."""

import numpy
import pytest

from test.frontends.onnx.importing import (
    BOOL, INT64, helper, model_of, value,
)  # fmt: skip


def branch(op, name):
    """A subgraph that applies an operator to the outer x."""
    node = helper.make_node(op, ["x"], ["r"], name="inner")
    return helper.make_graph([node], name, [], [value("r", [2])])


def if_model(constants=None, inputs=()):
    node = helper.make_node(
        "If", ["c"], ["y"], name="choice",
        then_branch=branch("Relu", "t"), else_branch=branch("Exp", "e"),
    )  # fmt: skip
    return model_of(
        [node], [value("x", [2]), *inputs], [value("y", [2])], constants
    )


@pytest.mark.parametrize("condition, kind", [(True, "relu"), (False, "exp")])
def test_if_with_a_constant_condition(imported, condition, kind):
    result = imported(if_model({"c": condition}), "--locations")
    assert result.ops == ["unary"]
    assert f"visir.unary  {kind}" in result.ir
    assert f'loc("choice/{"then" if condition else "else"}/inner")' in result.ir


def test_if_with_a_computed_condition(imported):
    result = imported(if_model(inputs=[value("c", [], BOOL)]))
    assert result.reasons == ["`cond` is computed at run time, expected a constant"]
    assert 'then_branch = "graph"' in result.ir


def test_if_with_a_condition_that_folds(imported):
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Equal", ["s", "two"], ["c"]),
        *if_model().graph.node,
    ]
    model = model_of(
        nodes, [value("x", [2])], [value("y", [2])], {"two": numpy.array([2])}
    )
    assert "visir.unary  relu" in imported(model).ir


def loop_body(extra=(), condition="go_in"):
    """sum_out = sum + x; one scan output: the sum."""
    nodes = [
        helper.make_node("Add", ["sum", "x"], ["sum_out"]),
        helper.make_node("Identity", ["sum_out"], ["scan"]),
        helper.make_node("Identity", [condition], ["go_out"]),
        *extra,
    ]
    return helper.make_graph(
        nodes,
        "body",
        [value("i", [], INT64), value("go_in", [], BOOL), value("sum", [2])],
        [value("go_out", [], BOOL), value("sum_out", [2]), value("scan", [2])],
    )


def loop_model(constants, body=None, inputs=(), names=("m", "go", "x")):
    node = helper.make_node("Loop", names, ["y", "all"], body=body or loop_body())
    return model_of(
        [node],
        [value("x", [2]), *inputs],
        [value("y", [2]), value("all", None)],
        constants,
    )


def test_loop_with_a_constant_trip_count(imported):
    result = imported(loop_model({"m": 3, "go": True}))
    assert result.ops.count("binary") == 3
    assert result.signature.endswith("-> tensor<2xf32>, tensor<3x2xf32>")


def test_loop_without_a_condition(imported):
    result = imported(loop_model({"m": 2}, names=("m", "", "x")))
    assert result.ops.count("binary") == 2


def test_loop_that_ends_by_its_condition(imported):
    extra = [helper.make_node("Less", ["i", "last"], ["goes_on"])]
    body = loop_body(extra=extra, condition="goes_on")
    # The condition is computed after its reader: put it first.
    body.node.insert(0, body.node.pop())
    model = loop_model({"last": 4}, body=body, names=("", "", "x"))
    assert imported(model).ops.count("binary") == 5


def test_loop_that_never_starts(imported):
    result = imported(loop_model({"m": 0, "go": True}))
    assert result.reasons == [
        "number of trips of a loop with scan outputs is 0, expected at least 1"
    ]


def test_loop_with_a_computed_trip_count(imported):
    result = imported(loop_model({"go": True}, inputs=[value("m", [], INT64)]))
    assert result.reasons == ["`M` is computed at run time, expected a constant"]


def test_loop_with_a_computed_condition(imported):
    extra = [
        helper.make_node("ReduceSum", ["sum"], ["total"], keepdims=0),
        helper.make_node("Less", ["total", "limit"], ["goes_on"]),
    ]
    body = loop_body(extra=extra, condition="goes_on")
    nodes = [body.node.pop(), body.node.pop()]
    for node in nodes:
        body.node.insert(0, node)
    limit = numpy.array(9, numpy.float32)
    result = imported(loop_model({"m": 2, "go": True, "limit": limit}, body=body))
    assert result.reasons == [
        "the condition of trip 0 is computed at run time, expected a constant"
    ]
    assert result.ops == ["opaque"]


@pytest.mark.parametrize("trips", [1025, 2**62])
def test_loop_with_too_many_trips(imported, trips):
    result = imported(loop_model({"m": trips, "go": True}))
    assert result.reasons == ["number of trips is more than 1024"]


def test_loop_whose_body_does_not_fit(imported):
    body = loop_body()
    del body.output[2]
    result = imported(loop_model({"m": 1, "go": True}, body=body))
    assert result.reasons == ["signature of the body is 3 -> 2, expected 3 -> 3"]


def function_model(functions, call, constants=None):
    model = model_of([call], [value("x", [2])], [value("y", [2])], constants)
    model.opset_import.append(helper.make_opsetid("local", 1))
    model.functions.extend(functions)
    return model


def function(nodes, name="twice", inputs=("a",), attributes=(), opset=18):
    return helper.make_function(
        "local", name, list(inputs), ["r"], nodes,
        [helper.make_opsetid("", opset), helper.make_opsetid("local", 1)],
        list(attributes),
    )  # fmt: skip


def call(name="twice", inputs=("x",), **attributes):
    return helper.make_node(
        name, list(inputs), ["y"], domain="local", name="call", **attributes
    )


def test_function_is_inlined(imported):
    body = [
        helper.make_node("Relu", ["a"], ["m"], name="first"),
        helper.make_node("Exp", ["m"], ["r"], name="second"),
    ]
    result = imported(function_model([function(body)], call()), "--locations")
    assert result.ops == ["unary", "unary"]
    assert 'loc("call/first")' in result.ir


def test_function_has_its_own_opset(imported):
    """Softmax of opset 11 flattens, that of the model's opset 17 does not."""
    body = [helper.make_node("Softmax", ["a"], ["r"], axis=0)]
    model = model_of([call()], [value("x", [2, 3])], [value("y", [2, 3])])
    model.opset_import.append(helper.make_opsetid("local", 1))
    model.functions.append(function(body, opset=11))
    assert imported(model).ops == ["reshape", "softmax", "reshape"]


def leaky(default):
    node = helper.make_node("LeakyRelu", ["a"], ["r"])
    node.attribute.add(name="alpha", ref_attr_name="slope", type=1)
    made = function([node], attributes=[] if default else ["slope"])
    if default:
        made.attribute_proto.append(helper.make_attribute("slope", default))
    return made


@pytest.mark.parametrize(
    "default, given, expected", [(None, 0.5, 0.5), (0.25, None, 0.25),
                                 (0.25, 0.5, 0.5), (None, None, 0.01)],
)  # fmt: skip
def test_attributes_of_a_function(imported, default, given, expected):
    attributes = {} if given is None else {"slope": given}
    result = imported(function_model([leaky(default)], call(**attributes)))
    params = result.ir.split("params = array<f64: ")[1].split(">")[0]
    assert float(params) == pytest.approx(expected)


def test_absent_input_of_a_function(imported):
    body = [helper.make_node("Clip", ["a", "low", "high"], ["r"])]
    made = function(body, inputs=("a", "low", "high"))
    result = imported(function_model([made], call(inputs=("x",))))
    assert result.ops == []


def test_function_that_calls_itself(refused):
    body = [helper.make_node("twice", ["a"], ["r"], domain="local")]
    assert refused(function_model([function(body)], call())) == [
        "nesting of functions exceeds 32"
    ]


def test_functions_that_multiply(refused):
    """Each level calls the next one eight times."""
    functions = []
    for level in range(12):
        body = [
            helper.make_node(
                f"f{level + 1}" if level < 11 else "Relu", [f"v{i}"],
                ["r" if i == 7 else f"v{i + 1}"],
                domain="local" if level < 11 else "",
            )
            for i in range(8)
        ]  # fmt: skip
        functions.append(function(body, name=f"f{level}", inputs=("v0",)))
    assert refused(function_model(functions, call("f0"))) == [
        "number of nodes after inlining exceeds 400000"
    ]


def test_function_defined_twice(refused):
    body = [helper.make_node("Relu", ["a"], ["r"])]
    model = function_model([function(body), function(body)], call())
    assert refused(model) == ["function 'twice' is defined twice"]


def test_function_with_too_many_inputs(refused):
    body = [helper.make_node("Relu", ["a"], ["r"])]
    model = function_model([function(body)], call(inputs=("x", "x")))
    assert refused(model) == [
        "call of 'twice' has 2 inputs and 1 outputs, expected 1 and 1"
    ]


def test_function_without_its_output(refused):
    body = [helper.make_node("Relu", ["a"], ["other"])]
    assert refused(function_model([function(body)], call())) == [
        "output 'r' of 'twice' is not defined"
    ]


def test_subgraph_with_undefined_input_ends_the_import(refused):
    model = if_model({"c": True})
    model.graph.node[0].attribute[0].g.node[0].input[0] = "nobody"
    model.graph.node[0].attribute[1].g.node[0].input[0] = "nobody"
    assert refused(model) == ["input 'nobody' is not defined"]
