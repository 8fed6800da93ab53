# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention and RotaryEmbedding."""

import numpy
import pytest

from test.frontends.onnx.judge import by_evaluator, feeds, make_model

B, H, M, N, D, E = 2, 4, 3, 5, 8, 6


def operands(draw, key_heads=H):
    return [draw(B, H, M, D), draw(B, key_heads, N, D), draw(B, key_heads, N, E)]


def additive_mask(draw, *shape):
    mask = draw(*shape)
    mask[..., 1] = -numpy.inf
    return mask


@pytest.mark.parametrize("key_heads", [4, 2, 1])
@pytest.mark.parametrize("causal", [0, 1])
def test_heads(judge, draw, key_heads, causal):
    judge.check(
        "Attention", operands(draw, key_heads), opset=23, is_causal=causal
    )


@pytest.mark.parametrize(
    "shape", [(M, N), (1, N), (H, M, N), (B, 1, M, N), (B, H, 1, N)]
)
@pytest.mark.parametrize("kind", ["float", "bool"])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("causal", [0, 1])
def test_masks(judge, draw, shape, kind, known, causal):
    mask = additive_mask(draw, *shape)
    if kind == "bool":
        mask = mask > 0
    rest = {"opset": 24, "is_causal": causal}
    inputs = operands(draw)
    # The evaluator of the onnx package does not broadcast causal masks.
    whole = numpy.broadcast_to(mask, (B, H, M, N)).copy()
    model = make_model("Attention", [*inputs, whole], **rest)
    expected = by_evaluator(model, feeds(model, [*inputs, whole]))
    judge.check(
        "Attention",
        [*inputs, mask],
        constants=[3] if known else [],
        expected=expected,
        **rest,
    )


def test_row_that_sees_nothing_is_zero(judge, draw):
    mask = numpy.ones((M, N), bool)
    mask[1] = False
    for known in ([], [3]):
        (y,) = judge.check(
            "Attention", [*operands(draw), mask], opset=23, constants=known
        )
        assert not y[:, :, 1].any() and y[:, :, 0].all()


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
@pytest.mark.parametrize("softcap", [0.0, 1.5])
def test_scores(judge, draw, mode, softcap):
    inputs = [*operands(draw), draw(M, N + 2), draw(B, H, 2, D), draw(B, H, 2, E)]
    if mode == 0 and softcap:
        return  # the evaluator shows capped scores in mode 0
    judge.check(
        "Attention",
        inputs,
        opset=24,
        outputs=4,
        softcap=softcap,
        qk_matmul_output_mode=mode,
        is_causal=1,
    )


@pytest.mark.parametrize("left, right", [(2, 0), (1, 1), (-1, 0), (0, -1)])
def test_windows(judge, draw, left, right):
    judge.check(
        "Attention",
        operands(draw),
        opset=25,
        left_window_size=left,
        right_window_size=right,
    )


def test_three_dimensions(judge, draw):
    judge.check(
        "Attention",
        [draw(B, M, H * D), draw(B, N, 2 * D), draw(B, N, 2 * E)],
        opset=23,
        q_num_heads=H,
        kv_num_heads=2,
        scale=0.3,
    )


def test_lengths_outside(judge, draw):
    inputs = [*operands(draw), None, None, None, numpy.array([3, 5])]
    judge.check("Attention", inputs, opset=24, is_causal=1)


@pytest.mark.parametrize(
    "attributes, text",
    [
        ({}, "q_num_heads is 0, expected a divisor of 32"),
        (
            {"q_num_heads": 4, "kv_num_heads": 3},
            "kv_num_heads is 3, expected a divisor of 16",
        ),
        (
            {"q_num_heads": 1, "kv_num_heads": 2},
            "number of key heads is 2, expected a divisor of 1",
        ),
    ],
)
def test_refusals(judge, draw, attributes, text):
    inputs = [draw(B, M, H * D), draw(B, N, 2 * D), draw(B, N, 2 * E)]
    assert text in judge.reason("Attention", inputs, opset=23, **attributes)


@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("size", [0, 4])
@pytest.mark.parametrize("positions", [False, True])
def test_rotary_embedding(judge, draw, interleaved, size, positions):
    half = (size or D) // 2
    inputs = [draw(B, H, M, D)]
    if positions:
        inputs += [draw(9, half), draw(9, half)]
        inputs.append(numpy.array([[0, 3, 8], [1, 1, 2]]))
    else:
        inputs += [draw(B, M, half), draw(B, M, half)]
    judge.check(
        "RotaryEmbedding",
        inputs,
        opset=23,
        interleaved=interleaved,
        rotary_embedding_dim=size,
    )


def test_rotary_embedding_refuses(judge, draw):
    inputs = [draw(B, H, M, D), draw(B, M, 3), draw(B, M, 3)]
    reason = judge.reason("RotaryEmbedding", inputs, opset=23)
    assert "last dimension of a cache is 3, expected 4" in reason
