# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Two models in one artifact that share a state: `prefill` fills a cache of
tokens, `step` moves one token in and attends to all."""

import numpy
import onnx
import pytest
import visir
from conftest import model_of, tensor
from onnx import helper

TOKENS, SIZE = 6, 16


def prefill_model():
    nodes = [helper.make_node("Relu", ["tokens"], ["filled"])]
    shape = (1, TOKENS, SIZE)
    return model_of(nodes, [tensor("tokens", shape)], [tensor("filled", shape)])


def step_model():
    """cache' = cache without its first token, then the token; y = attention of
    the token to cache'."""
    node = helper.make_node
    nodes = [
        node("Slice", ["cache", "one", "end", "axis"], ["rest"]),
        node("Concat", ["rest", "token"], ["next"], axis=1),
        node("Transpose", ["next"], ["keys"], perm=[0, 2, 1]),
        node("MatMul", ["token", "keys"], ["scores"]),
        node("Softmax", ["scores"], ["shares"], axis=-1),
        node("MatMul", ["shares", "next"], ["y"]),
    ]
    weights = {
        "one": numpy.array([1]),
        "end": numpy.array([TOKENS]),
        "axis": numpy.array([1]),
    }
    token, cache = (1, 1, SIZE), (1, TOKENS, SIZE)
    return model_of(
        nodes,
        [tensor("token", token), tensor("cache", cache)],
        [tensor("y", token), tensor("next", cache)],
        weights,
    )


def expected_step(cache, token):
    cache = numpy.concatenate([cache[:, 1:], token], axis=1)
    scores = token @ cache.transpose(0, 2, 1)
    shares = numpy.exp(scores - scores.max())
    return cache, (shares / shares.sum()) @ cache


@pytest.fixture
def models(tmp_path):
    paths = []
    for name, model in (("prefill", prefill_model()), ("step", step_model())):
        onnx.save(model, tmp_path / f"{name}.onnx")
        paths.append(tmp_path / f"{name}.onnx")
    return paths


def random(*shape):
    return numpy.random.default_rng(3).standard_normal(shape, numpy.float32)


@pytest.mark.parametrize("threads", [1, 2])
def test_entries_share_a_state(models, threads):
    states = ["--state", "cache=next", "--state", "cache=filled"]
    module = visir.load(visir.compile(models, options=states), threads=threads)
    tokens = random(1, TOKENS, SIZE)
    assert module.run({"tokens": tokens}, entry="prefill") == {}
    cache = numpy.maximum(tokens, 0)
    for token in random(4, 1, 1, SIZE):
        answer = module.run({"token": token}, entry="step")
        cache, y = expected_step(cache, token)
        assert list(answer) == ["y"]
        numpy.testing.assert_allclose(answer["y"], y, rtol=1e-5, atol=1e-6)


def test_state_is_zero_at_first(models):
    artifact = visir.compile(models[1:], options=["--state", "cache=next"])
    module = visir.load(artifact, threads=1)
    token = random(1, 1, SIZE)
    _, y = expected_step(numpy.zeros((1, TOKENS, SIZE), numpy.float32), token)
    numpy.testing.assert_allclose(
        module.run({"token": token})["y"], y, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    "state, text",
    [
        ("cache=nothing", "state cache=nothing names no output"),
        ("nothing=next", "state nothing=next names no input"),
        ("token=next", "type of state output next is"),
        ("cache", "state is cache, expected INPUT=OUTPUT"),
    ],
)
def test_refuses_wrong_states(models, state, text):
    with pytest.raises(visir.CompileError, match=text):
        visir.compile(models[1:], options=["--state", state])


FRAMES, CHANNELS, KEPT, PIXELS = 5, 8, 2, 4


def online_model(weights):
    """A block of an online temporal shift module: its first channels come from
    the frame before; y = x + conv(them and the rest of x)."""
    node = helper.make_node
    nodes = [
        node("Slice", ["x", "zero", "kept", "axis"], ["next"]),
        node("Slice", ["x", "kept", "end", "axis"], ["rest"]),
        node("Concat", ["state", "rest"], ["shifted"], axis=1),
        node("Conv", ["shifted", "weights"], ["branch"]),
        node("Add", ["x", "branch"], ["y"]),
    ]
    constants = {
        "zero": numpy.array([0]),
        "kept": numpy.array([KEPT]),
        "end": numpy.array([CHANNELS]),
        "axis": numpy.array([1]),
        "weights": weights[:, :, None, None],
    }
    frame = (1, CHANNELS, PIXELS, PIXELS)
    state = (1, KEPT, PIXELS, PIXELS)
    return model_of(
        nodes,
        [tensor("x", frame), tensor("state", state)],
        [tensor("y", frame), tensor("next", state)],
        constants,
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_frames_read_channels_of_the_frame_before(threads):
    """Frame by frame as the whole clip whose channels are shifted in time."""
    weights = random(CHANNELS, CHANNELS)
    options = ["--state", "state=next"]
    artifact = visir.compile(online_model(weights), options=options)
    module = visir.load(artifact, threads=threads)
    clip = random(FRAMES, CHANNELS, PIXELS, PIXELS)
    shifted = clip.copy()
    shifted[1:, :KEPT], shifted[0, :KEPT] = clip[:-1, :KEPT], 0
    expected = clip + numpy.einsum("oc,tcij->toij", weights, shifted)
    for repeat in range(2):
        for frame, wanted in zip(clip, expected):
            answer = module.run({"x": frame[None]})
            assert list(answer) == ["y"]
            numpy.testing.assert_allclose(
                answer["y"][0], wanted, rtol=1e-5, atol=1e-5
            )
        module.reset()
