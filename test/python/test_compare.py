# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`visir compare MODEL.onnx --against onnxruntime`."""

import json
import math
import subprocess

import ml_dtypes
import numpy
import onnx
import pytest
from conftest import model_of, tensor
from onnx import TensorProto, helper
from test_driver import TOOL, tool
from visir import compare, extract

REDUCE = TOOL.with_name("visir-reduce")


@pytest.fixture
def chain(tmp_path):
    """y = |exp(-x)|, whose power no two engines round alike everywhere."""
    nodes = [
        helper.make_node("Neg", ["x"], ["n"], name="negate"),
        helper.make_node("Exp", ["n"], ["p"], name="power"),
        helper.make_node("Abs", ["p"], ["y"], name="magnitude"),
    ]
    path = tmp_path / "chain.onnx"
    onnx.save(
        model_of(
            nodes,
            [tensor("x", (8, 1000))],
            [tensor("y", (8, 1000))],
        ),
        path,
    )
    return path


def run(capsys, *words):
    code = compare.main([*map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_agreement(chain, capsys):
    code, out, err = run(capsys, chain)
    assert (code, err) == (0, "")
    assert out.startswith("y: error ") and "first node" not in out


def test_first_difference_and_smallest_part(chain, tmp_path, capsys):
    folder = tmp_path / "part"
    code, out, err = run(capsys, chain, "--factor=0", f"--reduce={folder}")
    assert code == 1
    assert "first node that differs: power (Exp), value p: error" in out
    assert "searching: the first 0 nodes agree, the first 3 do not" in err
    assert f"1 nodes in {folder}/model.onnx; to run them:" in out
    model = onnx.load(folder / "model.onnx")
    assert [node.name for node in model.graph.node] == ["power"]
    # The command that is printed shows the difference again.
    words = out.split("visir compare ")[1].split()
    assert run(capsys, *words, "--factor=0")[0] == 1
    assert run(capsys, *words)[0] == 0


def test_json(chain, capsys):
    code, out, _ = run(capsys, chain, "--json", "--factor=0")
    result = json.loads(out)
    assert code == 1 and result["agrees"] is False
    assert result["outputs"][0]["name"] == "y"
    assert result["first"]["node"] == "power"
    assert result["first"]["operator"] == "Exp"
    assert 0 < result["first"]["difference"]["error"] < 1e-5
    assert json.loads(run(capsys, chain, "--json")[1])["first"] is None


def test_through_the_tool(chain, monkeypatch):
    import sys

    monkeypatch.setenv("VISIR_PYTHON", sys.executable)
    done = tool("compare", chain, "--against", "onnxruntime", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["against"] == "onnxruntime"
    done = tool("compare", chain, "--against=reference", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["against"] == "reference"
    done = tool("compare", chain, "--against", "abacus")
    assert done.returncode == 64
    assert "engine is abacus, expected reference or onnxruntime" in done.stderr


def test_reference_reduces_too(chain, tmp_path):
    folder = tmp_path / "part"
    done = tool("compare", chain, "--factor", "0", "--reduce", folder, "--json")
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout)
    assert result["first"]["node"] == "power"
    assert result["reduced"] == {"nodes": ["power"], "folder": str(folder)}
    assert (folder / "model.mlir").exists()


@pytest.fixture
def growing(tmp_path):
    """y = softmax(x x^T) z, the rows of x and the columns of z bounded."""
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0]),
        helper.make_node("MatMul", ["x", "t"], ["s"], name="product"),
        helper.make_node("Softmax", ["s"], ["p"]),
        helper.make_node("MatMul", ["p", "z"], ["y"]),
    ]
    path = tmp_path / "growing.onnx"
    inputs = [tensor("x", ("a", 4)), tensor("z", ("a", "b"))]
    onnx.save(model_of(nodes, inputs, [tensor("y", None)]), path)
    return path, "--shape", "x=T<=9x4", "--shape", "z=TxS<=6"


def test_bounded_dimensions(growing):
    done = tool("compare", *growing)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[::2] == ["S=1, T=1", "S=3, T=5", "S=6, T=9"]
    assert all(line.startswith("y: error ") for line in lines[1::2])


