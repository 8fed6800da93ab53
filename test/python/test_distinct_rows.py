# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rows left out or computed once give the same texts."""

import re

import numpy
import onnx
import onnx.helper
import onnx.numpy_helper
import pytest
import visir
from onnx import TensorProto
from test_recognition import compile_to, count_ops

OFF = ("--disable", "distinct-rows")


def texts_model(rng, classes, samples, start, rest, width, layers):
    """A causal network over samples x classes texts: a start that depends on
    the sample's input, then constants; the row of each text's end."""
    tokens, count = start + rest, samples * classes
    ends = start + rng.integers(0, rest, classes)
    weights = {
        "suffix": rng.standard_normal((1, classes, rest, width)),
        "positions": rng.standard_normal((tokens, width)),
        "mask": numpy.triu(numpy.full((tokens, tokens), -numpy.inf), 1),
        "scale": numpy.array(width**-0.5),
    }
    ints = {
        "starts": [samples, classes, start, width],
        "suffixes": [samples, classes, rest, width],
        "texts": [count, tokens, width],
        "ends": [[i, ends[i % classes]] for i in range(count)],
        "thirds": [width, width, width],
    }
    nodes = [
        ("Expand", ["x", "starts"], ["x0"], {}),
        ("Expand", ["suffix", "suffixes"], ["s0"], {}),
        ("Concat", ["x0", "s0"], ["joined"], {"axis": 2}),
        ("Reshape", ["joined", "texts"], ["prompts"], {}),
        ("Add", ["prompts", "positions"], ["h0"], {}),
    ]
    for i in range(layers):
        weights[f"w{i}"] = rng.standard_normal((width, 3 * width)) * width**-0.5
        weights[f"v{i}"] = rng.standard_normal((width, width)) * width**-0.5
        nodes += [
            ("MatMul", [f"h{i}", f"w{i}"], [f"qkv{i}"], {}),
            ("Split", [f"qkv{i}", "thirds"], [f"q{i}", f"k{i}", f"u{i}"],
             {"axis": 2}),
            ("Transpose", [f"k{i}"], [f"t{i}"], {"perm": [0, 2, 1]}),
            ("MatMul", [f"q{i}", f"t{i}"], [f"c{i}"], {}),
            ("Mul", [f"c{i}", "scale"], [f"d{i}"], {}),
            ("Add", [f"d{i}", "mask"], [f"e{i}"], {}),
            ("Softmax", [f"e{i}"], [f"p{i}"], {"axis": -1}),
            ("MatMul", [f"p{i}", f"u{i}"], [f"a{i}"], {}),
            ("MatMul", [f"a{i}", f"v{i}"], [f"o{i}"], {}),
            ("Tanh", [f"o{i}"], [f"g{i}"], {}),
            ("Add", [f"h{i}", f"g{i}"], [f"h{i + 1}"], {}),
        ]  # fmt: skip
    nodes.append(("GatherND", [f"h{layers}", "ends"], ["y"], {}))
    constants = [
        onnx.numpy_helper.from_array(numpy.asarray(v, dtype), name)
        for table, dtype in ((weights, "f4"), (ints, "i8"))
        for name, v in table.items()
    ]
    made = [
        onnx.helper.make_node(kind, inputs, outputs, **attributes)
        for kind, inputs, outputs, attributes in nodes
    ]
    shape = [samples, 1, start, width]
    graph = onnx.helper.make_graph(
        made, "texts",
        [onnx.helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [onnx.helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        constants,
    )  # fmt: skip
    return onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8
    )


@pytest.mark.parametrize("number", range(8))
def test_random_texts(number):
    rng = numpy.random.default_rng(number)
    sizes = [int(n) for n in rng.integers(2, 6, 4)]
    model = texts_model(rng, *sizes, width=16, layers=int(rng.integers(1, 4)))
    shape = [sizes[1], 1, sizes[2], 16]
    inputs = {"x": rng.standard_normal(shape).astype("f4")}
    expected = visir.evaluate(model, inputs)["y"]
    results = []
    for options in ((), OFF):
        artifact = visir.compile(model, options=options)
        with visir.load(artifact) as module:
            results.append(module.run(inputs)["y"])
    for result in results:
        assert numpy.abs(result - expected).max() < 1e-5 * abs(expected).max()


def test_products_have_fewer_rows(tmp_path):
    model = texts_model(numpy.random.default_rng(1), 5, 2, 4, 3, 16, 2)
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    few = compile_to("recognised", path, tmp_path / "few.mlir")
    many = compile_to("recognised", path, tmp_path / "many.mlir", *OFF)
    # The last product has the ten ends; with all rows it has as many as the
    # longest text, ten times.
    shapes = [
        re.findall(r"visir.matmul .* -> tensor<([0-9x]+)x16xf32>", ir)
        for ir in (few, many)
    ]
    assert shapes[0][-1] == "10" and shapes[1][-1] != "10"
    assert count_ops(few)["attention"] == count_ops(many)["attention"] == 2
