# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`visir inspect MODEL.onnx`: what is recognised, missed and fused, how much is
read and multiplied, and pictures."""

import json
import shutil
import subprocess
import xml.etree.ElementTree as xml

import numpy
import onnx
import pytest
from conftest import model_of, tensor
from onnx import helper
from test_errors import FAILED, USAGE, relu

from visir import locate

NEEDS_DOT = pytest.mark.skipif(
    not shutil.which("dot"), reason="needs Graphviz's program dot"
)


def run(*arguments):
    return subprocess.run(
        [locate.tool(), *map(str, arguments)], capture_output=True, text=True
    )


def inspect(path, *options):
    done = run("inspect", path, "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def product_of_softmax(doubled):
    """softmax(q k) v; with `doubled`, two products read the softmax: no
    attention. Then the sigmoid of it times itself, which is silu."""
    nodes = [
        helper.make_node("MatMul", ["q", "k"], ["s"], name="scores"),
        helper.make_node("Softmax", ["s"], ["p"], name="softmax", axis=-1),
        helper.make_node("MatMul", ["p", "v"], ["o"], name="values"),
        helper.make_node("Sigmoid", ["o"], ["g"], name="sigmoid"),
        helper.make_node("Mul", ["o", "g"], ["y"], name="times"),
    ]
    outputs = [tensor("y", (2, 8, 4))]
    if doubled:
        nodes.append(helper.make_node("MatMul", ["p", "w"], ["z"], name="more"))
        outputs.append(tensor("z", (2, 8, 4)))
    shapes = {"q": (2, 8, 4), "k": (2, 4, 8), "v": (2, 8, 4), "w": (2, 8, 4)}
    return model_of(
        nodes, [tensor(n, s) for n, s in shapes.items()], outputs
    )


@pytest.fixture
def attention(tmp_path):
    path = tmp_path / "attention.onnx"
    onnx.save(product_of_softmax(False), path)
    return path


@pytest.fixture
def doubled(tmp_path):
    path = tmp_path / "doubled.onnx"
    onnx.save(product_of_softmax(True), path)
    return path


def texts(findings):
    return {f["rewrite"]: f["text"] for f in findings}


def test_what_is_recognised(attention):
    report = inspect(attention)
    found = texts(report["recognised"])
    assert found["recognise-attention"] == "attention"
    assert found["recognise-silu"] == "silu"
    assert report["missed"] == []
    places = {f["rewrite"]: f["places"] for f in report["recognised"]}
    assert "values" in places["recognise-attention"][0]


def test_what_is_missed_and_why(doubled):
    report = inspect(doubled)
    assert "recognise-attention" not in texts(report["recognised"])
    missed = [f for f in report["missed"] if f["rewrite"] == "recognise-attention"]
    assert [f["text"] for f in missed] == ["the softmax has other uses"]
    assert sorted(missed[0]["places"]) == ["more", "values"]


def gelu(divisor):
    """0.5 x (1 + erf(x / divisor))"""
    nodes = [
        helper.make_node("Div", ["x", "divisor"], ["a"], name="div"),
        helper.make_node("Erf", ["a"], ["b"], name="erf"),
        helper.make_node("Add", ["b", "one"], ["c"], name="add"),
        helper.make_node("Mul", ["x", "c"], ["d"], name="mul"),
        helper.make_node("Mul", ["d", "half"], ["y"], name="halve"),
    ]
    weights = {"divisor": divisor, "one": 1, "half": 0.5}
    return model_of(
        nodes,
        [tensor("x", (3, 5))],
        [tensor("y", (3, 5))],
        {n: numpy.array(v, numpy.float32) for n, v in weights.items()},
    )


def norm(centred):
    """(x - mean) over the root of the mean square of x - mean, or of x."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], name="mean", axes=[-1]),
        helper.make_node("Sub", ["x", "m"], ["d"], name="sub"),
        helper.make_node("Mul", [centred] * 2, ["s"], name="square"),
        helper.make_node("ReduceMean", ["s"], ["v"], name="var", axes=[-1]),
        helper.make_node("Add", ["v", "epsilon"], ["e"], name="add"),
        helper.make_node("Sqrt", ["e"], ["r"], name="root"),
        helper.make_node("Div", ["d", "r"], ["y"], name="div"),
    ]
    return model_of(
        nodes,
        [tensor("x", (3, 5))],
        [tensor("y", (3, 5))],
        {"epsilon": numpy.array(1e-5, numpy.float32)},
    )


@pytest.mark.parametrize(
    ("model", "rewrite", "reason"),
    [
        (
            gelu(1.5),
            "recognise-gelu",
            "the argument of erf is not its factor over sqrt 2",
        ),
        (
            norm("x"),
            "recognise-layer-norm",
            "the root is that of another tensor's mean square",
        ),
        (gelu(2**0.5), "recognise-gelu", None),
        (norm("d"), "recognise-layer-norm", None),
    ],
)
def test_reasons(tmp_path, model, rewrite, reason):
    path = tmp_path / "m.onnx"
    onnx.save(model, path)
    report = inspect(path)
    missed = texts(report["missed"])
    if reason:
        assert missed[rewrite] == reason
        assert rewrite not in texts(report["recognised"])
    else:
        assert missed == {}
        assert rewrite in texts(report["recognised"])


