# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the examples of published systems read, and what is recorded of them."""

import os
import pathlib
import subprocess
import sys

import numpy
import pytest
from PIL import Image

from examples.shared import inputs
from examples.shared.jobs import JOBS
from scripts.lib.systems import table

ROOT = pathlib.Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@pytest.fixture
def slope(tmp_path):
    """80 wide, 64 high: red grows to the right, green downwards."""
    rows, columns = numpy.mgrid[:64, :80]
    samples = numpy.stack([3 * columns, 3 * rows, 0 * rows], axis=-1)
    path = tmp_path / "slope.png"
    Image.fromarray(samples.astype(numpy.uint8)).save(path)
    return path


def test_a_pan_goes_from_one_corner_to_the_other(slope):
    frames = inputs.pan(slope, 3, 56)
    assert frames.shape == (3, 3, 56, 56)
    deviation = numpy.array(inputs.IMAGENET.deviation)[:, None]
    mean = numpy.array(inputs.IMAGENET.mean)[:, None]
    corners = frames[:, :, 0, 0].T * deviation + mean
    # Windows of 56 begin at 0, 12 and 24 of 80 - 56, and 0, 4 and 8 of 64 - 56.
    assert corners[0] * 255 == pytest.approx([0, 36, 72], abs=1e-3)
    assert corners[1] * 255 == pytest.approx([0, 12, 24], abs=1e-3)


def test_layouts_of_clips(slope):
    frames = inputs.pan(slope, 2, 8)
    channels = inputs.clip(slope, 2, 8, "channels")
    planes = inputs.clip(slope, 2, 8, "planes")
    assert channels.shape == (1, 6, 8, 8)
    assert planes.shape == (1, 3, 2, 8, 8)
    assert numpy.array_equal(channels[0, 3:], frames[1])
    assert numpy.array_equal(planes[0, :, 1], frames[1])
    assert numpy.array_equal(inputs.clip(slope, 2, 8, "stream"), frames)


@pytest.mark.parametrize("name", JOBS)
def test_examples_are_whole(name):
    job = JOBS[name]
    assert f"examples/run {name}\n" in (EXAMPLES / name / "README.md").read_text()
    with numpy.load(EXAMPLES / name / "expected.npz") as recorded:
        assert set(recorded.files) == {"small", "published"}
        for result in recorded.values():
            assert result.shape[:-1] == ((job.frames,) if job.states else ())
            assert numpy.isfinite(result).all()
    if job.labels:
        labels = (ROOT / job.labels).read_text().splitlines()
        with numpy.load(EXAMPLES / name / "expected.npz") as recorded:
            assert len(labels) == len(recorded["published"])


def test_systems_with_an_example():
    """Landmarks and captions have programs of their own; what is drawn by
    variational prompts is an input."""
    named = {"heatmaps": "landmarks", "rest": "captions", "srd": "binary"}
    names = {named.get(s.name, s.name) for s in table.SYSTEMS}
    assert names - {"variational"} <= {p.name for p in EXAMPLES.iterdir()}


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["no"], 2, "invalid choice: 'no'"),
        (["gsf", "--print-model"], 0, "gsf_resnet50_8f\n"),
        (["gsf", "--small", "--print-model"], 0, "gsf_small\n"),
        (["--help"], 0, "a small model with the same parts"),
    ],
)
def test_command(words, code, text):
    done = subprocess.run(
        [sys.executable, "-m", "examples.shared.classify", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "bindings/python")},
    )
    assert done.returncode == code
    assert text in done.stdout + done.stderr
