# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Losses."""

import numpy
import pytest


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("ignored", [None, 1, -100])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("space", [(), (4,), (2, 3)])
def test_loss(judge, draw, reduction, ignored, weighted, space):
    labels = (numpy.abs(draw(3, *space)) * 9).astype(numpy.int64) % 5
    attributes = {"reduction": reduction}
    if ignored is not None:
        labels.flat[0] = ignored
        attributes["ignore_index"] = ignored
    inputs = [draw(3, 5, *space), labels]
    if weighted:
        inputs.append(numpy.abs(draw(5)))
    judge.check("NegativeLogLikelihoodLoss", inputs, opset=13, **attributes)
    judge.check(
        "SoftmaxCrossEntropyLoss", inputs, opset=13, outputs=2, **attributes
    )


def test_refusals(judge, draw):
    inputs = [draw(3, 5), numpy.zeros(4, numpy.int64)]
    reason = judge.reason("SoftmaxCrossEntropyLoss", inputs, opset=13)
    assert "shape of the labels is [4], expected [3]" in reason
