# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""HRNetV2-W18 with heatmaps of 68 points and their decode, and a small net of
the same structure."""

from models.fan import decode
from models.hrnet.net import HrNet
from models.model import Model, image

SMALL = dict(width=8, stem=16, exchanges=(1, 1, 1))


def landmarks(name, size, params, gmacs, extra=False, **options):
    return Model(
        name,
        lambda: decode.Landmarks(HrNet(**options), decode.LocalSoftmax()),
        params,
        gmacs,
        image(size),
        ("landmarks", "scores"),
        extra,
    )


MODELS = [
    landmarks("hrnet_w18_landmarks", 256, 9_654_398, 4.660, extra=True),
    landmarks("hrnet_small_landmarks", 64, 656_876, 0.025, **SMALL),
]
