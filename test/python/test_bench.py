# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`visir bench MODEL.onnx`."""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
MODEL = ROOT / "models/edgevit_digits/edgevit_digits.onnx"


def bench(*arguments, python=sys.executable):
    return subprocess.run(
        [ROOT / "build/bin/visir", "bench", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "VISIR_PYTHON": python},
    )


def test_against_onnxruntime():
    words = ["--against", "onnxruntime", "--rounds", "1", "--json"]
    done = bench(MODEL, *words)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert len(result["ms"]) == 2 and min(result["ms"].values()) > 0
    assert result["ratio"] > 0 and result["error"] < 1e-5


def test_text():
    done = bench(MODEL, "--rounds", "1", "--against", "onnxruntime")
    assert "x as fast, largest relative difference" in done.stdout


def test_refused_model(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"nothing")
    done = bench(tmp_path / "m.onnx")
    assert done.returncode == 1 and "error: m.onnx" in done.stderr


def test_python_is_missing():
    done = bench(MODEL, python="/nowhere/python")
    assert done.returncode == 1
    assert "/nowhere/python cannot be started" in done.stderr
