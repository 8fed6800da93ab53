# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A path-aggregation neck with heads over three feature maps, in the style of
the YOLO detectors (Liu et al., CVPR 2018, arXiv:1803.01534; YOLOv5 and later).
"""

import torch
from torch import nn
from torch.nn import functional

from models.model import Input, Model


class ConvUnit(nn.Sequential):
    def __init__(self, inputs, outputs, kernel=1, stride=1):
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3),
            nn.SiLU(),
        )


class SplitStage(nn.Module):
    """Splits the channels in two halves, runs bottlenecks on one, and joins
    every intermediate."""

    def __init__(self, inputs, outputs, depth):
        super().__init__()
        half = outputs // 2
        self.enter = ConvUnit(inputs, outputs)
        self.blocks = nn.ModuleList(
            nn.Sequential(ConvUnit(half, half, 3), ConvUnit(half, half, 3))
            for _ in range(depth)
        )
        self.leave = ConvUnit((2 + depth) * half, outputs)

    def forward(self, x):
        parts = list(self.enter(x).chunk(2, dim=1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        return self.leave(torch.cat(parts, dim=1))


class Neck(nn.Module):
    """Maps at strides 8, 16 and 32 -> predictions at the same three grids:
    boxes x (4 coordinates, objectness, classes) channels."""

    def __init__(self, widths=(64, 128, 256), depth=1, boxes=3, classes=80):
        super().__init__()
        fine, middle, coarse = widths
        self.top_middle = SplitStage(coarse + middle, middle, depth)
        self.top_fine = SplitStage(middle + fine, fine, depth)
        self.down_fine = ConvUnit(fine, fine, 3, 2)
        self.out_middle = SplitStage(fine + middle, middle, depth)
        self.down_middle = ConvUnit(middle, middle, 3, 2)
        self.out_coarse = SplitStage(middle + coarse, coarse, depth)
        self.heads = nn.ModuleList(
            nn.Conv2d(width, boxes * (5 + classes), 1) for width in widths
        )

    def forward(self, fine, middle, coarse):
        def grow(x):
            return functional.interpolate(x, scale_factor=2.0, mode="nearest")

        inner = self.top_middle(torch.cat((grow(coarse), middle), dim=1))
        fine = self.top_fine(torch.cat((grow(inner), fine), dim=1))
        middle = self.out_middle(
            torch.cat((self.down_fine(fine), inner), dim=1)
        )
        coarse = self.out_coarse(
            torch.cat((self.down_middle(middle), coarse), dim=1)
        )
        maps = (fine, middle, coarse)
        return tuple(head(x) for head, x in zip(self.heads, maps))


MODELS = [
    Model(
        "yolo_neck",
        Neck,
        1_101_885,
        1.166,
        {
            "fine": Input((1, 64, 80, 80)),
            "middle": Input((1, 128, 40, 40)),
            "coarse": Input((1, 256, 20, 20)),
        },
        ("fine_out", "middle_out", "coarse_out"),
    ),
]
