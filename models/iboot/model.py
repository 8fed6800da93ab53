# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from torchvision.models.video import r3d_18

from models.iboot.basic import r2plus1d_small, r3d_small
from models.iboot.net import slow_resnet50, slow_small, slow_small_windows
from models.model import Input, Model


def clip(frames, size):
    """The input of a video classifier at batch 1."""
    return {"input": Input((1, 3, frames, size, size))}


MODELS = [
    Model("r3d_18", r3d_18, 33_371_472, 40.697, clip(16, 112), extra=True),
    Model("slow_r50", slow_resnet50, 32_454_096, 41.741, clip(8, 224), extra=True),
    Model("r3d_small", r3d_small, 63_680, 0.060, clip(4, 48)),
    Model("r2plus1d_small", r2plus1d_small, 59_049, 0.051, clip(4, 48)),
    Model("slow_small", slow_small, 596_512, 0.046, clip(4, 64)),
    Model("slow_small_windows", slow_small_windows, 596_512, 0.102, clip(4, 96)),
]
