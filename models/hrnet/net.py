# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""HRNetV2 for facial landmarks: branches of several resolutions side by side
that exchange what they find (Wang et al., TPAMI 2020, arXiv:1908.07919)."""

import torch
from torch import nn
from torch.nn import functional


def normalised(inputs, outputs, size, stride=1, relu=True):
    """A convolution without bias, BN and, unless told not to, ReLU."""
    layers = [
        nn.Conv2d(
            inputs, outputs, size, stride, padding=size // 2, bias=False
        ),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([nn.ReLU()] if relu else []))


class Basic(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(
            normalised(width, width, 3), normalised(width, width, 3, relu=False)
        )

    def forward(self, x):
        return functional.relu(x + self.body(x))


class Bottleneck(nn.Module):
    """A 3x3 convolution between two 1x1 ones, four times as wide outside."""

    def __init__(self, inputs, width):
        super().__init__()
        outputs = 4 * width
        self.body = nn.Sequential(
            normalised(inputs, width, 1),
            normalised(width, width, 3),
            normalised(width, outputs, 1, relu=False),
        )
        self.shortcut = nn.Identity()
        if inputs != outputs:
            self.shortcut = normalised(inputs, outputs, 1, relu=False)

    def forward(self, x):
        return functional.relu(self.body(x) + self.shortcut(x))


def down(widths, source, target):
    """From a branch to a smaller one: strided convolutions, the last of which
    changes the width and has no ReLU."""
    steps = [
        normalised(widths[source], widths[source], 3, stride=2)
        for _ in range(target - source - 1)
    ]
    last = normalised(widths[source], widths[target], 3, stride=2, relu=False)
    return nn.Sequential(*steps, last)


class Fuse(nn.Module):
    """Each branch becomes the sum of all, brought to its size and width."""

    def __init__(self, widths):
        super().__init__()
        self.paths = nn.ModuleList(
            nn.ModuleList(
                nn.Identity()
                if source == target
                else down(widths, source, target)
                if source < target
                else normalised(widths[source], widths[target], 1, relu=False)
                for source in range(len(widths))
            )
            for target in range(len(widths))
        )

    def forward(self, branches):
        return [
            functional.relu(
                sum(
                    enlarged(path(x), like)
                    for path, x in zip(paths, branches)
                )
            )
            for paths, like in zip(self.paths, branches)
        ]


def enlarged(x, like):
    """At the size of `like`, bilinearly."""
    size = like.shape[2:]
    if x.shape[2:] == size:
        return x
    return functional.interpolate(
        x, size, mode="bilinear", align_corners=False
    )


class Exchange(nn.Module):
    """Four blocks in each branch, then their exchange."""

    def __init__(self, widths):
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*(Basic(width) for _ in range(4))) for width in widths
        )
        self.fuse = Fuse(widths)

    def forward(self, branches):
        return self.fuse([f(x) for f, x in zip(self.branches, branches)])


class Stage(nn.Module):
    """One more branch than before, made of the smallest; then exchanges."""

    def __init__(self, before, widths, exchanges):
        super().__init__()
        # Of equal widths the branch goes on as it is.
        self.same = nn.ModuleList(
            nn.Identity() if old == new else normalised(old, new, 3)
            for old, new in zip(before, widths)
        )
        self.next = normalised(before[-1], widths[-1], 3, stride=2)
        self.exchanges = nn.Sequential(
            *(Exchange(widths) for _ in range(exchanges))
        )

    def forward(self, branches):
        smallest = self.next(branches[-1])
        branches = [f(x) for f, x in zip(self.same, branches)]
        return self.exchanges([*branches, smallest])


class HrNet(nn.Module):
    """(B, 3, H, W) -> heatmaps (B, points, H / 4, W / 4).

    width: channels of the largest branch, the others have 2, 4 and 8 times as
    many; exchanges: how many there are in stages 2, 3 and 4.
    """

    def __init__(self, width=18, points=68, stem=64, exchanges=(1, 4, 3)):
        super().__init__()
        self.stem = nn.Sequential(
            normalised(3, stem, 3, stride=2), normalised(stem, stem, 3, stride=2)
        )
        self.first = nn.Sequential(
            Bottleneck(stem, stem),
            *(Bottleneck(4 * stem, stem) for _ in range(3)),
        )
        stages, before = [], [4 * stem]
        for index, count in enumerate(exchanges):
            widths = [width << i for i in range(index + 2)]
            stages.append(Stage(before, widths, count))
            before = widths
        self.stages = nn.Sequential(*stages)
        total = sum(before)
        self.head = nn.Sequential(
            nn.Conv2d(total, total, 1),
            nn.BatchNorm2d(total),
            nn.ReLU(),
            nn.Conv2d(total, points, 1),
        )

    def forward(self, x):
        branches = self.stages([self.first(self.stem(x))])
        same = [enlarged(branch, branches[0]) for branch in branches]
        return self.head(torch.cat(same, dim=1))
