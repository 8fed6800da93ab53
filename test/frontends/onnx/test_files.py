# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The envelope of a file, and what an import makes of a graph."""

import numpy
import pytest

from test.frontends.onnx.importing import (
    FLOAT, TensorProto, helper, model_of, model_of_node, numpy_helper, run,
    save, value,
)  # fmt: skip

RELU = helper.make_node("Relu", ["x"], ["y"], name="act")


def relu(**fields):
    return model_of([RELU], [value("x", [2, 3])], [value("y", [2, 3])], **fields)


def test_entry_point_names_and_locations(imported):
    result = imported(relu(), "--locations")
    assert 'func.func @main(%arg0: tensor<2x3xf32> {visir.name = "x"}' in result.ir
    assert '-> (tensor<2x3xf32> {visir.name = "y"})' in result.ir
    assert "visir.entry" in result.ir
    assert 'loc("act")' in result.ir


def test_node_without_name_is_called_by_operator_and_index(imported):
    nodes = [
        helper.make_node("Relu", ["x"], ["m"], name="first"),
        helper.make_node("Exp", ["m"], ["y"]),
    ]
    model = model_of(nodes, [value("x", [2])], [value("y", [2])])
    assert 'loc("Exp_1")' in imported(model, "--locations").ir


@pytest.mark.parametrize("opset", [7, 13, 28])
def test_opsets_that_are_read(imported, opset):
    assert imported(relu(opset=opset)).ops == ["unary"]


@pytest.mark.parametrize("opset", [6, 29])
def test_other_opsets_are_refused(refused, opset):
    assert refused(relu(opset=opset)) == [f"opset is {opset}, expected 7 .. 28"]


@pytest.mark.parametrize("ir_version", [3, 14])
def test_ir_versions_that_are_read(imported, ir_version):
    assert imported(relu(ir_version=ir_version)).ops == ["unary"]


@pytest.mark.parametrize("ir_version", [2, 15])
def test_other_ir_versions_are_refused(refused, ir_version):
    expected = f"IR version is {ir_version}, expected 3 .. 14"
    assert refused(relu(ir_version=ir_version)) == [expected]


@pytest.mark.parametrize(
    "model, code",
    [
        (relu(opset=29), 2),
        (relu(ir_version=15), 2),
        (model_of([RELU], [value("x", [2], TensorProto.STRING)],
                  [value("y", [2])]), 2),
        (model_of([RELU], [value("x", ["N", "M"])], [value("y", None)]), 1),
        (model_of([RELU], [value("x", [2])], []), 1),
        (b"not a model", 1),
        (b"", 1),
    ],
)  # fmt: skip
def test_code_tells_unsupported_from_broken(tmp_path, model, code):
    assert run(save(model, tmp_path)).code == code


def test_unread_input_of_a_graph_is_remarked(imported):
    model = model_of(
        [RELU], [value("x", [2]), value("z", [3])], [value("y", [2])]
    )
    result = imported(model)
    assert result.signature == "tensor<2xf32>, tensor<3xf32> -> tensor<2xf32>"
    (message,) = result.messages
    assert message.endswith(
        "remark: input 'z' is read by nothing that an output needs"
    )


def test_missing_file(tmp_path):
    result = run(tmp_path / "none.onnx")
    assert result.code == 1
    assert "cannot read '" in result.messages[0]
    assert "No such file or directory" in result.messages[0]


@pytest.mark.parametrize("data", [b"not a model", b"\x3a\xff\xff\xff\xff\x0f"])
def test_broken_encoding(refused, data):
    assert refused(data)[0].endswith(
        "is not an ONNX file: its protobuf encoding is broken"
    )


def test_empty_file(refused):
    assert refused(b"") == ["IR version is 0, expected 3 .. 14"]


