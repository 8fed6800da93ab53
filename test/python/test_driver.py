# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command `visir compile` beyond artifacts that just run."""

import json
import pathlib
import re
import shutil
import subprocess

import numpy
import onnx
import pytest
import visir
from conftest import model_of, tensor
from onnx import helper

ROOT = pathlib.Path(__file__).parents[2]
TOOL = ROOT / "build/bin/visir"
CUDA = ("--target", "cuda:sm_90")
DIGITS = ROOT / "models/edgevit_digits/edgevit_digits.onnx"


def tool(*arguments):
    return subprocess.run(
        [TOOL, *map(str, arguments)], capture_output=True, text=True
    )


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "relu.onnx"
    node = helper.make_node("Relu", ["x"], ["y"], name="the_relu")
    onnx.save(
        model_of([node], [tensor("x", (2, 3))], [tensor("y", (2, 3))]), path
    )
    return path


def test_same_input_gives_same_bytes(tmp_path):
    first = visir.compile(DIGITS, options=["--winograd", "f4"])
    assert first == visir.compile(DIGITS, options=["--winograd", "f4"])
    assert first != visir.compile(DIGITS, options=["--winograd", "off"])


def test_artifact_records_options(model, tmp_path):
    artifact = tmp_path / "m.visir"
    targets = "x86-64-v2,x86-64-v3"
    done = tool("compile", model, "--target", targets, "-o", artifact, "-q")
    assert done.returncode == 0, done.stderr
    assert f"--target={targets}" in tool("inspect", artifact).stdout
    json.loads(tool("inspect", artifact, "--json").stdout)


@pytest.mark.parametrize(
    "form, pattern",
    [
        ("asm", r"\bret"),
        ("llvm", r"^define "),
        ("mlir", r"visir\.dispatch <map>"),
    ],
)
def test_emits_text(model, form, pattern):
    done = tool("compile", model, "--emit", form)
    assert done.returncode == 0, done.stderr
    assert re.search(pattern, done.stdout, re.MULTILINE)


def test_emits_objects(model, tmp_path):
    done = tool("compile", model, "--emit=object", "-o", tmp_path / "m.o")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "m.o").read_bytes()[:4] == b"\x7fELF"


def test_dumps_every_phase(model, tmp_path):
    folder = tmp_path / "ir"
    artifact = tmp_path / "m.visir"
    done = tool("compile", model, "-o", artifact, "--dump", folder)
    assert done.returncode == 0, done.stderr
    phases = ["import", "canonical", "recognised", "fused", "planned"]
    names = [p.stem.split("-", 1)[1] for p in sorted(folder.iterdir())]
    assert names == phases
    # Any of them is a start for the rest of the road.
    for name in phases[:-1]:
        (path,) = folder.glob(f"*-{name}.mlir")
        done = tool("compile", path, "--from", name, "-o", artifact)
        assert done.returncode == 0, done.stderr
        x = numpy.float32([[-1, 2, -3], [4, -5, 6]])
        answer = visir.load(artifact).run({"x": x})["y"]
        numpy.testing.assert_array_equal(answer, numpy.maximum(x, 0))


def test_failure_leaves_a_reproducer(tmp_path):
    path = tmp_path / "bad.mlir"
    path.write_text(
        "func.func @main(%x: tensor<2x2xf32>) -> (tensor<2x2xf32>) {\n"
        "  %0 = visir.reshape %x {shape = array<i64: 2, 2>} : "
        "(tensor<2x2xf32>) -> tensor<2x2xf32>\n"
        "  return %0 : tensor<2x2xf32>\n}\n"
    )
    done = tool("compile", path, "--from", "recognised", "-o", tmp_path / "m")
    assert done.returncode == 1
    error = "no dispatch is known for visir.reshape"
    assert error in done.stderr
    command = re.search(
        r"run the failing phase again: visir (.*)", done.stderr
    ).group(1)
    again = tool(*command.split())
    assert again.returncode == 1 and error in again.stderr
    pathlib.Path(command.split()[1]).unlink()


@pytest.mark.parametrize(
    "arguments, code, text",
    [
        (["--emit", "pdf"], 64, "form is pdf, expected artifact"),
        (["--to", "nowhere"], 64, "phase is nowhere, expected one of import"),
        (["--winograd", "f6"], 64, "filtering is f6, expected auto"),
        (["--size", "-1"], 64, "size is -1, expected megabytes from 0"),
        (["--frob"], 64, "option --frob is unknown"),
        (
            ["--disable", "canonicalise,fuse-dispatch"],
            64,
            "rewrite is canonicalise, expected one such as ",
        ),
        (
            ["--disable=fuse-dispatch"],
            64,
            "rewrite is fuse-dispatch, expected one such as fuse-dispatches, ",
        ),
        (["--json", "-o", "-"], 64, "output is -, expected a file beside"),
        (["--quiet=1"], 64, "option --quiet takes no value"),
        (["--target"], 64, "value of option --target is missing"),
        (["--target", "z80"], 1, "target is z80, expected one of x86-64-v2"),
        (["--target", "cuda:sm_91"], 1, "cuda:sm_90, cuda:sm_100"),
        (
            ["--target", "plain", "--emit", "static-library"],
            1,
            "target of a static library is plain, expected one of a CPU",
        ),
        (["-o", "/nowhere/m.visir"], 1, "cannot be written"),
    ],
)
def test_refuses_wrong_command_lines(model, arguments, code, text):
    done = tool("compile", model, *arguments)
    assert done.returncode == code
    assert text in done.stderr


