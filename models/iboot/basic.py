# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""R3D and R(2+1)D (Tran et al., CVPR 2018, arXiv:1711.11248): residual networks
of two convolutions a block, over three frames each, whole or factorised into
one over space and one over frames."""

from torch import nn


def between(inputs, outputs):
    """Channels between the two factors, for as many parameters as the whole
    kernel of 3x3x3 has."""
    return inputs * outputs * 27 // (inputs * 9 + outputs * 3)


def convolution(inputs, outputs, kernel, stride=(1, 1, 1)):
    return nn.Conv3d(
        inputs,
        outputs,
        kernel,
        stride=stride,
        padding=tuple(k // 2 for k in kernel),
        bias=False,
    )


def factors(inputs, middle, outputs, size, strides):
    """(1, size, size), norm, rectifier, (3, 1, 1); strides are of frames and
    of space."""
    return nn.Sequential(
        convolution(inputs, middle, (1, size, size), (1, *strides[1:])),
        nn.BatchNorm3d(middle),
        nn.ReLU(),
        convolution(middle, outputs, (3, 1, 1), (strides[0], 1, 1)),
    )


class BasicBlock(nn.Module):
    """(B, inputs, T, H, W) -> (B, outputs, T / stride, H / stride, W / stride)"""

    def __init__(self, inputs, outputs, stride, factorised):
        super().__init__()

        def one(inputs, strides):
            if not factorised:
                return convolution(inputs, outputs, (3, 3, 3), strides)
            middle = between(inputs, outputs)
            return factors(inputs, middle, outputs, 3, strides)

        strides = (stride,) * 3
        self.branch = nn.Sequential(
            one(inputs, strides),
            nn.BatchNorm3d(outputs),
            nn.ReLU(),
            one(outputs, (1, 1, 1)),
            nn.BatchNorm3d(outputs),
        )
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                convolution(inputs, outputs, (1, 1, 1), strides),
                nn.BatchNorm3d(outputs),
            )
        self.activation = nn.ReLU()

    def forward(self, x):
        return self.activation(self.branch(x) + self.shortcut(x))


class BasicResNet(nn.Module):
    """(B, 3, T, H, W) to (B, classes); a block of each width."""

    def __init__(self, widths, classes, factorised):
        super().__init__()
        first = widths[0]
        stem = (
            factors(3, first * 3 // 4 - 1, first, 7, (1, 2, 2))
            if factorised
            else convolution(3, first, (3, 7, 7), (1, 2, 2))
        )
        layers = [stem, nn.BatchNorm3d(first), nn.ReLU()]
        for inputs, outputs in zip((first, *widths), widths):
            stride = 1 if inputs == outputs else 2
            layers.append(BasicBlock(inputs, outputs, stride, factorised))
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool3d(1)
        self.classifier = nn.Linear(widths[-1], classes)

    def forward(self, x):
        return self.classifier(self.pool(self.features(x)).flatten(1))


def r3d_small():
    return BasicResNet((16, 32), 16, factorised=False)


def r2plus1d_small():
    return BasicResNet((16, 32), 16, factorised=True)
