# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What depends on constants only is computed while compiling."""

import pathlib
import re
import subprocess

import numpy
import onnx
import pytest
import visir
from onnx import TensorProto, helper, numpy_helper

TOOL = pathlib.Path(__file__).parents[2] / "build/bin/visir"
RANDOM = numpy.random.default_rng(7)


def model_of(nodes, weights, shape, result):
    """A model of one f32 input `x` of that shape, and the output `y`."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, result)],
        [numpy_helper.from_array(v, n) for n, v in weights.items()],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )


def normal(*shape):
    return RANDOM.standard_normal(shape).astype(numpy.float32)


def compile_to(phase, model, folder, *options):
    """The IR after the phase, and what the tool says."""
    path, ir = folder / "model.onnx", folder / "ir.mlir"
    onnx.save(model, path)
    command = [TOOL, "compile", path, "--to", phase, "-o", ir, "--remarks"]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return ir.read_text(), done.stderr


def products(ir):
    return len(re.findall(r"= visir\.(matmul|attention)", ir))


def text_tower():
    """x times the unit rows of a causal attention, at rows picked by number,
    between products."""
    classes, tokens, width = 3, 6, 8
    mask = numpy.triu(numpy.full((tokens, tokens), -numpy.inf, "f4"), 1)
    picks = numpy.array([[0, 2], [1, 4], [2, 3]])
    weights = {
        "tokens": normal(classes, tokens, width),
        "q": normal(width, width),
        "k": normal(width, width),
        "v": normal(width, width),
        "mask": mask,
        "picks": picks,
    }
    node = helper.make_node
    nodes = [
        node("MatMul", ["tokens", "q"], ["a"]),
        node("MatMul", ["tokens", "k"], ["b"]),
        node("MatMul", ["tokens", "v"], ["c"]),
        node("Transpose", ["b"], ["bt"], perm=[0, 2, 1]),
        node("MatMul", ["a", "bt"], ["scores"]),
        node("Add", ["scores", "mask"], ["masked"]),
        node("Softmax", ["masked"], ["p"], axis=-1),
        node("MatMul", ["p", "c"], ["o"]),
        node("GatherND", ["o", "picks"], ["rows"]),
        node("ReduceL2", ["rows"], ["norm"], axes=[-1], keepdims=1),
        node("Div", ["rows", "norm"], ["unit"]),
        node("Transpose", ["unit"], ["classes"], perm=[1, 0]),
        node("MatMul", ["x", "classes"], ["y"]),
    ]
    return model_of(nodes, weights, [1, width], [1, classes])


def outer_product(size):
    """x + a b, of two vectors."""
    node = helper.make_node
    nodes = [node("MatMul", ["a", "b"], ["ab"]), node("Add", ["x", "ab"], ["y"])]
    weights = {"a": normal(size, 1), "b": normal(1, size)}
    return model_of(nodes, weights, [1, 1], [size, size])


def test_text_tower_is_gone(tmp_path):
    ir, remarks = compile_to("recognised", text_tower(), tmp_path)
    assert products(ir) == 1
    assert "gather_nd" not in ir
    assert re.search(r"\d+ ops of constants, .* GMAC, computed in .* s", remarks)


def test_is_switched_off(tmp_path):
    ir, remarks = compile_to(
        "recognised", text_tower(), tmp_path, "--disable", "partial-evaluation"
    )
    assert products(ir) == 5
    assert "of constants" not in remarks


@pytest.mark.parametrize("target", ["x86-64-v2", "aarch64"])
def test_happens_for_any_target(tmp_path, target):
    path = tmp_path / "model.onnx"
    onnx.save(text_tower(), path)
    made = []
    for options in ([], ["--disable", "partial-evaluation"]):
        out = tmp_path / "out.visir"
        command = [TOOL, "compile", path, "-q", "--target", target, "-o", out]
        subprocess.run([*command, *options], check=True)
        shown = subprocess.run(
            [TOOL, "inspect", out], capture_output=True, text=True, check=True
        )
        made.append(shown.stdout.count("_contract "))
    assert made == [1, 5 - 1]


def test_values_are_those_of_the_reference():
    model = text_tower()
    inputs = {"x": normal(1, 8)}
    expected = visir.evaluate(model, inputs)["y"]
    found = visir.load(visir.compile(model)).run(inputs)["y"]
    numpy.testing.assert_allclose(found, expected, atol=1e-6)


def test_same_bytes_again():
    model = text_tower()
    assert visir.compile(model) == visir.compile(model)


@pytest.mark.parametrize(("size", "left"), [(64, 0), (1024, 1)])
def test_large_results_of_little_stay(tmp_path, size, left):
    """Up to 1 MiB results are stored, whatever they are made of."""
    ir, remarks = compile_to("recognised", outer_product(size), tmp_path)
    assert products(ir) == left
    assert ("larger than the constants behind it" in remarks) == bool(left)


def test_what_an_input_reaches_stays(tmp_path):
    node = helper.make_node
    nodes = [node("MatMul", ["x", "a"], ["xa"]), node("MatMul", ["xa", "b"], ["y"])]
    weights = {"a": normal(8, 8), "b": normal(8, 8)}
    ir, remarks = compile_to(
        "recognised", model_of(nodes, weights, [4, 8], [4, 8]), tmp_path
    )
    assert products(ir) == 2
    assert "of constants" not in remarks


def test_a_bound_input_is_a_constant():
    """As the class list of a model whose prompts are an input."""
    model = text_tower()
    tokens = model.graph.initializer.pop(0)
    model.graph.input.append(
        helper.make_tensor_value_info("tokens", tokens.data_type, tokens.dims)
    )
    inputs = {"x": normal(1, 8)}
    bind = {"tokens": numpy_helper.to_array(tokens)}
    bound = visir.load(visir.compile(model, bind=bind))
    assert [tensor.name for tensor in bound.inputs] == ["x"]
    expected = visir.evaluate(model, inputs | bind)["y"]
    numpy.testing.assert_allclose(bound.run(inputs)["y"], expected, atol=1e-6)


def test_nothing_depends_on_what_follows_the_ends():
    """Token 5 of 6 is behind all picked ones."""
    inputs = {"x": normal(1, 8)}
    model = text_tower()
    poisoned = onnx.ModelProto()
    poisoned.CopyFrom(model)
    (tokens,) = [t for t in poisoned.graph.initializer if t.name == "tokens"]
    values = numpy_helper.to_array(tokens).copy()
    values[:, 5:] = 1e3
    tokens.CopyFrom(numpy_helper.from_array(values, "tokens"))
    results = [
        visir.load(visir.compile(m, options=options)).run(inputs)["y"]
        for m in (model, poisoned)
        for options in ([], ["--disable", "demanded-rows"])
    ]
    numpy.testing.assert_array_equal(results[0], results[2])
    for other in (results[1], results[3]):
        numpy.testing.assert_allclose(results[0], other, atol=1e-6)


def test_rows_behind_the_ends_are_not_computed(tmp_path):
    options = ["--disable", "partial-evaluation"]
    ir, _ = compile_to("recognised", text_tower(), tmp_path, *options)
    assert re.search(r"visir.attention .*-> tensor<3x5x8xf32>", ir)
    options[1] += ",demanded-rows"
    ir, _ = compile_to("recognised", text_tower(), tmp_path, *options)
    assert re.search(r"visir.attention .*-> tensor<3x6x8xf32>", ir)
