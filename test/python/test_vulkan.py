# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs for Vulkan: what they carry for devices to prove themselves, and
which programs an artifact has for which devices."""

import json
import subprocess

import numpy
import onnx
import pytest
import visir
from conftest import model_of, tensor
from onnx import helper
from test_errors import USAGE

from visir import locate


def product(rows, inner=48, columns=40):
    weights = numpy.random.default_rng(1).normal(size=(inner, columns))
    return model_of(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
        [tensor("x", (rows, inner))],
        [tensor("y", (rows, columns))],
        {"w": weights.astype("f4")},
    )


@pytest.fixture
def compiled(tmp_path):
    def make(model, *options):
        onnx.save(model, tmp_path / "m.onnx")
        made = tmp_path / "m.visir"
        visir.compile(
            tmp_path / "m.onnx", "vulkan", output=made, options=[*options]
        )
        return made

    return make


def manifest_bytes(path):
    done = subprocess.run(
        [locate.tool(), "inspect", path, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)["manifest_bytes"]


def test_self_tests_are_small_and_can_be_left_out(compiled):
    whole = manifest_bytes(compiled(product(40)))
    bare = manifest_bytes(compiled(product(40), "--self-test", "off"))
    assert 32 * 8 < whole - bare < 600


def has_matrices(path):
    return b"vulkan+matrix16" in path.read_bytes()


def test_products_of_halves_have_a_program_for_matrices(compiled):
    assert has_matrices(compiled(product(40), "--precision", "fp16"))
    # Neither other types nor rows that are fewer than a matrix's.
    assert not has_matrices(compiled(product(40)))
    assert not has_matrices(compiled(product(40), "--precision", "bf16"))
    assert not has_matrices(compiled(product(15), "--precision", "fp16"))


def test_switches_are_checked(tmp_path):
    def error(*arguments):
        done = subprocess.run(
            [locate.tool(), *arguments], capture_output=True, text=True
        )
        assert done.returncode == USAGE
        return done.stderr

    path = tmp_path / "m.onnx"
    onnx.save(product(16), path)
    assert "switch is maybe, expected on or off" in error(
        "compile", path, "--self-test", "maybe"
    )
    assert (
        'value of --self-test is "later", expected first, always or never'
        in error("run", "m.visir", "--self-test", "later")
    )
    with pytest.raises(ValueError, match="self_test is 'later', expected one"):
        visir.load(b"", self_test="later")