def test_rewrites_can_be_switched_off(attention):
    report = inspect(attention, "--disable", "recognise-attention")
    assert "recognise-attention" not in texts(report["recognised"])
    (entry,) = report["entries"]
    assert "attention" not in entry["dispatches"]


def test_passes_and_products(attention):
    """By hand: 2 x 8 x 8 x 4 for scores and for values. As imported five ops
    read eight tensors and write five; as one dispatch three are read, one is
    written."""
    (entry,) = inspect(attention)["entries"]
    before, after = entry["before"], entry["after"]
    assert (before["ops"], after["ops"]) == (5, 1)
    assert (before["tensor_passes"], after["tensor_passes"]) == (13, 4)
    small, scores = 2 * 8 * 4 * 4, 2 * 8 * 8 * 4
    # q, k, v; o twice beside sigmoid and product; its sigmoid twice; y.
    assert before["megabytes"] * 1e6 == pytest.approx(
        3 * small + 4 * scores + 3 * small + 2 * small + small
    )
    assert after["megabytes"] * 1e6 == pytest.approx(4 * small)
    for work in (before, after):
        assert work["million_macs"] * 1e6 == pytest.approx(2 * 2 * 8 * 8 * 4)
    assert entry["ops"] == {
        "matmul": 2, "mul": 1, "sigmoid": 1, "softmax": 1,
    }  # fmt: skip
    assert entry["dispatches"] == {"attention": 1}


def test_depthwise_convolutions_count(tmp_path):
    weights = numpy.random.default_rng(0).normal(size=(6, 1, 3, 3))
    node = helper.make_node(
        "Conv", ["x", "w"], ["y"], name="conv", group=6, pads=[1, 1, 1, 1]
    )
    shape = (1, 6, 5, 7)
    path = tmp_path / "depthwise.onnx"
    onnx.save(
        model_of(
            [node],
            [tensor("x", shape)],
            [tensor("y", shape)],
            {"w": weights.astype(numpy.float32)},
        ),
        path,
    )
    (entry,) = inspect(path)["entries"]
    for work in (entry["before"], entry["after"]):
        assert work["million_macs"] * 1e6 == pytest.approx(6 * 5 * 7 * 9)
        assert work["tensor_passes"] == 2


def test_text(doubled):
    done = run("inspect", doubled)
    assert done.returncode == 0
    for line in (
        "entry main",
        "  tensor passes ",
        "recognised",
        "nearly recognised, and why not",
        "     2  recognise-attention: the softmax has other uses",
    ):
        assert line in done.stdout


def test_compile_says_what_is_recognised(doubled, tmp_path):
    done = run(
        "compile", doubled, "-q", "--remarks", "-o", tmp_path / "m.visir"
    )
    lines = done.stderr.splitlines()
    assert any(
        line.startswith("recognised: ") and line.endswith("recognise-silu: silu")
        for line in lines
    )
    assert (
        "missed: values: recognise-attention: the softmax has other uses"
        in lines
    )
    done = run("compile", doubled, "-q", "-o", tmp_path / "m.visir")
    assert done.stderr == ""


@NEEDS_DOT
def test_picture(attention, tmp_path):
    picture = tmp_path / "graph.svg"
    inspect(attention, "--svg", picture)
    texts = [
        element.text
        for element in xml.parse(picture).iter()
        if element.tag.endswith("}text")
    ]
    assert "as imported: 5 ops" in texts
    assert "as fused: 1 dispatches" in texts
    assert texts.count("softmax") == 1
    assert "attention" in texts
    # What the one dispatch was made from.
    assert "matmul x2, mul, softmax" in texts


def test_graph_of_a_part(attention, tmp_path):
    graph = tmp_path / "graph.dot"
    inspect(attention, "--dot", graph, "--part", "^(sigmoid|times)$")
    text = graph.read_text()
    assert 'label="as imported: 2 ops"' in text
    assert 'label="as fused: 1 dispatches"' in text
    assert text.count("softmax") == 1  # that the dispatch was made from


@pytest.mark.parametrize(
    ("options", "code", "error"),
    [
        (["--part", "("], USAGE, "error: --part: pattern is (, expected"),
        (["--shape", "x=ax"], USAGE, "error: "),
        (["--dot", "no/folder.dot"], FAILED, "error: output no/folder.dot can"),
    ],
)
def test_errors(tmp_path, monkeypatch, options, code, error):
    monkeypatch.chdir(tmp_path)
    onnx.save(relu(), "m.onnx")
    done = run("inspect", "m.onnx", *options)
    assert done.returncode == code
    assert done.stderr.startswith(error)


def test_a_missing_program_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    onnx.save(relu(), "m.onnx")
    done = run("inspect", "m.onnx", "--svg", "m.svg")
    assert done.returncode == FAILED
    assert done.stderr == (
        "error: program dot is missing, expected Graphviz's in PATH (Debian: "
        "graphviz); --dot FILE writes the graph without it\n"
    )


def test_no_such_model(tmp_path):
    done = run("inspect", tmp_path / "none.onnx")
    assert done.returncode == FAILED
    assert done.stderr.startswith("error: ")
