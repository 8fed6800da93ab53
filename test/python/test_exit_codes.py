# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The exit codes that docs/cli.md promises, for every command."""

import os
import subprocess
import sys

import numpy
import onnx
import pytest
from conftest import model_of, tensor
from onnx import TensorProto, helper
from test_driver import ROOT, TOOL, tool

OK, FAILED, UNSUPPORTED, USAGE = 0, 1, 2, 64
RELU = helper.make_node("Relu", ["x"], ["y"], name="act")


def relu(kind=TensorProto.FLOAT, shape=(2,), **fields):
    model = model_of([RELU], [tensor("x", shape, kind)], [tensor("y", shape)])
    for name, value in fields.items():
        setattr(model, name, value)
    return model


def of_opset(opset):
    model = relu()
    model.opset_import[0].version = opset
    return model


@pytest.fixture(scope="module")
def files(tmp_path_factory, unknown_model):
    """A folder of models, good and bad, and an artifact."""
    folder = tmp_path_factory.mktemp("files")
    for name, model in {
        "good": relu(),
        "text": relu(TensorProto.STRING),
        "old": of_opset(6),
        "new": of_opset(99),
        "future": relu(ir_version=99),
        "unknown": unknown_model,
        "symbolic": relu(shape=("n", "m")),
    }.items():
        onnx.save(model, folder / f"{name}.onnx")
    (folder / "broken.onnx").write_bytes(b"nothing")
    (folder / "broken.visir").write_bytes(b"nothing")
    numpy.save(folder / "short.npy", numpy.zeros(1, numpy.float32))
    done = tool("compile", folder / "good.onnx", "-o", folder / "m.visir")
    assert done.returncode == OK, done.stderr
    return folder


CASES = [
    ("compile good.onnx -o out.visir", OK),
    ("compile broken.onnx -o out.visir", FAILED),
    ("compile absent.onnx -o out.visir", FAILED),
    ("compile symbolic.onnx -o out.visir", FAILED),
    ("compile good.onnx -o absent/out.visir", FAILED),
    ("compile text.onnx -o out.visir", UNSUPPORTED),
    ("compile old.onnx -o out.visir", UNSUPPORTED),
    ("compile new.onnx -o out.visir", UNSUPPORTED),
    ("compile future.onnx -o out.visir", UNSUPPORTED),
    ("compile unknown.onnx -o out.visir", UNSUPPORTED),
    ("compile good.onnx --frob", USAGE),
    ("compile good.onnx --disable frob", USAGE),
    ("compile", USAGE),
    ("run m.visir --random 1", OK),
    ("run broken.visir --random 1", FAILED),
    ("run absent.visir --random 1", FAILED),
    ("run m.visir --input x=short.npy", FAILED),
    ("run m.visir", USAGE),
    ("run m.visir --frob", USAGE),
    ("bench m.visir --runs 5", OK),
    ("bench broken.visir", FAILED),
    ("bench m.visir --runs many", USAGE),
    ("bench good.onnx --rounds 1", OK),
    ("bench broken.onnx", FAILED),
    ("bench unknown.onnx", UNSUPPORTED),
    ("bench good.onnx --against abacus", USAGE),
    ("profile m.visir", OK),
    ("profile broken.visir", FAILED),
    ("profile", USAGE),
    ("inspect m.visir", OK),
    ("inspect broken.visir", FAILED),
    ("inspect m.visir m.visir", USAGE),
    ("verify m.visir", OK),
    ("verify broken.visir", FAILED),
    ("verify", USAGE),
    ("compare good.onnx", OK),
    ("compare broken.onnx", FAILED),
    ("compare text.onnx", UNSUPPORTED),
    ("compare unknown.onnx", UNSUPPORTED),
    ("compare good.onnx --against abacus", USAGE),
    ("compare good.onnx --against onnxruntime", OK),
    ("compare unknown.onnx --against onnxruntime", UNSUPPORTED),
    ("compare good.onnx --against onnxruntime --frob", USAGE),
    ("ops", OK),
    ("ops --frob", USAGE),
    ("devices", OK),
    ("devices --frob", USAGE),
    ("targets", OK),
    ("targets x", USAGE),
    ("--help", OK),
    ("--version", OK),
    ("frobnicate", USAGE),
    ("", USAGE),
]


@pytest.mark.parametrize("line, code", CASES)
def test_code(files, line, code):
    done = subprocess.run(
        [TOOL, *line.split()],
        cwd=files,
        capture_output=True,
        text=True,
        env={**os.environ, "VISIR_PYTHON": sys.executable},
    )
    assert done.returncode == code, done.stderr
    # Who fails says why, who does not says nothing on standard error.
    assert bool(done.stderr) == (code != OK)


@pytest.mark.parametrize(
    "line, code",
    [("run m.visir --random 1", OK), ("run broken.visir", FAILED),
     ("run", USAGE), ("frobnicate", USAGE), ("--help", OK)],
)  # fmt: skip
def test_code_of_the_runtime_tool(files, line, code):
    program = TOOL.with_name("visir-rt")
    done = subprocess.run([program, *line.split()], cwd=files,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == code, done.stderr


def test_documentation_has_them_all():
    page = (ROOT / "docs/cli.md").read_text()
    section = page.split("## Exit codes\n")[1].split("\n## ")[0]
    rows = [row for row in section.splitlines() if row.startswith("| ")]
    codes = {row.split("|")[1].strip() for row in rows[1:]}
    assert codes == {str(code) for _, code in CASES}
