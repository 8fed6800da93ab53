# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The pictures of docs/systems, and the command that draws them."""

import shutil
import subprocess
import xml.etree.ElementTree as xml

import onnx
import pytest
from onnx import TensorProto, helper

from scripts.lib import pictures

NEEDS_DOT = pytest.mark.skipif(
    not shutil.which("dot"), reason="needs Graphviz's program dot"
)


def texts_of(path):
    elements = xml.parse(path).iter()
    return [e.text for e in elements if e.tag.endswith("}text")]


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_pages_have_their_pictures(name):
    page = pictures.SYSTEMS / f"{name}.md"
    assert f"]({name}.svg)" in page.read_text()
    path = pictures.SYSTEMS / f"{name}.svg"
    assert path.stat().st_size <= pictures.MOST_BYTES
    titles = texts_of(path)
    assert any(t.startswith("as imported: ") for t in titles)
    assert any(t.startswith("as fused: ") for t in titles)


def test_every_page_has_a_picture():
    pages = {path.stem for path in pictures.SYSTEMS.glob("*.md")}
    assert pages == set(pictures.PICTURES)


@pytest.fixture
def exports(tmp_path):
    """m.torchscript.onnx: two chains of an elementwise op."""
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="/one/Relu"),
        helper.make_node("Neg", ["a"], ["b"], name="/one/Neg"),
        helper.make_node("Exp", ["b"], ["y"], name="/two/Exp"),
    ]
    ends = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, (2, 3)) for n in "xy"
    ]
    graph = helper.make_graph(nodes, "graph", ends[:1], ends[1:])
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    onnx.save(model, tmp_path / "m.torchscript.onnx")
    return tmp_path


@NEEDS_DOT
def test_draw(exports):
    report = pictures.draw(
        "some", pictures.Picture("m", "^/one/"), exports, exports
    )
    assert report["entries"][0]["before"]["ops"] == 3
    titles = texts_of(exports / "some.svg")
    assert "as imported: 2 ops" in titles
    assert "as fused: 1 dispatches" in titles
    assert "relu" in titles
    assert "exp" not in titles


@NEEDS_DOT
def test_draw_refuses_what_is_too_large(exports, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_BYTES", 500)
    with pytest.raises(RuntimeError, match=r"some: picture is \d+ bytes, expe"):
        pictures.draw("some", pictures.Picture("m", ""), exports, exports)


def test_what_fails_is_told(exports):
    with pytest.raises(RuntimeError, match="some: error: "):
        pictures.draw("some", pictures.Picture("none", ""), exports, exports)


def test_an_unknown_name_is_told():
    done = subprocess.run(
        [pictures.ROOT / "scripts/pictures", "no"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "picture is no, expected one of edgevit, shift" in done.stderr


def test_captioners_options_are_of_the_step():
    options = pictures.step_options()
    assert "self_key0=present_self_key0" in options
    assert not any(option.startswith("cross_") for option in options)
