# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What recognition leaves of real models: EdgeViT as PyTorch exports it."""

import collections
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
TOOL = ROOT / "build/bin/visir"
EDGEVIT = ROOT / "models/edgevit/edgevit_xxs.structure.onnx"
DIGITS = ROOT / "models/edgevit_digits/edgevit_digits.onnx"


def compile_to(phase, model, output, *options):
    done = subprocess.run(
        [TOOL, "compile", model, "--to", phase, "-q", "-o", output, *options],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return output.read_text()


def count_ops(ir):
    """Counts by op, and by kind for unary ops and dispatches."""
    found = re.findall(
        r"= visir\.(unary +\w+|dispatch +<\w+|\w+)", ir, re.MULTILINE
    )
    return collections.Counter(re.sub(r" +<?", " ", name) for name in found)


@pytest.fixture(scope="module")
def edgevit(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "edgevit_xxs.onnx"
    subprocess.run(
        [sys.executable, "-m", "models.structure", "fill", EDGEVIT, path],
        cwd=ROOT,
        check=True,
    )
    return path


@pytest.fixture(scope="module")
def recognised(edgevit):
    return compile_to("recognised", edgevit, edgevit.parent / "r.mlir")


def test_edgevit_is_made_of_single_ops(recognised):
    ops = count_ops(recognised)
    # 7 blocks; 5 of them sample and have a local part.
    assert ops["attention"] == 7
    assert ops["layer_norm"] == 23
    assert ops["unary gelu"] == 12
    assert ops["conv"] == 41
    assert ops["conv_transpose"] == 5
    # Six products in each block, less two that attention holds, and the head.
    assert ops["matmul"] == 29
    # Nothing else than biases, residuals, movement and the final mean.
    allowed = {
        "attention",
        "layer_norm",
        "unary gelu",
        "conv",
        "conv_transpose",
        "matmul",
        "binary",
        "move",
        "reduce",
        "constant",
    }
    assert set(ops) == allowed
    assert ops["reduce"] == 1


def test_edgevit_normalises_sampled_rows_only(recognised):
    rows = [
        int(m.group(1))
        for m in re.finditer(
            r"visir\.layer_norm.*-> tensor<1x(\d+)x\d+xf32>", recognised
        )
    ]
    # Stage 1: embedding, after propagation, in front of the perceptron; the
    # norm in front of attention sees 14 x 14 delegates.
    assert rows.count(56 * 56) == 3
    assert rows.count(28 * 28) == 3
    assert rows.count(7 * 7) == 3 + 1 + 2 * 2


def test_edgevit_moves_nothing_on_its_own(edgevit, tmp_path):
    fused = compile_to("fused", edgevit, tmp_path / "f.mlir")
    ops = count_ops(fused)
    assert ops["dispatch map"] == 0
    assert ops["dispatch attention"] == 7
    # The other norms of 23 are loads of the products that read them.
    assert ops["dispatch norm"] == 14
    assert fused.count("norm = {") == 9


def test_rewrites_are_switched_off_by_name(tmp_path):
    names = "recognise-gelu,recognise-attention"
    on = count_ops(compile_to("recognised", DIGITS, tmp_path / "on.mlir"))
    off = count_ops(
        compile_to(
            "recognised", DIGITS, tmp_path / "off.mlir", "--disable", names
        )
    )
    assert on["attention"] > 0 and on["unary gelu"] > 0
    assert off["attention"] == 0 and off["unary gelu"] == 0
    assert off["softmax"] == on["attention"]
