# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import functools

from models.gsf.net import GsfResNet
from models.model import Input, Model


def frames_of(frames, size=224):
    return {"input": Input((1, 3 * frames, size, size))}


def small(**options):
    """4 frames, few channels."""
    return functools.partial(
        GsfResNet, 4, depths=(1, 1), width=16, classes=10, **options
    )


MODELS = [
    Model(
        "gsf_resnet50_8f",
        functools.partial(GsfResNet, 8),
        23_974_702,
        32.999,
        frames_of(8),
        extra=True,
    ),
    Model(
        "gsf_resnet50_16f",
        functools.partial(GsfResNet, 16),
        23_974_702,
        65.997,
        frames_of(16),
        extra=True,
    ),
    Model("gsf_small", small(), 34_266, 0.013, frames_of(4, 48)),
    Model("gsf_small_all", small(percent=100), 38_442, 0.014, frames_of(4, 48)),
    Model(
        "gsm_small", small(percent=100, fuse=False), 38_366, 0.014, frames_of(4, 48)
    ),
]