def test_deep_nesting_is_refused(refused):
    graph = helper.make_graph([], "innermost", [], [])
    for _ in range(25):
        node = helper.make_node("If", ["c"], ["o"], then_branch=graph)
        graph = helper.make_graph([node], "outer", [], [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    assert refused(model)[0].endswith("its protobuf encoding is broken")


def test_graph_is_missing(refused):
    model = relu()
    model.ClearField("graph")
    assert refused(model) == ["the file has no graph"]


def test_graph_without_outputs(refused):
    model = model_of([RELU], [value("x", [2])], [])
    assert refused(model) == ["the graph has no outputs"]


def test_undefined_input(refused):
    model = model_of([RELU], [], [value("y", [2])])
    assert refused(model) == ["input 'x' is not defined"]


def test_undefined_output(refused):
    model = model_of([RELU], [value("x", [2])], [value("z", [2])])
    assert refused(model) == ["output 'z' is not defined"]


def test_value_defined_twice(refused):
    model = model_of([RELU, RELU], [value("x", [2])], [value("y", [2])])
    assert refused(model) == ["value 'y' is defined twice"]


def test_only_needed_nodes_are_imported(imported):
    nodes = [helper.make_node("Unheard", ["x"], ["unused"]), RELU]
    model = model_of(nodes, [value("x", [2])], [value("y", [2])])
    assert imported(model).ops == ["unary"]


def test_equal_weights_are_stored_once(imported):
    node = helper.make_node("Sum", ["x", "a", "b"], ["y"])
    ones = numpy.ones((2, 3), numpy.float32)
    model = model_of(
        [node], [value("x", [2, 3])], [value("y", [2, 3])], {"a": ones, "b": ones}
    )
    assert imported(model).ir.count(': "0x') == 1


def test_initialiser_that_is_an_input_counts_as_a_constant(imported):
    model = relu()
    weight = numpy_helper.from_array(numpy.zeros((2, 3), numpy.float32), "x")
    model.graph.initializer.append(weight)
    result = imported(model)
    assert result.signature == " -> tensor<2x3xf32>"


def test_unknown_operator_stays_with_its_attributes(imported):
    node = helper.make_node("Unheard", ["x", "", "x"], ["y"], axis=3, mode="soft")
    result = imported(model_of([node], [value("x", [2])], [value("y", [5])]))
    assert result.reasons == ["the operator has no import"]
    assert '{axis = 3 : i64, mode = "soft"}' in result.ir
    assert 'input_names = ["x", "", "x"]' in result.ir
    assert result.signature == "tensor<2xf32> -> tensor<5xf32>"


def test_other_domain(imported):
    node = helper.make_node("Relu", ["x"], ["y"], domain="com.example")
    result = imported(model_of([node], [value("x", [2])], [value("y", [2])]))
    assert result.reasons == ["domain is 'com.example', expected the default one"]


def test_operator_of_a_later_opset(imported):
    node = helper.make_node("Gelu", ["x"], ["y"])
    result = imported(model_of_node(node, {"x": [2]}, opset=13))
    assert result.reasons == ["opset is 13, expected at least 20"]


def test_reader_of_an_unknown_shape(imported):
    nodes = [
        helper.make_node("Unheard", ["x"], ["m"]),
        helper.make_node("Relu", ["m"], ["y"]),
    ]
    result = imported(model_of(nodes, [value("x", [2])], [value("y", [2])]))
    assert result.reasons == [
        "the operator has no import",
        "shape of input 'm' is unknown, since it comes from an operator "
        "without import",
    ]


TYPES = {
    "float32": "f32", "float64": "f64", "float16": "f16", "int8": "si8",
    "uint8": "ui8", "int16": "si16", "uint16": "ui16", "int32": "si32",
    "uint32": "ui32", "int64": "si64", "uint64": "ui64", "bool": "i1",
}  # fmt: skip


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("dtype", TYPES)
def test_element_types(imported, dtype, raw):
    array = numpy.array([0, 1, 1], dtype)
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    values = array.tobytes() if raw else array.tolist()
    tensor = helper.make_tensor("c", kind, [3], values, raw=raw)
    node = helper.make_node("Constant", [], ["y"], value=tensor)
    result = imported(model_of([node], [], [value("y", [3], kind)]))
    assert result.signature == f" -> tensor<3x{TYPES[dtype]}>"
    assert array.tobytes().hex().upper() in result.ir


@pytest.mark.parametrize("raw", [True, False])
def test_bfloat16(imported, raw):
    values = bytes.fromhex("803f00c0") if raw else [1.0, -2.0]
    tensor = helper.make_tensor("c", TensorProto.BFLOAT16, [2], values, raw=raw)
    node = helper.make_node("Constant", [], ["y"], value=tensor)
    result = imported(model_of([node], [], [value("y", [2], TensorProto.BFLOAT16)]))
    assert "803F00C0" in result.ir


def test_unsupported_element_type_of_an_initialiser(imported):
    node = helper.make_node("Add", ["x", "c"], ["y"])
    model = model_of([node], [value("x", [1])], [value("y", [1])])
    model.graph.initializer.append(
        helper.make_tensor("c", TensorProto.STRING, [1], [b"a"])
    )
    assert imported(model).reasons[0] == (
        "element type is STRING, expected a float, integer or bool"
    )


def broken(**fields):
    """A model whose initialiser has these fields."""
    node = helper.make_node("Add", ["x", "c"], ["y"])
    model = model_of([node], [value("x", [2])], [value("y", [2])])
    tensor = model.graph.initializer.add(name="c", data_type=FLOAT, **fields)
    assert tensor.name == "c"
    return model


@pytest.mark.parametrize(
    "fields, text",
    [
        ({"dims": [2], "raw_data": b"1234567"},
         "raw data has 7 bytes, expected 8"),
        ({"dims": [2], "float_data": [1, 2, 3]},
         "number of elements is 3, expected 2"),
        ({"dims": [2**40], "float_data": [1]},
         "number of elements is less than 1099511627776"),
        ({"dims": [-2]}, "extents are negative or too large"),
        ({"dims": [2**62, 8]}, "extents are negative or too large"),
        ({"dims": [1], "segment": {"begin": 0, "end": 1}},
         "tensor has a segment, expected a whole tensor"),
    ],
)  # fmt: skip
def test_broken_tensors(refused, fields, text):
    assert refused(broken(**fields)) == [f"tensor 'c': {text}"]


def test_sparse_initialiser(imported):
    node = helper.make_node("Add", ["x", "c"], ["y"])
    model = model_of([node], [value("x", [2])], [value("y", [2])])
    sparse = model.graph.sparse_initializer.add(dims=[2])
    sparse.values.name = "c"
    assert imported(model).reasons[0] == (
        "the initialiser is sparse, expected a dense one"
    )
