# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks of images that mix tokens by shifts alone: ShiftViT (Wang et al.,
AAAI 2022, arXiv:2201.10801), AS-MLP (Lian et al., ICLR 2022, arXiv:2107.08391)
and S2-MLPv2 (Yu et al., arXiv:2108.01072)."""

import math

import torch
from torch import nn

from models.shift.shifts import Shift, directions


def pointwise(inputs, outputs, bias=True):
    return nn.Conv2d(inputs, outputs, 1, bias=bias)


def norm(channels):
    return nn.GroupNorm(1, channels)


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.layers(x)


def feed_forward(channels, ratio):
    """GroupNorm over all channels, two pointwise layers, residual."""
    return Residual(
        norm(channels),
        pointwise(channels, ratio * channels),
        nn.GELU(),
        pointwise(ratio * channels, channels),
    )


def head(channels, classes):
    return nn.Sequential(
        norm(channels),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(channels, classes),
    )


def stem(channels):
    return nn.Sequential(nn.Conv2d(3, channels, 4, 4), norm(channels))


def four_ways(channels, part):
    moves = [{3: 1}, {3: -1}, {2: 1}, {2: -1}]
    return directions(channels, channels // part, moves)


def shift_vit(
    depths,
    ratio,
    channels=96,
    part=12,
    classes=1000,
    shifted=True,
    spelling="assign",
):
    """(B, 3, H, W) to (B, classes). Shifts act on the residual stream."""
    layers = list(stem(channels))
    for stage, depth in enumerate(depths):
        if stage:
            layers += [
                norm(channels),
                nn.Conv2d(channels, 2 * channels, 2, 2, bias=False),
            ]
            channels *= 2
        for _ in range(depth):
            if shifted:
                groups = four_ways(channels, part)
                layers.append(Shift(groups, spelling=spelling))
            layers.append(feed_forward(channels, ratio))
    return nn.Sequential(*layers, head(channels, classes))


class AxialShift(nn.Module):
    """(B, C, H, W) along one axis: chunk j of the channels by j - size/2."""

    def __init__(self, axis, size, spelling):
        super().__init__()
        self.axis, self.size, self.spelling = axis, size, spelling

    def groups(self, channels):
        width = math.ceil(channels / self.size)
        return [
            (
                j * width,
                min((j + 1) * width, channels),
                {self.axis: -(j - self.size // 2)} if j != self.size // 2 else {},
            )
            for j in range(math.ceil(channels / width))
        ]

    def forward(self, x):
        if self.spelling != "roll":
            shift = Shift(self.groups(x.shape[1]), spelling=self.spelling)
            return shift(x)
        margin = self.size // 2
        pad = (margin, margin, 0, 0) if self.axis == 3 else (0, 0, margin, margin)
        parts = nn.functional.pad(x, pad).chunk(self.size, dim=1)
        parts = [
            part.roll(j - margin, dims=self.axis)
            for j, part in enumerate(parts)
        ]
        x_size = x.shape[self.axis]
        return torch.cat(parts, dim=1).narrow(self.axis, margin, x_size)


class AxialMixer(nn.Module):
    def __init__(self, channels, size, shifted, spelling):
        super().__init__()
        self.before = nn.Sequential(
            norm(channels),
            pointwise(channels, channels),
            norm(channels),
            nn.GELU(),
        )
        self.branches = nn.ModuleList(
            nn.Sequential(
                AxialShift(axis, size, spelling) if shifted else nn.Identity(),
                pointwise(channels, channels),
                nn.GELU(),
            )
            for axis in (3, 2)
        )
        self.after = nn.Sequential(
            norm(channels), pointwise(channels, channels)
        )

    def forward(self, x):
        x = self.before(x)
        along_rows, along_columns = self.branches
        return self.after(along_rows(x) + along_columns(x))


class Merge(nn.Module):
    """Quarters of 2x2 pixels become channels, halved by a product."""

    def __init__(self, channels):
        super().__init__()
        self.norm = norm(4 * channels)
        self.reduce = pointwise(4 * channels, 2 * channels, bias=False)

    def forward(self, x):
        quarters = [x[:, :, i::2, j::2] for j in (0, 1) for i in (0, 1)]
        return self.reduce(self.norm(torch.cat(quarters, dim=1)))


def as_mlp(
    depths=(2, 2, 6, 2),
    channels=96,
    size=5,
    classes=1000,
    shifted=True,
    spelling="roll",
):
    """(B, 3, H, W) to (B, classes)."""
    layers = list(stem(channels))
    for stage, depth in enumerate(depths):
        if stage:
            layers.append(Merge(channels))
            channels *= 2
        for _ in range(depth):
            mixer = AxialMixer(channels, size, shifted, spelling)
            layers += [Residual(mixer), feed_forward(channels, 4)]
    return nn.Sequential(*layers, head(channels, classes))


class SplitAttention(nn.Module):
    """(B, H, W, C) of three parts, summed by weights for each channel."""

    def __init__(self, channels):
        super().__init__()
        self.weigh = nn.Sequential(
            nn.Linear(channels, channels, bias=False),
            nn.GELU(),
            nn.Linear(channels, 3 * channels, bias=False),
        )

    def forward(self, parts):
        x = torch.stack(parts, dim=1)
        batch, count, _, _, channels = x.shape
        weights = self.weigh(x.sum(dim=(1, 2, 3)))
        weights = weights.view(batch, count, channels).softmax(dim=1)
        return (x * weights[:, :, None, None]).sum(dim=1)


class SpatialMixer(nn.Module):
    """(B, H, W, C): a third of the expanded channels moved by quarters, a
    third with the axes exchanged, a third not; borders keep their values."""

    def __init__(self, channels, shifted, spelling):
        super().__init__()
        self.expand = nn.Linear(channels, 3 * channels)
        moves = [{1: -1}, {1: 1}, {2: -1}, {2: 1}]
        quarter = channels // 4
        self.shifts = nn.ModuleList(
            Shift(directions(channels, quarter, order), 3, "keep", spelling)
            if shifted
            else nn.Identity()
            for order in (moves, moves[2:] + moves[:2])
        )
        self.attend = SplitAttention(channels)
        self.project = nn.Linear(channels, channels)

    def forward(self, x):
        one, two, three = self.expand(x).chunk(3, dim=-1)
        one, two = self.shifts[0](one), self.shifts[1](two)
        return self.project(self.attend((one, two, three)))


class Transposed(nn.Module):
    """A convolution of (B, H, W, C)."""

    def __init__(self, *arguments):
        super().__init__()
        self.convolution = nn.Conv2d(*arguments)

    def forward(self, x):
        return self.convolution(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class S2Mlp(nn.Module):
    """(B, 3, H, W) to (B, classes), in two resolutions."""

    def __init__(
        self,
        depths=(4, 14),
        channels=(192, 384),
        patch=7,
        classes=1000,
        shifted=True,
        spelling="assign",
    ):
        super().__init__()
        layers, inputs, size = [], 3, patch
        for depth, width in zip(depths, channels):
            convolution = nn.Conv2d if inputs == 3 else Transposed
            layers.append(convolution(inputs, width, size, size))
            for _ in range(depth):
                mixer = SpatialMixer(width, shifted, spelling)
                layers += [
                    Residual(nn.LayerNorm(width), mixer),
                    Residual(
                        nn.LayerNorm(width),
                        nn.Linear(width, 3 * width),
                        nn.GELU(),
                        nn.Linear(3 * width, width),
                    ),
                ]
            inputs, size = width, 2
        self.patches, self.layers = layers[0], nn.Sequential(*layers[1:])
        self.norm = nn.LayerNorm(inputs)
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.layers(self.patches(x).permute(0, 2, 3, 1))
        return self.classifier(self.norm(x).mean(dim=(1, 2)))
