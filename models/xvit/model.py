# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import functools

from models.model import Input, Model
from models.xvit.net import XViT

VERBS_AND_NOUNS = (97, 300)


def clip(frames, size=224):
    return {"input": Input((1, 3, frames, size, size))}


def small(classes=(10,), **options):
    """Three heads of 8, cut within heads by the shift."""
    return functools.partial(
        XViT,
        size=48,
        channels=24,
        heads=3,
        depth=2,
        classes=classes,
        **options,
    )


def base(frames, segment, div, classes=(174,)):
    return functools.partial(XViT, frames, segment, div, classes=classes)


MODELS = [
    Model("xvit_b16_8f", base(8, 8, 4), 93_617_070, 140.569, clip(8), extra=True),
    Model("xvit_b16_8f_div8", base(8, 8, 8), 93_617_070, 140.569, clip(8), extra=True),
    Model("xvit_b16_16f", base(16, 16, 4), 93_617_070, 281.131, clip(16), extra=True),
    Model(
        "xvit_small", small(frames=8, segment=8, div=4), 41_482, 0.003, clip(8, 48)
    ),
    Model(
        "xvit_small_16f",
        small(frames=16, segment=8, div=8, classes=(5, 7)),
        41_532,
        0.005,
        clip(16, 48),
        outputs=("verbs", "nouns"),
    ),
]
