# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The counts that models/ states, and that its randomisation holds."""

import pathlib

import pytest
import torch

from models.counting import gmacs, parameters
from models.randomise import draw_inputs, randomise
from models.registry import all_models

MODELS = all_models()
FOLDER = pathlib.Path(__file__).parents[2] / "models"


@pytest.mark.parametrize("name", MODELS)
def test_counts(name):
    model = MODELS[name]
    module = model.build()
    inputs = draw_inputs(model, 1)
    assert parameters(module) == model.params
    assert gmacs(module, inputs.values()) == pytest.approx(
        model.gmacs, abs=6e-4
    )


@pytest.mark.parametrize("name", MODELS)
def test_readme_states_the_counts(name):
    model = MODELS[name]
    readme = (FOLDER / model.family / "README.md").read_text()
    (row,) = [line for line in readme.splitlines() if f"| `{name}` |" in line]
    assert f"{model.params:,}" in row
    assert f"{model.gmacs:.3f}" in row


def test_every_parameter_matters():
    """Disturbing any one tensor of a randomised model changes its answer."""
    model = MODELS["edgevit_xxs"]
    module = model.build()
    inputs = list(draw_inputs(model, 1).values())
    randomise(module, inputs, 3)
    with torch.no_grad():
        before = module(*inputs)
        for name, tensor in module.state_dict().items():
            if not tensor.is_floating_point():
                continue
            kept = tensor.clone()
            tensor.mul_(1.5).add_(0.1)
            after = module(*inputs)
            tensor.copy_(kept)
            change = (after - before).abs().max() / before.abs().max()
            assert change > 1e-3, name
