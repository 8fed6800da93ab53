# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Class lists bound by `visir compile --classes`."""

import os
import pathlib
import subprocess
import sys

import numpy
import onnx
import onnx.parser
import pytest
import visir
from visir import classes

TOOL = pathlib.Path(__file__).parents[2] / "build/bin/visir"
# In place of CLIP's: letters are numbers from 1 on, a space is 27.
TOKENIZER = """
class SimpleTokenizer:
    sot_token_id, eot_token_id = 40, 50
    def encode(self, text):
        return [27 if c == " " else ord(c) - 96 for c in text.lower()]
"""
MODEL = """
<ir_version: 9, opset_import: ["" : 17]>
g (float[1] x, int64[classes,77] {name}) => (float[classes,77] y) {{
  wide = Cast <to = 1> ({name})
  y = Mul (x, wide)
}}
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "packages" / "open_clip"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "tokenizer.py").write_text(TOKENIZER)
    known = os.environ.get("PYTHONPATH")
    paths = [str(folder.parent), *([known] if known else [])]
    monkeypatch.setenv("PYTHONPATH", ":".join(paths))
    monkeypatch.setenv("VISIR_PYTHON", sys.executable)
    return folder


def compile_with(tmp_path, text, *options, name="ids"):
    """The tool's outcome and the artifact, for a file of this text."""
    model, names = tmp_path / "model.onnx", tmp_path / "classes.txt"
    out = tmp_path / "model.visir"
    onnx.save(onnx.parser.parse_model(MODEL.format(name=name)), model)
    if text is not None:
        names.write_text(text)
    command = [TOOL, "compile", model, "-o", out, "-q"]
    done = subprocess.run(
        [*command, *(o.format(names) for o in options)],
        capture_output=True,
        text=True,
    )
    return done, out


def ids_of(out):
    with visir.load(out) as module:
        assert [t.name for t in module.inputs] == ["x"]
        return module.run({"x": numpy.ones(1, "f4")})["y"]


def test_classes_become_constants(package, tmp_path):
    done, out = compile_with(
        tmp_path, "ab\nsea_c\n", "--classes", "{}", "--prompt", "a {{}}"
    )
    assert done.returncode == 0, done.stderr
    ids = ids_of(out)
    assert ids.shape == (2, 77)
    assert ids[0, :7].tolist() == [40, 1, 27, 1, 2, 50, 0]
    assert ids[1, :10].tolist() == [40, 1, 27, 19, 5, 1, 27, 3, 50, 0]


def test_another_input(package, tmp_path):
    done, out = compile_with(
        tmp_path, "b\n", "--classes=texts={}", "--prompt={{}}", name="texts"
    )
    assert done.returncode == 0, done.stderr
    assert ids_of(out)[0, :3].tolist() == [40, 2, 50]


def test_the_artifact_records_the_list_by_its_digest(package, tmp_path):
    records = []
    for text in ("a\nb", "a\nc", "a\nb\n"):
        done, out = compile_with(tmp_path, text, "--classes", "{}")
        assert done.returncode == 0, done.stderr
        with visir.load(out) as module:
            records.append(module.options)
    assert "--classes=ids=sha256:" in records[0]
    assert str(tmp_path) not in records[0]
    assert records[0] != records[1] and records[0] == records[2]


@pytest.mark.parametrize(
    "text, error",
    [
        (None, "classes.txt cannot be read: "),
        ("", "classes.txt is empty, expected one class a line"),
        ("a\n\nb\n", "classes.txt:2: line is empty, expected a class"),
        (
            "cat\ndog\nCat\n",
            "classes.txt:3: class is 'Cat', which line 1 has",
        ),
        (
            "a\n" + 75 * "b",
            "has 89 tokens, expected at most 75",
        ),
    ],
)
def test_wrong_lists(package, tmp_path, text, error):
    done, out = compile_with(tmp_path, text, "--classes", "{}")
    assert done.returncode == 1
    assert error in done.stderr and done.stderr.count("error: ") == 1
    assert not out.exists()


def test_wrong_prompt(package, tmp_path):
    done, _ = compile_with(
        tmp_path, "a", "--classes", "{}", "--prompt", "a photo"
    )
    assert done.returncode == 1
    wanted = "--prompt is 'a photo', expected a text with {} for the class"
    assert wanted in done.stderr


def test_wrong_input(package, tmp_path):
    done, _ = compile_with(tmp_path, "a", "--classes=words={}")
    assert done.returncode == 1
    assert "names 'words', expected an input" in done.stderr


def test_no_tokenizer(package, tmp_path):
    (package / "tokenizer.py").unlink()
    done, _ = compile_with(tmp_path, "a", "--classes", "{}")
    assert done.returncode == 1
    assert "expected Python with the package open_clip_torch" in done.stderr


def test_no_python(package, tmp_path, monkeypatch):
    monkeypatch.setenv("VISIR_PYTHON", "/nowhere/python")
    done, _ = compile_with(tmp_path, "a", "--classes", "{}")
    assert done.returncode == 1
    assert "/nowhere/python cannot be started, expected Python" in done.stderr


def test_the_longest_text_fits():
    class Words:
        sot_token_id, eot_token_id = 8, 9

        def encode(self, text):
            return [1] * len(text)

    ids = classes.token_ids(["a" * 3, "b"], Words(), length=5)
    assert ids.tolist() == [[8, 1, 1, 1, 9], [8, 1, 9, 0, 0]]
    with pytest.raises(classes.ClassesError, match="line 1: 'aaaa' has 4"):
        classes.token_ids(["a" * 4], Words(), length=5)
