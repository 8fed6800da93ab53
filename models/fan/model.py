# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""FAN: stacked hourglasses of hierarchical multi-scale blocks for facial
landmarks (Bulat & Tzimiropoulos, ICCV 2017, arXiv:1703.07332), the backbone of
subpixel heatmap regression (arXiv:2111.02360). Pooling averages, as the
deployed weights expect."""

import torch
from torch import nn
from torch.nn import functional

from models.fan import decode
from models.model import Input, Model, image

WIDTH = 256
LEVELS = 4
LANDMARKS = 68


def normalised(inputs, outputs, size):
    """BN, ReLU, then a convolution without bias."""
    return nn.Sequential(
        nn.BatchNorm2d(inputs),
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False),
    )


class Block(nn.Module):
    """Three convolutions in a chain whose results are all kept:
    (B, inputs, H, W) -> (B, outputs, H, W)."""

    def __init__(self, inputs, outputs):
        super().__init__()
        widths = inputs, outputs // 2, outputs // 4, outputs // 4
        self.steps = nn.ModuleList(
            normalised(i, o, 3) for i, o in zip(widths, widths[1:])
        )
        self.shortcut = nn.Identity()
        if inputs != outputs:
            self.shortcut = normalised(inputs, outputs, 1)

    def forward(self, x):
        parts, part = [], x
        for step in self.steps:
            part = step(part)
            parts.append(part)
        return torch.cat(parts, dim=1) + self.shortcut(x)


class Hourglass(nn.Module):
    """(B, width, H, W) to the same; H and W are multiples of 2^levels."""

    def __init__(self, levels, width):
        super().__init__()
        self.skip = Block(width, width)
        self.down = Block(width, width)
        self.inner = (
            Hourglass(levels - 1, width) if levels > 1 else Block(width, width)
        )
        self.up = Block(width, width)

    def forward(self, x):
        low = self.down(functional.avg_pool2d(x, 2))
        low = self.up(self.inner(low))
        return self.skip(x) + functional.interpolate(low, scale_factor=2.0)


class Stack(nn.Module):
    """One hourglass with its heatmaps; all but the last also return what the
    next one reads."""

    def __init__(self, last, width, levels, landmarks):
        super().__init__()
        self.hourglass = Hourglass(levels, width)
        self.top = Block(width, width)
        self.mix = nn.Conv2d(width, width, 1)
        self.norm = nn.BatchNorm2d(width)
        self.heatmaps = nn.Conv2d(width, landmarks, 1)
        self.last = last
        if not last:
            self.merge = nn.Conv2d(width, width, 1)
            self.merge_heatmaps = nn.Conv2d(landmarks, width, 1)

    def forward(self, x):
        top = self.top(self.hourglass(x))
        top = functional.relu(self.norm(self.mix(top)))
        heatmaps = self.heatmaps(top)
        if self.last:
            return heatmaps
        return x + self.merge(top) + self.merge_heatmaps(heatmaps)


class Fan(nn.Module):
    """(B, 3, H, W) -> the last heatmaps (B, landmarks, H / 4, W / 4)."""

    def __init__(self, stacks, width=WIDTH, levels=LEVELS, landmarks=LANDMARKS):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width // 4, 7, stride=2, padding=3),
            nn.BatchNorm2d(width // 4),
            nn.ReLU(),
            Block(width // 4, width // 2),
            nn.AvgPool2d(2),
            Block(width // 2, width // 2),
            Block(width // 2, width),
        )
        self.stacks = nn.Sequential(
            *(
                Stack(index == stacks - 1, width, levels, landmarks)
                for index in range(stacks)
            )
        )

    def forward(self, x):
        return self.stacks(self.stem(x))


def fan(stacks, params, gmacs, extra=False):
    return Model(
        f"fan{stacks}",
        lambda: Fan(stacks),
        params,
        gmacs,
        image(256),
        ("heatmaps",),
        extra,
    )


def landmarks(stacks, params, gmacs, extra=False):
    """A net with the decode of subpixel heatmap regression."""
    return Model(
        f"fan{stacks}_landmarks",
        lambda: decode.Landmarks(Fan(stacks), decode.LocalSoftmax()),
        params,
        gmacs,
        image(256),
        ("landmarks", "scores"),
        extra,
    )


def small():
    """Two stacks of two levels, 32 channels and 5 points."""
    return decode.Landmarks(Fan(2, 32, 2, 5), decode.LocalSoftmax())


def heatmaps(kind, build, gmacs=0.0, inputs=("heatmaps",)):
    """A decode alone."""
    shape = (1, LANDMARKS, 64, 64)
    return Model(
        f"heatmaps_{kind}",
        build,
        0,
        gmacs,
        {name: Input(shape, "heatmaps") for name in inputs},
        ("landmarks", "scores"),
    )


MODELS = [
    fan(1, 6_249_668, 8.268),
    fan(2, 12_106_504, 13.924, extra=True),
    fan(4, 23_820_176, 25.235, extra=True),
    landmarks(1, 6_249_668, 8.268),
    landmarks(2, 12_106_504, 13.924, extra=True),
    landmarks(4, 23_820_176, 25.235, extra=True),
    Model(
        "fan_small_landmarks",
        small,
        115_674,
        0.014,
        image(64),
        ("landmarks", "scores"),
    ),
    heatmaps("argmax", decode.Argmax),
    heatmaps("quarter", decode.QuarterPixel),
    heatmaps("softmax", decode.LocalSoftmax),
    heatmaps("unfold", decode.UnfoldedSoftmax),
    heatmaps("dark", decode.Dark, 0.034),
    heatmaps(
        "flip",
        lambda: decode.FlipMerged(decode.LocalSoftmax()),
        inputs=("heatmaps", "of_mirrored"),
    ),
]
