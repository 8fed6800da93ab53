# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The page of `visir profile --html`, drawn by a real browser."""

import html.parser
import json
import os
import shutil
import subprocess

import numpy
import pytest
import visir
from conftest import model_of, tensor
from onnx import helper

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Elements that have no end.
VOID = {"meta", "br", "link", "input"}


class Page(html.parser.HTMLParser):
    """Counts elements by the ids of those that they stand in."""

    def __init__(self, text):
        super().__init__()
        self.open, self.inside, self.texts = [], {}, {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for _, name in self.open:
            if name:
                counts = self.inside.setdefault(name, {})
                counts[tag] = counts.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append((tag, dict(attributes).get("id")))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        for _, name in self.open:
            if name:
                self.texts[name] = self.texts.get(name, "") + data


def draw(page, folder):
    """The page as a browser has it after its scripts, and what these say."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("needs a browser: chromium or chrome")
    done = subprocess.run(
        [
            browser,
            *("--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--enable-logging=stderr", f"--user-data-dir={folder}/profile"),
            *("--host-resolver-rules=MAP * ~NOTFOUND", f"file://{page}"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "HOME": str(folder)},
    )
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Page(done.stdout), said


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    """Three convolutions, of which the middle one is filtered, a softmax."""
    random = numpy.random.default_rng(7)
    weights = {
        "u": random.standard_normal((64, 8, 1, 1), dtype=numpy.float32),
        "w": random.standard_normal((64, 64, 3, 3), dtype=numpy.float32),
        "v": random.standard_normal((10, 64, 1, 1), dtype=numpy.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "u"], ["c"], "enter"),
        helper.make_node("Tanh", ["c"], ["e"], "tanh"),
        helper.make_node("Conv", ["e", "w"], ["a"], "first", pads=[1] * 4),
        helper.make_node("Relu", ["a"], ["r"], "relu"),
        helper.make_node("Conv", ["r", "v"], ["b"], "second"),
        helper.make_node("Softmax", ["b"], ["y"], "softmax", axis=1),
    ]
    model = model_of(
        nodes,
        [tensor("x", (1, 8, 28, 28))],
        [tensor("y", (1, 10, 28, 28))],
        weights,
    )
    path = tmp_path_factory.mktemp("page") / "net.visir"
    return visir.compile(model, output=path, options=["--winograd=f4"])


def test_page_is_drawn(artifact, tmp_path):
    page = tmp_path / "page.html"
    tool = str(visir.locate.tool())
    command = [tool, "profile", str(artifact), "--html", str(page), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    count = len(figures["commands"])
    assert count >= 3
    drawn, said = draw(page, tmp_path)
    assert said == []
    assert drawn.inside["timeline"]["rect"] == count
    assert drawn.inside["roofline"]["circle"] >= 2
    # The peak and two bandwidths.
    assert drawn.inside["roofline"]["line"] == 3
    assert drawn.inside["memory"]["rect"] >= 2
    assert drawn.inside["commands"]["tr"] == count + 1
    assert f"{count} commands of 6 ONNX nodes" in drawn.texts["summary"]
    for heading in ("GFLOP/s", "% peak", "GB/s", "% roof", "% idle lanes"):
        assert heading in drawn.texts["commands"]
    for text in drawn.texts.values():
        assert "NaN" not in text and "undefined" not in text


def test_page_without_times_is_drawn(artifact, tmp_path):
    page = tmp_path / "plan.html"
    tool = str(visir.locate.tool())
    command = [tool, "inspect", str(artifact), "--html", str(page)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    drawn, said = draw(page, tmp_path)
    assert said == []
    assert "timeline" not in drawn.inside
    assert drawn.inside["memory"]["rect"] >= 2
    assert "GFLOP/s" not in drawn.texts["commands"]


def test_filtering_executes_less(artifact):
    tool = str(visir.locate.tool())
    command = [tool, "profile", str(artifact), "--json", "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    commands = {row["nodes"].split()[0]: row for row in figures["commands"]}
    first = commands["first"]
    assert "winograd" in first["config"]
    assert first["flops"] == 2 * 64 * 64 * 9 * 28 * 28
    # F(2, 3) takes 16 products for 4 results of 36, F(4, 3) 36 for 16 of 144.
    part = first["executed_flops"] / first["flops"]
    assert part == pytest.approx(16 / 36) or part == pytest.approx(36 / 144)
    assert 0 <= first["wasted_lanes"] < 0.5
    # Ten channels of sixteen lanes.
    second = commands["second"]
    assert second["executed_flops"] == second["flops"]
    if figures["target"] == "x86-64-v4":
        assert second["wasted_lanes"] == pytest.approx(6 / 16)
    for row in commands.values():
        assert row["gbs"] > 0 and row["share_of_roof"] > 0
        assert row["model_us"] > 0
    assert figures["executed_flops"] < figures["flops"]
