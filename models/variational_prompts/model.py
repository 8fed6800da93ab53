# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import functools

from models.lasp import model as lasp
from models.model import Input, Model
from models.variational_prompts.net import VariationalPrompts


def inputs(size, samples, width):
    return {
        "input": Input((1, 3, size, size)),
        "noise": Input((samples, 1, width)),
    }


def small(count):
    return VariationalPrompts(
        lasp.small_tokens(count), 2, lasp.SMALL_VISION, lasp.SMALL_TEXT, 64
    )


def vit_b16():
    names = lasp.read_classes(lasp.FOLDER / "voc20.txt")
    return VariationalPrompts(
        lasp.tokens_of(names), lasp.CONTEXTS, lasp.VISION, lasp.TEXT, lasp.JOINT
    )


MODELS = [
    Model(
        "variational_small",
        functools.partial(small, 5),
        263_425,
        0.025,
        inputs(32, 3, 64),
    ),
    Model(
        "variational_vit_b16_20",
        vit_b16,
        149_623_809,
        613.518,
        inputs(224, 10, 512),
        extra=True,
    ),
]
