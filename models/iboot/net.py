# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The "slow" 3-D ResNet of SlowFast (Feichtenhofer et al., ICCV 2019,
arXiv:1812.03982): per-frame residual networks whose late stages look at three
frames in the first convolution of each block."""

from torch import nn

EXPANSION = 4


def normalised(inputs, outputs, kernel, stride=1):
    """Conv3d without bias and its BatchNorm; kernel is (T, H, W), stride is of
    space, and frames and borders are padded with zeros."""
    return nn.Sequential(
        nn.Conv3d(
            inputs,
            outputs,
            kernel,
            stride=(1, stride, stride),
            padding=tuple(k // 2 for k in kernel),
            bias=False,
        ),
        nn.BatchNorm3d(outputs),
    )


class Bottleneck(nn.Module):
    """(frames,1,1), (1,3,3) and 1x1x1 convolutions beside a shortcut:
    (B, inputs, T, H, W) -> (B, 4*width, T, H/stride, W/stride)."""

    def __init__(self, inputs, width, frames, stride):
        super().__init__()
        outputs = width * EXPANSION
        self.branch = nn.Sequential(
            normalised(inputs, width, (frames, 1, 1)),
            nn.ReLU(),
            normalised(width, width, (1, 3, 3), stride),
            nn.ReLU(),
            normalised(width, outputs, (1, 1, 1)),
        )
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = normalised(inputs, outputs, (1, 1, 1), stride)
        self.activation = nn.ReLU()

    def forward(self, x):
        return self.activation(self.branch(x) + self.shortcut(x))


class SlowResNet(nn.Module):
    """(B, 3, T, H, W), H and W multiples of 32, to (B, classes).

    depths: blocks of each stage; frames: how many frames the first convolution
    of a stage's blocks sees; width: channels behind the stem.

    At the size that the network is trained for, the head averages over all
    positions; at a larger one it gives the mean of the probabilities of each
    window of H/32 x W/32 positions, `window` = (T, 7, 7) for 8x224x224.
    """

    def __init__(
        self, depths, frames=(1, 1, 3, 3), width=64, classes=400, window=None
    ):
        super().__init__()
        self.stem = nn.Sequential(
            normalised(3, width, (1, 7, 7), 2),
            nn.ReLU(),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
        )
        stages, inputs = [], width
        for stage, (depth, seen) in enumerate(zip(depths, frames)):
            for block in range(depth):
                stride = 2 if stage > 0 and block == 0 else 1
                stages.append(
                    Bottleneck(inputs, width << stage, seen, stride)
                )
                inputs = (width << stage) * EXPANSION
        self.stages = nn.Sequential(*stages)
        self.window = window
        self.pool = (
            nn.AvgPool3d(window, stride=1) if window else nn.AdaptiveAvgPool3d(1)
        )
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.pool(self.stages(self.stem(x)))
        if self.window is None:
            return self.classifier(x.flatten(1))
        logits = self.classifier(x.permute(0, 2, 3, 4, 1))
        return logits.softmax(dim=-1).mean(dim=(1, 2, 3))


def slow_resnet50(window=None):
    """Kinetics-400's SLOW_8x8_R50."""
    return SlowResNet((3, 4, 6, 3), window=window)


def slow_small():
    """The same structure, small enough for emulators."""
    return SlowResNet((1, 1, 1, 1), width=16, classes=16)


def slow_small_windows():
    """With the head for inputs larger than those trained for; expects
    4x96x96."""
    return SlowResNet((1, 1, 1, 1), width=16, classes=16, window=(4, 2, 2))
