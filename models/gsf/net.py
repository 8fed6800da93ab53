# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gate-Shift-Fuse for video (Sudhakaran et al., TPAMI 2023, arXiv:2203.08897)
and its forerunner GSM (CVPR 2020, arXiv:1912.00381), in residual networks of
frames. Between a block's last convolution and its norm some channels are
gated, moved to a neighbouring frame and blended with what the gate left."""

import torch
from torch import nn

EXPANSION = 4


def shift_left(x):
    """Each frame's successor, zeros for the last; x is (B, C, T, H, W)."""
    x = x.roll(-1, dims=2)
    x[:, :, -1] = 0
    return x


def shift_right(x):
    """Each frame's predecessor, zeros for the first."""
    x = x.roll(1, dims=2)
    x[:, :, 0] = 0
    return x


def interleave(x):
    """Channels (B, G, ...) from two halves in turn: 0 G/2 1 G/2+1 ..."""
    shape = x.shape
    x = x.reshape(shape[0], 2, shape[1] // 2, *shape[2:])
    return x.transpose(1, 2).reshape(shape)


class GateShiftFuse(nn.Module):
    """(B*frames, C, H, W) to the same. Acts on the first `moved` channels, a
    multiple of four; `fuse` weighs moved against kept values by channel and
    frame, without it (GSM) they are added."""

    def __init__(self, moved, frames, fuse=True):
        super().__init__()
        self.moved, self.frames = moved, frames
        self.norm = nn.BatchNorm3d(moved)
        self.gate = nn.Conv3d(moved, 2, 3, padding=1, groups=2)
        self.fuses = None
        if fuse:
            self.fuses = nn.ModuleList(
                nn.Conv2d(2, 1, 3, padding=1) for _ in range(2)
            )

    def blend(self, half, shifted, rest):
        """(B, G, T, H, W): moved and kept values of one half."""
        if self.fuses is None:
            return shifted + rest
        planes = torch.stack(
            (shifted.mean(-1).mean(-1), rest.mean(-1).mean(-1)), dim=1
        )
        weight = self.fuses[half](planes).sigmoid().squeeze(1)
        weight = weight.unsqueeze(-1).unsqueeze(-1)
        return weight * shifted + (1 - weight) * rest

    def forward(self, x):
        count, _, height, width = x.shape
        kept = x[:, self.moved :]
        x = x[:, : self.moved]
        x = x.reshape(-1, self.frames, self.moved, height, width)
        x = x.transpose(1, 2)
        gates = torch.tanh(self.gate(torch.relu(self.norm(x))))
        halves = []
        for half, shift in enumerate((shift_left, shift_right)):
            group = self.moved // 2
            part = x[:, half * group : (half + 1) * group]
            gated = gates[:, half].unsqueeze(1) * part
            z = self.blend(half, shift(gated), part - gated)
            halves.append(interleave(z))
        x = torch.cat(halves, dim=1).transpose(1, 2)
        x = x.reshape(count, self.moved, height, width)
        return torch.cat((x, kept), dim=1)


def moved_channels(channels, percent):
    """How many channels GSF acts on: rounded up to even."""
    moved = channels * percent // 100
    return moved + moved % 2


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the stride) and 1x1 convolutions, the last with GSF."""

    def __init__(self, inputs, width, stride, make_shift):
        super().__init__()
        outputs = width * EXPANSION
        self.branch = nn.Sequential(
            nn.Conv2d(inputs, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, outputs, 1, bias=False),
            make_shift(outputs),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                nn.BatchNorm2d(outputs),
            )
        self.activation = nn.ReLU()

    def forward(self, x):
        return self.activation(self.branch(x) + self.shortcut(x))


class GsfResNet(nn.Module):
    """(B, 3*frames, H, W), all channels of a frame together, to (B, classes):
    the mean of the frames' logits.

    percent of the channels move; fuse=False makes it GSM."""

    def __init__(
        self,
        frames,
        depths=(3, 4, 6, 3),
        width=64,
        classes=174,
        percent=25,
        fuse=True,
    ):
        super().__init__()
        self.frames = frames

        def make_shift(channels):
            moved = moved_channels(channels, percent)
            return GateShiftFuse(moved, frames, fuse)

        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 7, 2, padding=3, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, padding=1),
        )
        stages, inputs = [], width
        for stage, depth in enumerate(depths):
            for block in range(depth):
                stride = 2 if stage > 0 and block == 0 else 1
                stages.append(
                    Bottleneck(inputs, width << stage, stride, make_shift)
                )
                inputs = (width << stage) * EXPANSION
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, x):
        x = x.reshape(-1, 3, *x.shape[-2:])
        x = self.pool(self.stages(self.stem(x))).flatten(1)
        logits = self.classifier(x)
        return logits.view(-1, self.frames, logits.shape[-1]).mean(dim=1)