def test_bounded_dimensions_at_given_sizes(growing, tmp_path):
    numpy.savez(
        tmp_path / "in.npz",
        x=numpy.ones((7, 4), "f4"), z=numpy.ones((7, 2), "f4"),
    )  # fmt: skip
    at = ["--at", "T=7,S=2"]
    inputs = ["--inputs", tmp_path / "in.npz"]
    done = tool("compare", *growing, *at, *inputs, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    (run,) = result["runs"]
    assert result["agrees"] and run["sizes"] == {"S": 2, "T": 7}
    assert run["outputs"][0]["largest"] == pytest.approx(1)
    # Two products' rounding is never permitted: the static model shows where.
    done = tool("compare", *growing, *at, "--factor", "0")
    assert done.returncode == 1
    assert "first node that differs: product (visir.matmul): error" in (
        done.stdout
    )


@pytest.mark.parametrize(
    "words, text",
    [
        (["--at", "T=7"], "--at is 'T=7', expected a size of 'S', too"),
        (["--at", "T=7,U=1"], "--at is 'T=7,U=1', expected a number for each"),
        (["--at", "T=10,S=1"], "size of 'T' in --at is 10, expected 1..9"),
        (["--inputs", "in.npz"],
         "--inputs is given, expected one --at with its sizes"),
    ],
)  # fmt: skip
def test_refuses_sizes(growing, words, text):
    done = tool("compare", *growing, *words)
    assert done.returncode == 64 and text in done.stderr


def test_static_shapes_have_no_sizes(chain):
    done = tool("compare", chain, "--at", "T=1")
    assert done.returncode == 64
    assert "--at is given, expected bounded dimensions" in done.stderr


def test_reduce_refuses_bounded_dimensions(growing, tmp_path):
    done = subprocess.run(
        [REDUCE, *map(str, growing), "-o", str(tmp_path / "part")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert (
        "model has bounded dimensions, expected a --shape of numbers to reduce"
        in done.stderr
    )


def test_inputs_given_and_bound(tmp_path, reshape_model, capsys):
    path = tmp_path / "reshape.onnx"
    onnx.save(reshape_model, path)
    numpy.savez(tmp_path / "in.npz", x=numpy.ones((2, 3), numpy.float32))
    words = [path, "--bind", "shape=3,2", "--inputs", tmp_path / "in.npz"]
    code, out, err = run(capsys, *words)
    assert (code, out) == (0, "y: error 0 of the largest value 1\n"), err
    code, _, err = run(capsys, path, "--bind", "size=3,2")
    assert code == 1 and "input is size, expected one of" in err


@pytest.mark.parametrize(
    "words, code, text",
    [
        (["--frob"], 64, "error: unrecognized arguments: --frob"),
        (["--against", "abacus"], 64, "invalid choice: 'abacus'"),
    ],
)
def test_wrong_command_lines(capsys, words, code, text):
    with pytest.raises(SystemExit) as ended:
        compare.main(["m.onnx", *words])
    assert ended.value.code == code
    assert text in capsys.readouterr().err


def test_refused_and_missing_models(tmp_path, unknown_model, capsys):
    path = tmp_path / "unknown.onnx"
    onnx.save(unknown_model, path)
    code, _, err = run(capsys, path)
    assert code == 2 and "Frobnicate" in err
    code, _, err = run(capsys, tmp_path / "absent.onnx")
    assert code == 1 and "error: absent.onnx: " in err


@pytest.mark.parametrize(
    "actual, expected, error",
    [
        ([1.0, 2.0], [1.0, 4.0], 0.5),
        ([math.nan], [math.nan], 0),
        ([math.inf, 1], [math.inf, 1], 0),
        ([math.nan, 1], [0, 1], math.inf),
        ([1], [1, 1], math.inf),
        ([], [], 0),
    ],
)
def test_measures(actual, expected, error):
    a, b = numpy.float32(actual), numpy.float32(expected)
    assert compare.measure("v", a, b).error == error


def test_integers_are_equal_or_not():
    difference = compare.measure("v", numpy.int64([1, 2]), numpy.int64([1, 3]))
    assert difference.error == math.inf and difference.element == 1
    assert difference.as_json()["error"] is None


def test_permitted_errors():
    difference = compare.Difference("v", 1e-3)
    for dtype, permitted in [("f4", False), ("f2", True),
                             (ml_dtypes.bfloat16, True), ("i8", False)]:  # fmt: skip
        got = compare.is_permitted(difference, numpy.dtype(dtype), 1.0)
        assert got == permitted


def test_parts_of_graphs_with_subgraphs(tmp_path):
    """A subgraph's reads of outer values count."""
    branch = helper.make_graph(
        [helper.make_node("Neg", ["a"], ["n"])], "then", [],
        [tensor("n", None)],
    )  # fmt: skip
    other = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["i"])], "else", [],
        [tensor("i", None)],
    )  # fmt: skip
    nodes = [
        helper.make_node("Abs", ["x"], ["a"]),
        helper.make_node(
            "If", ["c"], ["y"], then_branch=branch, else_branch=other
        ),
    ]
    condition = tensor("c", (), TensorProto.BOOL)
    model = model_of(nodes, [tensor("x", (2,)), condition], [tensor("y", (2,))])
    path = tmp_path / "if.onnx"
    onnx.save(model, path)
    graph = extract.Graph(str(path))
    assert sorted(graph.part([1]).inputs) == ["a", "c", "x"]
    assert graph.part([0]).outputs == ("a",)
    assert graph.part([0, 1]).outputs == ("y",)
    assert graph.ancestors(1) == [0, 1]
    assert graph.node_name(1) == "If_1"