def test_json(model, tmp_path, unknown_model):
    artifact = tmp_path / "m.visir"
    done = tool("compile", model, "-o", artifact, "--json", "--remarks")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    assert result["output"] == str(artifact)
    assert result["bytes"] == artifact.stat().st_size
    names = [step["step"] for step in result["steps"]]
    assert names[0] == "import" and names[-1] == "package"
    assert {message["kind"] for message in result["messages"]} == {"remark"}
    # What is printed is no part of what was asked for.
    assert "--json" not in tool("inspect", artifact).stdout

    onnx.save(unknown_model, tmp_path / "unknown.onnx")
    done = tool("compile", tmp_path / "unknown.onnx", "--json")
    assert (done.returncode, done.stderr) == (2, "")
    result = json.loads(done.stdout)
    assert result["exit_code"] == 2 and "bytes" not in result
    first, second = [m for m in result["messages"] if m["kind"] == "error"]
    assert first["nodes"] == "first" and "Frobnicate" in first["text"]
    assert second["nodes"] == "second"


def test_unread_input_is_a_remark(tmp_path):
    path = tmp_path / "unread.onnx"
    node = helper.make_node("Relu", ["x"], ["y"])
    inputs = [tensor("x", (2,)), tensor("z", (3,))]
    onnx.save(model_of([node], inputs, [tensor("y", (2,))]), path)
    done = tool("compile", path, "-o", tmp_path / "m.visir", "--remarks")
    assert done.returncode == 0
    assert "input 'z' is read by nothing that an output needs" in done.stderr


def test_help_lists_the_rewrites():
    help = tool("compile", "--help").stdout
    for name in ("recognise-gelu", "fuse-dispatches"):
        assert name in help


def test_model_is_missing():
    done = tool("compile")
    assert done.returncode == 64
    assert "argument MODEL is missing" in done.stderr


def test_help_and_unknown_commands():
    assert "--winograd MODE" in tool("compile", "--help").stdout
    assert "compile ONNX" in tool("--help").stdout.replace("an ", "")
    done = tool("frobnicate")
    assert done.returncode == 64
    assert "command frobnicate is unknown" in done.stderr


def test_cuda_emits_ptx(model):
    done = tool("compile", model, *CUDA, "--emit", "asm", "-o", "-")
    assert done.returncode == 0, done.stderr
    assert ".target sm_90" in done.stdout
    assert ".entry k0_map(" in done.stdout


def test_cuda_artifact_names_its_device(model, tmp_path):
    artifact = tmp_path / "m.visir"
    done = tool("compile", model, *CUDA, "-o", artifact, "-q")
    assert done.returncode == 0, done.stderr
    assert b".target sm_90" in artifact.read_bytes()
    assert "cuda:sm_90" in tool("inspect", artifact).stdout
    done = tool("run", artifact)
    assert done.returncode != 0
    assert "cuda:sm_90" in done.stderr


def test_cuda_machine_code_needs_ptxas(model, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_HOME", raising=False)
    done = tool("compile", model, *CUDA, "--emit", "object", "-o", "k.cubin")
    assert done.returncode == 1
    assert "ptxas is missing, expected in PATH or CUDA_HOME/bin" in done.stderr


def test_cuda_artifact_without_ptxas_holds_text(model, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_HOME", raising=False)
    artifact = tmp_path / "m.visir"
    done = tool("compile", model, *CUDA, "-o", artifact, "-q")
    assert done.returncode == 0, done.stderr
    assert "ptxas is missing from PATH and CUDA_HOME/bin" in done.stderr
    assert "holds PTX for cuda:sm_90 but no machine code" in done.stderr
    assert b"\x7fELF" not in artifact.read_bytes()


def test_cuda_architectures_share_a_prefix(model, tmp_path):
    artifact = tmp_path / "m.visir"
    target = "host,cuda:sm_80,sm_90"
    done = tool("compile", model, "--target", target, "-o", artifact, "-q")
    assert done.returncode == 0, done.stderr
    data = artifact.read_bytes()
    assert b".target sm_80" in data and b".target sm_90" in data
    assert "(one of 3)" in tool("inspect", artifact).stdout


@pytest.mark.skipif(
    not shutil.which("ptxas"),
    reason="ptxas is missing",
)
def test_cuda_emits_machine_code(model, tmp_path):
    cubin = tmp_path / "k.cubin"
    done = tool("compile", model, *CUDA, "--emit", "object", "-o", cubin)
    assert done.returncode == 0, done.stderr
    assert cubin.read_bytes().startswith(b"\x7fELF")
