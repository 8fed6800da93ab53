# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""LSTM, GRU, RNN and the newer recurrences."""

import numpy
import pytest

from test.frontends.onnx.judge import by_onnxruntime

T, B, I, H = 4, 3, 5, 2
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def operands(draw, op, directions, lengths=None, peepholes=False):
    gates = GATES[op]
    inputs = [
        draw(T, B, I),
        draw(directions, gates * H, I),
        draw(directions, gates * H, H),
        draw(directions, 2 * gates * H),
        None if lengths is None else numpy.array(lengths, numpy.int32),
        draw(directions, B, H),
    ]
    if op == "LSTM":
        inputs.append(draw(directions, B, H))
        inputs.append(draw(directions, 3 * H) if peepholes else None)
    return inputs


def check(judge, op, inputs, **attributes):
    judge.check(
        op,
        inputs,
        opset=14,
        outputs=3 if op == "LSTM" else 2,
        hidden_size=H,
        by=by_onnxruntime,
        **attributes,
    )


@pytest.mark.parametrize("op", GATES)
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("lengths", [None, [4, 1, 3]])
@pytest.mark.parametrize("known", [False, True])
def test_directions_and_lengths(judge, draw, op, direction, lengths, known):
    directions = 2 if direction == "bidirectional" else 1
    inputs = operands(draw, op, directions, lengths)
    constants = [4] if known and lengths else []
    check(judge, op, inputs, direction=direction, constants=constants)


@pytest.mark.parametrize("op", GATES)
def test_without_optional_inputs(judge, draw, op):
    check(judge, op, operands(draw, op, 1)[:3])


@pytest.mark.parametrize("op", GATES)
def test_clip(judge, draw, op):
    check(judge, op, operands(draw, op, 1), clip=0.4)


def test_activations(judge, draw):
    check(
        judge,
        "LSTM",
        operands(draw, "LSTM", 1),
        activations=["HardSigmoid", "Elu", "LeakyRelu"],
        activation_alpha=[0.3, 0.9, 0.05],
        activation_beta=[0.4],
    )
    check(
        judge,
        "RNN",
        operands(draw, "RNN", 2),
        direction="bidirectional",
        activations=["Affine", "ScaledTanh"],
        activation_alpha=[0.3, 0.9],
        activation_beta=[0.4, 0.7],
    )


@pytest.mark.parametrize("couples", [0, 1])
def test_peepholes(judge, draw, couples):
    inputs = operands(draw, "LSTM", 2, peepholes=True)
    check(
        judge, "LSTM", inputs, direction="bidirectional", input_forget=couples
    )


@pytest.mark.parametrize("last", [0, 1])
def test_reset_of_gru(judge, draw, last):
    check(judge, "GRU", operands(draw, "GRU", 1), linear_before_reset=last)


@pytest.mark.parametrize("op", GATES)
def test_batch_first(judge, draw, op):
    inputs = operands(draw, op, 1)
    for i in (0, 5, 6):
        if i < len(inputs):
            inputs[i] = inputs[i].swapaxes(0, 1).copy()
    judge.check(op, inputs, opset=14, outputs=2, hidden_size=H, layout=1)


@pytest.mark.parametrize(
    "attributes, text",
    [
        ({"direction": "both"}, "direction is both, expected forward, reverse"),
        ({"hidden_size": 3}, "shape of W is [1, 8, 5], expected [1, 12, 5]"),
        ({"activations": ["Tanh"]}, "number of activations is 1, expected 3"),
        (
            {"activations": ["Sin", "Tanh", "Tanh"]},
            "an activation is sin, expected one of",
        ),
    ],
)
def test_refusals(judge, draw, attributes, text):
    inputs = operands(draw, "LSTM", 1)
    assert text in judge.reason("LSTM", inputs, opset=14, **attributes)


def test_long_sequences_are_refused(judge, draw):
    inputs = [draw(1025, 1, 1), draw(1, H, 1), draw(1, H, H)]
    reason = judge.reason("RNN", inputs, opset=14, hidden_size=H)
    assert "number of steps is 1025, expected 1 to 1024" in reason
