# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pictures through stored preprocessing, judged by Pillow."""

import json
import pathlib
import subprocess

import numpy
import pytest
import visir
from conftest import model_of, tensor
from onnx import helper
from PIL import Image

ROOT = pathlib.Path(__file__).parents[2]
PHOTO = ROOT / "models/photos/flower.jpg"
TOOL = ROOT / "build/bin/visir"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def artifact(folder, shape, preprocess):
    model = model_of(
        [helper.make_node("Neg", ["x"], ["y"])],
        [tensor("x", shape)],
        [tensor("y", shape)],
    )
    return visir.compile(
        model, output=folder / "m.visir", options=["--preprocess", preprocess]
    )


def tool(*arguments):
    return subprocess.run(
        [TOOL, *map(str, arguments)], capture_output=True, text=True
    )


def run(folder, shape, preprocess, picture=None):
    path = artifact(folder, shape, preprocess)
    done = tool("run", path, "--input", picture or PHOTO, "--output", folder)
    assert done.returncode == 0, done.stderr
    return -numpy.load(folder / "y.npy")


def test_imagenet(tmp_path):
    picture = Image.open(PHOTO).convert("RGB")
    width, height = picture.size
    short = min(width, height)
    size = (int(256 * width / short), int(256 * height / short))
    resized = picture.resize(size, Image.Resampling.BILINEAR)
    left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
    cropped = resized.crop((left, top, left + 224, top + 224))
    expected = (numpy.asarray(cropped) / 255.0 - MEAN) / STD
    actual = run(tmp_path, (1, 3, 224, 224), "imagenet")[0]
    # The same bytes; float32 arithmetic on them.
    assert numpy.abs(actual - expected.transpose(2, 0, 1)).max() <= 1e-6


def test_file_with_other_layout(tmp_path):
    settings = tmp_path / "how.txt"
    settings.write_text(
        "# as bytes\ncrop_height = 20\ncrop_width = 30\nfilter = bicubic\n"
        "layout = nhwc\nscale = 1\n"
    )
    picture = Image.open(PHOTO).convert("RGB")
    picture.save(tmp_path / "photo.png")
    expected = picture.resize((30, 20), Image.Resampling.BICUBIC)
    shape = (1, 20, 30, 3)
    actual = run(tmp_path, shape, str(settings), tmp_path / "photo.png")[0]
    numpy.testing.assert_array_equal(actual, numpy.asarray(expected))


def test_jpeg(tmp_path):
    with Image.open(PHOTO) as picture:
        width, height = picture.size
        expected = numpy.asarray(picture.convert("RGB")) / 255.0
    settings = tmp_path / "how.txt"
    settings.write_text(f"crop_height = {height}\ncrop_width = {width}\n")
    actual = run(tmp_path, (1, 3, height, width), str(settings), PHOTO)[0]
    assert numpy.abs(actual.transpose(1, 2, 0) - expected).max() <= 1e-6


def test_grey(tmp_path):
    settings = tmp_path / "how.txt"
    settings.write_text("crop_height = 4\ncrop_width = 4\nchannels = 1\n")
    pixels = numpy.arange(16, dtype=numpy.uint8).reshape(4, 4)
    Image.fromarray(pixels).save(tmp_path / "p.png")
    actual = run(tmp_path, (1, 1, 4, 4), str(settings), tmp_path / "p.png")
    numpy.testing.assert_allclose(actual[0, 0], pixels / 255.0, rtol=1e-6)


def test_top_with_labels(tmp_path):
    model = model_of(
        [helper.make_node("Neg", ["x"], ["y"])],
        [tensor("x", (1, 4))],
        [tensor("y", (1, 4))],
    )
    path = visir.compile(model, output=tmp_path / "m.visir")
    numpy.save(tmp_path / "x.npy", numpy.float32([[3, -2, -1, 0]]))
    (tmp_path / "names.txt").write_text("a\nb\nc\nd\n")
    command = ["run", path, "--input", tmp_path / "x.npy", "--top", 2]
    done = tool(*command, "--labels", tmp_path / "names.txt", "--json")
    top = json.loads(done.stdout)["top"]
    assert [(t["index"], t["label"]) for t in top] == [(1, "b"), (2, "c")]
    (tmp_path / "names.txt").write_text("a\n")
    done = tool(*command, "--labels", tmp_path / "names.txt")
    assert "number of labels is 1, expected 4" in done.stderr


@pytest.mark.parametrize(
    "text, error",
    [
        ("colour = red", 'line is "colour = red", expected a known key'),
        ("channels = 2", 'line is "channels = 2", expected a known key'),
        ("std = [1, 0, 1]", r'line is "std = [1, 0, 1]", expected a known'),
        ("scale = nan", 'line is "scale = nan", expected a known key'),
        ("mean = 1e39", 'line is "mean = 1e39", expected a known key'),
        ("crop_width = 65536", 'line is "crop_width = 65536", expected a known'),
        ("mean = [1, 2]", "mean or std has 2 values, expected 3"),
        ("input = z\ncrop_width = 2", "preprocessed input is z, expected"),
    ],
)
def test_refuses_wrong_settings(tmp_path, text, error):
    settings = tmp_path / "how.txt"
    settings.write_text(text + "\n")
    with pytest.raises(visir.CompileError, match=error.replace("[", r"\[")):
        artifact(tmp_path, (1, 3, 8, 8), str(settings))


def test_refuses_wrong_pictures(tmp_path):
    path = artifact(tmp_path, (1, 3, 8, 8), "imagenet")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    done = tool("run", path, "--input", tmp_path / "bad.png")
    assert done.returncode == 1
    assert "is no JPEG or PNG picture" in done.stderr
    done = tool("run", path, "--input", PHOTO)
    assert done.returncode == 1
    assert "picture becomes f32[1,3,224,224], expected f32[1,3,8,8]" in (
        done.stderr
    )
