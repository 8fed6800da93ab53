# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import functools
import pathlib

import torch

from models.lasp.net import Lasp
from models.model import Model, image

FOLDER = pathlib.Path(__file__).parent
CONTEXTS = 4
JOINT = 512
VISION = {"size": 224, "patch": 16, "width": 768, "layers": 12, "heads": 12}
TEXT = {"vocabulary": 49_408, "width": 512, "layers": 12, "heads": 8}
SMALL_VISION = {"size": 32, "patch": 16, "width": 64, "layers": 2, "heads": 1}
SMALL_TEXT = {"vocabulary": 64, "width": 64, "layers": 2, "heads": 1}


def read_classes(path):
    """One name a line."""
    return path.read_text().splitlines()


def tokens_of(names):
    """(classes, 77) ids of 'a photo of a NAME.', by CLIP's own merges."""
    import open_clip

    tokenize = open_clip.get_tokenizer("ViT-B-16")
    return tokenize([f"a photo of a {name.replace('_', ' ')}." for name in names])


def vit_b16(names):
    return Lasp(tokens_of(names), CONTEXTS, VISION, TEXT, JOINT)


def from_file(name):
    return lambda: vit_b16(read_classes(FOLDER / name))


def small_tokens(count, tokens=16, end=63):
    """Prompts of 7 tokens and more: start, context, name, dot, end."""
    generator = torch.Generator().manual_seed(5)
    ids = torch.zeros(count, tokens, dtype=torch.int64)
    for i, row in enumerate(ids):
        length = 7 + i % 5
        row[: length - 1] = torch.randint(1, 60, (length - 1,), generator=generator)
        row[0], row[length - 2], row[length - 1] = 62, 61, end
        row[1:3] = 1
    return ids


def small(count):
    """Every mechanism of the real one, for any target."""
    return Lasp(small_tokens(count), 2, SMALL_VISION, SMALL_TEXT, 64)


def real(name, file, gmacs):
    build = from_file(file)
    return Model(name, build, 149_623_297, gmacs, image(), extra=True)


MODELS = [
    Model("lasp_small", functools.partial(small, 5), 263_361, 0.009, image(32)),
    Model(
        "lasp_small_80", functools.partial(small, 80), 263_361, 0.132, image(32)
    ),
    real("lasp_vit_b16_20", "voc20.txt", 77.159),
    real("lasp_vit_b16_101", "food101.txt", 318.520),
]
