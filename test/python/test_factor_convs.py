# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions of low rank become chains, with the same numbers."""

import graphs
import numpy
import pytest
import visir
from onnx import helper, numpy_helper
from test_recognition import compile_to, count_ops

OFF = ("--disable", "factor-convs")


def low_rank(rng, outputs, channels, kernel, ranks, noise=0.0):
    """A core between two products over channels, rounded to floats."""
    core = rng.standard_normal((*ranks, *kernel))
    outer = rng.standard_normal((outputs, ranks[0])) / ranks[0] ** 0.5
    inner = rng.standard_normal((ranks[1], channels)) / channels**0.5
    weight = numpy.einsum("ab...,oa,bi->oi...", core, outer, inner)
    weight += noise * rng.standard_normal(weight.shape)
    return weight.astype("float32")


def write(path, weight, size, pad, stride, bias, groups=1):
    spatial = weight.ndim - 2
    shape = [1, weight.shape[1] * groups, *[size] * spatial]
    constants = [numpy_helper.from_array(weight, "w")]
    if bias is not None:
        constants.append(numpy_helper.from_array(bias, "b"))
    node = helper.make_node(
        "Conv", ["x", *(c.name for c in constants)], ["y"], group=groups,
        pads=[pad] * 2 * spatial, strides=[stride] * spatial,
    )  # fmt: skip
    graphs.save(path, [node], constants, shape, "y")
    return shape


def convs(path, tmp_path, *options):
    text = compile_to("recognised", path, tmp_path / "r.mlir", *options)
    return count_ops(text)["conv"]


@pytest.mark.parametrize("seed", range(6))
def test_chains_give_the_same(seed, tmp_path):
    rng = numpy.random.default_rng(seed)
    spatial = 2 if seed % 3 else 1
    kernel = (int(rng.choice([1, 3, 5])),) * spatial
    outputs, channels = (int(n) for n in rng.integers(96, 200, 2))
    ranks = [int(n) for n in rng.integers(1, 17, 2)]
    weight = low_rank(rng, outputs, channels, kernel, ranks)
    bias = rng.standard_normal(outputs).astype("float32")
    path = tmp_path / "model.onnx"
    shape = write(
        path, weight, int(rng.integers(14, 20)), int(rng.integers(3)),
        int(rng.integers(1, 3)), bias if seed % 2 else None,
    )  # fmt: skip
    assert convs(path, tmp_path, *OFF) == 1
    # Short images may have one product over channels only.
    assert convs(path, tmp_path) in ((2,) if kernel[0] == 1 else (2, 3))
    x = rng.standard_normal(shape).astype("float32")
    expected = visir.evaluate(path, {"x": x})["y"]
    for options in ((), OFF):
        with visir.load(visir.compile(path, options=options)) as module:
            result = module.run({"x": x})["y"]
        error = numpy.abs(result - expected).max() / numpy.abs(expected).max()
        assert error < 5e-6


@pytest.mark.parametrize(
    "change",
    [
        {"noise": 1e-4},
        {"ranks": (90, 90)},
        {"groups": 2},
        {"outputs": 7, "channels": 7, "ranks": (2, 2)},
    ],
    ids=["noise", "high rank", "groups", "few channels"],
)
def test_near_misses(change, tmp_path):
    """Weights that are close to ones of low rank, ranks that do not pay, more
    groups than one, and few channels."""
    rng = numpy.random.default_rng(0)
    groups = change.pop("groups", 1)
    values = {"outputs": 96, "channels": 96, "ranks": (8, 8), **change}
    weight = low_rank(rng, kernel=(3, 3), **values)
    path = tmp_path / "model.onnx"
    write(path, weight, 14, 1, 1, None, groups)
    assert convs(path, tmp_path) == 1
