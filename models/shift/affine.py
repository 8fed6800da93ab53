# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Affine-Shift networks of images and clips. The networks of Bulat et al.
(arXiv:2208.11108) are not public: this is a family of what their abstract
tells, a shift of groups of channels with a scale that the data decides and a
bias, in a pyramid of pre-norm blocks."""

import torch
from torch import nn

from models.shift.shifts import Shift, directions

MOVES = [{1: 1}, {1: -1}, {2: 1}, {2: -1}, {3: 1}, {3: -1}]


class LastChannels(nn.Module):
    """A layer of (B, C, ...) applied to (B, ..., C)."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        x = self.layer(x.permute(0, 4, 1, 2, 3))
        return x.permute(0, 2, 3, 4, 1)


def make_norm(kind, channels):
    if kind == "layer":
        return nn.LayerNorm(channels)
    if kind == "group":
        return LastChannels(nn.GroupNorm(1, channels))
    return LastChannels(nn.BatchNorm3d(channels))


class AffineShift(nn.Module):
    """(B, T, H, W, C) to the same.

    position: shift 'after' or 'before' the values' product; scale: 'dynamic',
    'static' or 'none'; bias: 'window' (depthwise), 'static' or 'none'."""

    def __init__(
        self,
        channels,
        frames,
        part=8,
        rule="zero",
        position="after",
        scale="dynamic",
        bias="window",
        shifted=True,
        spelling="concatenate",
    ):
        super().__init__()
        moves = MOVES if frames > 1 else MOVES[2:]
        groups = directions(channels, channels // part, moves)
        self.shift = nn.Identity()
        if shifted:
            self.shift = Shift(groups, 4, rule, spelling)
        self.position = position
        self.value = nn.Linear(channels, channels)
        self.output = nn.Linear(channels, channels)
        self.scale = scale
        if scale == "dynamic":
            self.weigh = nn.Sequential(
                nn.Linear(channels, channels // 4),
                nn.GELU(),
                nn.Linear(channels // 4, channels),
                nn.Sigmoid(),
            )
        elif scale == "static":
            self.static_scale = nn.Parameter(torch.ones(channels))
        self.bias = None
        if bias == "static":
            self.bias = nn.Parameter(torch.zeros(channels))
        elif bias == "window":
            size = (3 if frames > 1 else 1, 3, 3)
            pad = tuple(k // 2 for k in size)
            self.window = LastChannels(
                nn.Conv3d(
                    channels, channels, size, padding=pad, groups=channels
                )
            )
        self.has_window = bias == "window"

    def forward(self, x):
        if self.position == "before":
            moved = values = self.value(self.shift(x))
        else:
            values = self.value(x)
            moved = self.shift(values)
        if self.scale == "dynamic":
            weights = self.weigh(moved.mean(dim=(1, 2, 3)))
            moved = moved * weights[:, None, None, None]
        elif self.scale == "static":
            moved = moved * self.static_scale
        if self.has_window:
            moved = moved + self.window(values)
        elif self.bias is not None:
            moved = moved + self.bias
        return self.output(moved)


class Block(nn.Module):
    def __init__(self, channels, frames, kind, **options):
        super().__init__()
        self.norm = make_norm(kind, channels)
        self.mixer = AffineShift(channels, frames, **options)
        self.feed_forward = nn.Sequential(
            make_norm(kind, channels),
            nn.Linear(channels, 4 * channels),
            nn.GELU(),
            nn.Linear(4 * channels, channels),
        )

    def forward(self, x):
        x = x + self.mixer(self.norm(x))
        return x + self.feed_forward(x)


class Merge(nn.Module):
    """Pixels of 2x2 in one, twice as many channels."""

    def __init__(self, channels):
        super().__init__()
        self.reduce = nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, x):
        batch, frames, height, width, channels = x.shape
        x = x.reshape(
            batch, frames, height // 2, 2, width // 2, 2, channels
        )
        x = x.transpose(3, 4).flatten(4)
        return self.reduce(x)


class AffineShiftNet(nn.Module):
    """(B, 3*frames, H, W) to (B, classes), the mean over all positions."""

    def __init__(
        self,
        channels,
        depths=(2, 2, 6, 2),
        frames=1,
        classes=1000,
        kind="layer",
        **options,
    ):
        super().__init__()
        self.frames = frames
        self.patches = nn.Conv2d(3, channels, 4, 4)
        layers = []
        for stage, depth in enumerate(depths):
            if stage:
                layers.append(Merge(channels))
                channels *= 2
            layers += [
                Block(channels, frames, kind, **options) for _ in range(depth)
            ]
        self.layers = nn.Sequential(*layers)
        self.norm = make_norm(kind, channels)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.patches(x.reshape(-1, 3, *x.shape[-2:]))
        x = x.reshape(-1, self.frames, *x.shape[1:])
        x = x.permute(0, 1, 3, 4, 2)
        x = self.norm(self.layers(x))
        return self.classifier(x.mean(dim=(1, 2, 3)))
