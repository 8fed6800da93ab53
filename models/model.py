# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The description of a model that models/ can build and export."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Input:
    """A graph input: its static shape and how its values are drawn.

    kind: 'image' for float32 pictures or clips, normalised, channels first;
    'heatmaps' for maps with one peak each, 'tokens' for int64 token ids, see
    models/randomise.py.
    """

    shape: tuple[int, ...]
    kind: str = "image"


@dataclasses.dataclass(frozen=True)
class Model:
    """One model: `build()` returns the torch module with its own init.

    params and gmacs are what the definition must count to (gmacs to three
    digits); `scripts/test` exports and runs all models but the extra ones,
    `scripts/test --all` those too. family is the folder's name, set by the registry.
    """

    name: str
    build: Callable
    params: int
    gmacs: float
    inputs: dict[str, Input]
    outputs: tuple[str, ...] = ("output",)
    extra: bool = False
    family: str = ""


def image(size=224):
    """The input of an image classifier at batch 1."""
    return {"input": Input((1, 3, size, size))}
