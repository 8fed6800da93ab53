# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A factorised convolution whose components Bernoulli nodes drop at each run."""

import numpy
import onnx
import pytest
import visir
from onnx import TensorProto, helper, numpy_helper

CHANNELS, RANK, OUTPUTS, SIZE = 24, 40, 20, 9


def factors():
    rng = numpy.random.default_rng(0)
    return {
        "inner": rng.standard_normal((RANK, CHANNELS, 1, 1)),
        "core": rng.standard_normal((RANK, 1, 3, 3)),
        "outer": rng.standard_normal((OUTPUTS, RANK, 1, 1)),
        "keep": numpy.full((1, RANK, 1, 1), 0.8),
    }


def write(path, rebuilt):
    """The CP form as a chain, or as a convolution whose weight is rebuilt from
    what is left; the mask is a second output."""
    constants = {n: v.astype("float32") for n, v in factors().items()}
    make = helper.make_node
    nodes = [make("Bernoulli", ["keep"], ["mask"])]
    if rebuilt:
        constants = {
            "keep": constants["keep"],
            "inner": constants["inner"][:, :, 0, 0],
            "core": constants["core"][:, 0],
            "outer": constants["outer"][:, :, 0, 0],
            "ranks": numpy.array([RANK]),
        }
        nodes += [
            make("Reshape", ["mask", "ranks"], ["r"]),
            make("Einsum", ["r", "outer", "inner", "core"], ["w"],
                 equation="r,or,ri,rhw->oihw"),
            make("Conv", ["x", "w"], ["y"], pads=[1] * 4),
        ]  # fmt: skip
    else:
        nodes += [
            make("Conv", ["x", "inner"], ["a"]),
            make("Conv", ["a", "core"], ["b"], pads=[1] * 4, group=RANK),
            make("Mul", ["b", "mask"], ["c"]),
            make("Conv", ["c", "outer"], ["y"]),
        ]
    shape = [1, CHANNELS, SIZE, SIZE]
    graph = helper.make_graph(
        nodes,
        "dropout",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
            for name in ("y", "mask")
        ],
        [numpy_helper.from_array(v, n) for n, v in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    )
    onnx.save(onnx.shape_inference.infer_shapes(model), path)


def expected(x, mask):
    """In float64, with the weight rebuilt from what is left."""
    f = factors()
    weight = numpy.einsum(
        "r,or,ri,rhw->oihw", mask.ravel(), f["outer"][:, :, 0, 0],
        f["inner"][:, :, 0, 0], f["core"][:, 0],
    )  # fmt: skip
    padded = numpy.pad(x[0].astype("float64"), ((0, 0), (1, 1), (1, 1)))
    windows = numpy.lib.stride_tricks.sliding_window_view(
        padded, (3, 3), axis=(1, 2)
    )
    return numpy.einsum("iyxhw,oihw->oyx", windows, weight)[None]


def run(artifact, x, seed):
    with visir.load(artifact) as module:
        return module.run({"x": x, "seed": numpy.array(seed, "int64")})


@pytest.mark.parametrize("rebuilt", [False, True], ids=["chain", "rebuilt"])
def test_seeds_give_masks(rebuilt, tmp_path):
    path = tmp_path / "dropout.onnx"
    write(path, rebuilt)
    x = numpy.random.default_rng(1).standard_normal((1, CHANNELS, SIZE, SIZE))
    x = x.astype("float32")
    masks = {}
    for target in ("x86-64-v2", "x86-64-v3", "plain"):
        artifact = visir.compile(
            path, options=["--noise", "counter", "--target", target]
        )
        for seed in (0, 1, 7):
            result = run(artifact, x, seed)
            mask = result["mask"]
            assert set(numpy.unique(mask)) == {0, 1}
            assert numpy.array_equal(masks.setdefault(seed, mask), mask)
            wanted = expected(x, mask)
            error = numpy.abs(result["y"] - wanted).max()
            assert error < 1e-5 * numpy.abs(wanted).max()
    assert not numpy.array_equal(masks[0], masks[1])
    assert not numpy.array_equal(masks[0], masks[7])
