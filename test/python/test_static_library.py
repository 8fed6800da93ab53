# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""examples/static-library, built against an installed runtime."""

import pathlib
import subprocess

import numpy
import pytest

ROOT = pathlib.Path(__file__).parents[2]
MODEL = ROOT / "models/edgevit_digits/edgevit_digits.onnx"
BUILD = ROOT / "build"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static")
    prefix = folder / "prefix"

    def run(*command):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    run("cmake", "--install", BUILD, "--prefix", prefix)
    run(
        "cmake", "-S", ROOT / "examples/static-library", "-B", folder / "b",
        f"-DCMAKE_PREFIX_PATH={prefix}", f"-DMODEL={MODEL}",
        f"-DVISIR={BUILD / 'bin/visir'}",
    )
    run("cmake", "--build", folder / "b")
    return folder / "b"


def test_program_classifies_pictures(program):
    heldout = numpy.load(ROOT / "models/edgevit_digits/heldout.npz")
    pictures, labels = (heldout[name] for name in heldout.files[:2])
    answers = [
        int(
            subprocess.run(
                [program / "classify-digit"], input=picture.tobytes(),
                capture_output=True, check=True,
            ).stdout
        )
        for picture in pictures[:20]
    ]
    assert numpy.mean(answers == labels[:20]) >= 0.9


def test_header_names_entries_and_sizes(program):
    text = (program / "digits.h").read_text()
    assert "input input: f32 1x1x28x28, 3136 bytes" in text
    assert "output logits: f32 1x10, 40 bytes" in text
