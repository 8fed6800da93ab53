# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""All models, by name: every folder of models/ that has a model.py."""

import dataclasses
import importlib
import pathlib


def all_models():
    """Returns {name: Model} in the order of the folders' names."""
    models = {}
    for path in sorted(pathlib.Path(__file__).parent.glob("*/model.py")):
        module = importlib.import_module(f"models.{path.parent.name}.model")
        for model in module.MODELS:
            if model.name in models:
                raise ValueError(f"model {model.name} is defined twice")
            models[model.name] = dataclasses.replace(
                model, family=path.parent.name
            )
    return models
