# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions of signs, found or not, give the same numbers."""

import graphs
import numpy
import pytest
import visir
from onnx import TensorProto, helper, numpy_helper
from test_recognition import compile_to, count_ops

OFF = ("--disable", "recognise-binary-conv")


def tensor(name, values):
    return numpy_helper.from_array(numpy.asarray(values, "float32"), name)


def sign(nodes):
    """sign(x)"""
    nodes.append(helper.make_node("Sign", ["z"], ["s"]))


def choice(nodes):
    """where(x >= 0, 1, -1)"""
    nodes.append(helper.make_node("GreaterOrEqual", ["z", "zero"], ["c"]))
    nodes.append(helper.make_node("Where", ["c", "one", "minus"], ["s"]))


def cast(nodes):
    """1 - 2 * (x < 0)"""
    nodes.append(helper.make_node("Less", ["z", "zero"], ["c"]))
    nodes.append(helper.make_node("Cast", ["c"], ["f"], to=TensorProto.FLOAT))
    nodes.append(helper.make_node("Mul", ["f", "two"], ["t"]))
    nodes.append(helper.make_node("Sub", ["one", "t"], ["s"]))


def estimator(nodes):
    """sign(x) - clip(x) + clip(x)"""
    nodes.append(helper.make_node("Clip", ["z", "minus", "one"], ["q"]))
    nodes.append(helper.make_node("Sign", ["z"], ["a"]))
    nodes.append(helper.make_node("Sub", ["a", "q"], ["d"]))
    nodes.append(helper.make_node("Add", ["d", "q"], ["s"]))


def write(path, spelling, rng):
    """A norm, signs, a convolution and a norm of drawn sizes; the input's
    shape. Values are small integers and their halves: signs are exact."""
    channels, outputs = (int(n) for n in rng.integers(1, 80, 2))
    kernel, stride, pad = rng.integers(1, 4), rng.integers(1, 3), rng.integers(3)
    size = [int(n) for n in rng.integers(kernel, 14, 2)]
    weight = rng.choice([-1.0, 1.0], (outputs, channels, kernel, kernel))
    if rng.random() < 0.3:
        weight[rng.random(weight.shape) < 0.05] = 0
    weight *= rng.uniform(0.1, 2, (outputs, 1, 1, 1))
    constants = [
        tensor("w", weight),
        tensor("scale", rng.choice([-2, -1, 1, 2], (channels, 1, 1))),
        tensor("shift", rng.integers(-1, 2, (channels, 1, 1))),
        tensor("factor", rng.uniform(-2, 2, (outputs, 1, 1))),
    ]
    for name, value in (("zero", 0), ("one", 1), ("minus", -1), ("two", 2)):
        constants.append(tensor(name, value))
    nodes = [
        helper.make_node("Mul", ["x", "scale"], ["y"]),
        helper.make_node("Add", ["y", "shift"], ["z"]),
    ]
    spelling(nodes)
    nodes += [
        helper.make_node(
            "Conv", ["s", "w"], ["v"], strides=[int(stride)] * 2,
            pads=[int(pad)] * 4,
        ),
        helper.make_node("Mul", ["v", "factor"], ["r"]),
    ]  # fmt: skip
    shape = [int(rng.integers(1, 3)), channels, *size]
    graphs.save(path, nodes, constants, shape, "r")
    return shape


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("spelling", [sign, choice, cast, estimator])
def test_found_or_not(spelling, seed, tmp_path):
    rng = numpy.random.default_rng(seed)
    path = tmp_path / "signs.onnx"
    shape = write(path, spelling, rng)
    found = compile_to("recognised", path, tmp_path / "a.mlir")
    kept = compile_to("recognised", path, tmp_path / "b.mlir", *OFF)
    assert count_ops(found)["binary_conv"] > 0
    assert count_ops(found)["conv"] == 0
    assert count_ops(kept)["binary_conv"] == 0
    x = rng.integers(-2, 3, shape).astype("float32")
    expected = visir.evaluate(path, {"x": x})["r"]
    for options in ((), OFF):
        artifact = visir.compile(path, options=options)
        with visir.load(artifact) as module:
            result = module.run({"x": x})["r"]
        assert numpy.allclose(
            result, expected, rtol=0, atol=1e-5 * numpy.abs(expected).max()
        )


def write_experts(path, samples, groups, own, rng):
    """Each sample's first channels choose one of three weights; samples become
    groups. Means of small integers are exact, signs are taken of them."""
    channels, outputs, size = own * groups, 8 * groups, 6
    weight = rng.standard_normal((3, outputs, own, 3, 3))
    shape = [samples, channels, size, size]
    constants = [
        tensor("w", weight),
        numpy_helper.from_array(numpy.array([0]), "start"),
        numpy_helper.from_array(numpy.array([3]), "end"),
        numpy_helper.from_array(numpy.array([1]), "axis"),
        numpy_helper.from_array(
            numpy.array([1, samples * channels, size, size]), "joined"
        ),
        numpy_helper.from_array(
            numpy.array([samples * outputs, own, 3, 3]), "each"
        ),
        numpy_helper.from_array(
            numpy.array([samples, outputs, size, size]), "apart"
        ),
    ]
    make = helper.make_node
    nodes = [
        make("GlobalAveragePool", ["x"], ["means"]),
        make("Slice", ["means", "start", "end", "axis"], ["few"]),
        make("Flatten", ["few"], ["flat"]),
        make("ArgMax", ["flat"], ["expert"], axis=1, keepdims=0),
        make("Gather", ["w", "expert"], ["taken"], axis=0),
        make("Sign", ["taken"], ["signs"]),
        make("Reshape", ["signs", "each"], ["kernel"]),
        make("Sign", ["x"], ["s"]),
        make("Reshape", ["s", "joined"], ["image"]),
        make("Conv", ["image", "kernel"], ["v"], pads=[1] * 4,
             group=groups * samples),
        make("Reshape", ["v", "apart"], ["r"]),
    ]  # fmt: skip
    graphs.save(path, nodes, constants, shape, "r")
    return shape


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("groups, own", [(1, 40), (2, 16), (4, 32), (2, 64)])
def test_experts(samples, groups, own, tmp_path):
    rng = numpy.random.default_rng(samples * 100 + groups * 10 + own)
    path = tmp_path / "experts.onnx"
    shape = write_experts(path, samples, groups, own, rng)
    found = compile_to("recognised", path, tmp_path / "a.mlir")
    # Forty channels fill no words where samples are groups.
    expected = 0 if groups * samples > 1 and own == 40 else 1
    assert count_ops(found)["binary_conv"] == expected
    x = rng.integers(-2, 3, shape).astype("float32")
    wanted = visir.evaluate(path, {"x": x})["r"]
    for options in ((), OFF):
        with visir.load(visir.compile(path, options=options)) as module:
            assert numpy.array_equal(module.run({"x": x})["r"], wanted)
