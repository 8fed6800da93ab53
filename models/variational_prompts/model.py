# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import functools

from models.lasp import model as lasp
from models.model import Input, Model
from models.variational_prompts.net import (
    ConditionalPrompts,
    VariationalPrompts,
)


def inputs(size, samples, width):
    return {
        "input": Input((1, 3, size, size)),
        "noise": Input((samples, 1, width)),
    }


def small(form, count, joint=64):
    return form(
        lasp.small_tokens(count), 2, lasp.SMALL_VISION, lasp.SMALL_TEXT, joint
    )


def vit_b16(form):
    names = lasp.read_classes(lasp.FOLDER / "voc20.txt")
    return form(
        lasp.tokens_of(names), lasp.CONTEXTS, lasp.VISION, lasp.TEXT, lasp.JOINT
    )


def published(name, form, params, gmacs, samples):
    """CLIP ViT-B/16 on PASCAL VOC's 20 classes."""
    build = functools.partial(vit_b16, form)
    drawn = inputs(224, samples, 512)
    return Model(name, build, params, gmacs, drawn, extra=True)


MODELS = [
    Model(
        "variational_small",
        functools.partial(small, VariationalPrompts, 5),
        263_425,
        0.025,
        inputs(32, 3, 64),
    ),
    Model(
        "conditional_small",
        functools.partial(small, ConditionalPrompts, 5, 16),
        258_721,
        0.025,
        inputs(32, 3, 64),
    ),
    published(
        "variational_vit_b16_20", VariationalPrompts, 149_623_809, 613.518, 10
    ),
    published(
        "variational_vit_b16_20_l20",
        VariationalPrompts,
        149_623_809,
        1209.472,
        20,
    ),
    published(
        "conditional_vit_b16_20", ConditionalPrompts, 150_280_193, 613.518, 10
    ),
]
