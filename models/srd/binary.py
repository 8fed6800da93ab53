# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions of signs, and the networks made of them."""

import torch
from torch import nn
from torch.nn import functional


def soft_sign(x):
    """The piecewise polynomial whose gradient stands in for that of a sign."""
    negative = torch.where(x < -1, -torch.ones_like(x), x * x + 2 * x)
    positive = torch.where(x < 1, 2 * x - x * x, torch.ones_like(x))
    return torch.where(x < 0, negative, positive)


class Sign(nn.Module):
    """-1, 0 or 1; with `estimator`, as it is written for training: the value
    of a sign with the gradient of a polynomial."""

    def __init__(self, estimator=False):
        super().__init__()
        self.estimator = estimator

    def forward(self, x):
        if not self.estimator:
            return torch.sign(x)
        soft = soft_sign(x)
        return torch.sign(x).detach() - soft.detach() + soft


class BinaryConv2d(nn.Conv2d):
    """Weights are their signs times their mean magnitude per output channel,
    or the signs alone without `scaled`."""

    def __init__(self, inputs, outputs, kernel, stride=1, scaled=True,
                 estimator=False):  # fmt: skip
        super().__init__(
            inputs, outputs, kernel, stride, kernel // 2, bias=False
        )
        self.scaled = scaled
        self.estimator = estimator

    def forward(self, x):
        weight = torch.sign(self.weight)
        if self.scaled:
            weight = weight * self.weight.abs().mean((1, 2, 3), keepdim=True)
        if self.estimator:
            soft = self.weight.clamp(-1, 1)
            weight = weight.detach() - soft.detach() + soft
        return functional.conv2d(
            x, weight, None, self.stride, self.padding
        )


class Shift(nn.Module):
    """A learned bias per channel."""

    def __init__(self, channels):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x):
        return x + self.bias


class ShiftedPReLU(nn.Sequential):
    """The activation of ReActNet."""

    def __init__(self, channels):
        super().__init__(Shift(channels), nn.PReLU(channels), Shift(channels))


class ReActBlock(nn.Module):
    """A 3x3 and a 1x1 convolution of signs, each with a shortcut; twice as
    many channels are two 1x1 convolutions side by side."""

    def __init__(self, inputs, outputs, stride, estimator):
        super().__init__()
        self.shift1 = Shift(inputs)
        self.sign = Sign(estimator)
        self.conv1 = BinaryConv2d(
            inputs, inputs, 3, stride, estimator=estimator
        )
        self.bn1 = nn.BatchNorm2d(inputs)
        self.act1 = ShiftedPReLU(inputs)
        self.shift2 = Shift(inputs)
        self.convs2 = nn.ModuleList(
            nn.Sequential(
                BinaryConv2d(inputs, inputs, 1, estimator=estimator),
                nn.BatchNorm2d(inputs),
            )
            for _ in range(outputs // inputs)
        )
        self.act2 = ShiftedPReLU(outputs)
        self.stride = stride

    def forward(self, x):
        y = self.bn1(self.conv1(self.sign(self.shift1(x))))
        if self.stride == 2:
            x = functional.avg_pool2d(x, 2)
        x = self.act1(x + y)
        signs = self.sign(self.shift2(x))
        parts = [conv(signs) + x for conv in self.convs2]
        return self.act2(parts[0] if len(parts) == 1 else torch.cat(parts, 1))


REACT_A = (64, *(128,) * 2, *(256,) * 2, *(512,) * 6, *(1024,) * 2)


class ReActNet(nn.Module):
    """(B, 3, H, W) -> (B, classes); `widths` of the blocks."""

    def __init__(self, widths=REACT_A, stem=32, classes=1000, estimator=False):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem)
        )
        blocks, inputs = [], stem
        for outputs in widths:
            # The first block widens at full resolution.
            stride = 2 if inputs not in (stem, outputs) else 1
            blocks.append(ReActBlock(inputs, outputs, stride, estimator))
            inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


class Downsample(nn.Sequential):
    """The shortcut where a stage begins, in full precision."""

    def __init__(self, inputs, outputs):
        super().__init__(
            nn.AvgPool2d(2),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )


class BiRealBlock(nn.Module):
    """One convolution with a shortcut of its own."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.sign = Sign()
        self.conv = BinaryConv2d(inputs, outputs, 3, stride)
        self.bn = nn.BatchNorm2d(outputs)
        self.shortcut = (
            nn.Identity() if stride == 1 else Downsample(inputs, outputs)
        )

    def forward(self, x):
        return self.bn(self.conv(self.sign(x))) + self.shortcut(x)


class Gate(nn.Module):
    """A factor per channel from the means of the convolution's input."""

    def __init__(self, inputs, outputs, size):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, inputs // 8, bias=False),
            nn.ReLU(),
            nn.Linear(inputs // 8, outputs, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, y, x):
        return y * self.layers(x.mean((2, 3)))[:, :, None, None]


class PlaneScale(nn.Module):
    """A factor per channel, row and column (XNOR-Net++)."""

    def __init__(self, inputs, outputs, size):
        super().__init__()
        self.scale_c = nn.Parameter(torch.ones(1, outputs, 1, 1))
        self.scale_h = nn.Parameter(torch.ones(1, 1, size, 1))
        self.scale_w = nn.Parameter(torch.ones(1, 1, 1, size))

    def forward(self, y, x):
        return y * (self.scale_c * self.scale_h * self.scale_w)


class RealToBinaryBlock(nn.Module):
    """Norm, signs, convolution, factors, activation, shortcut."""

    def __init__(self, inputs, outputs, stride, scale, size):
        super().__init__()
        self.bn = nn.BatchNorm2d(inputs, eps=1e-3)
        self.sign = Sign()
        self.conv = BinaryConv2d(inputs, outputs, 3, stride, scaled=False)
        self.scale = scale(inputs, outputs, size)
        self.act = nn.PReLU(outputs)
        self.shortcut = (
            nn.Identity() if stride == 1 else Downsample(inputs, outputs)
        )

    def forward(self, x):
        y = self.bn(x)
        z = self.act(self.scale(self.conv(self.sign(y)), y))
        return z + self.shortcut(x)


class BinaryResNet(nn.Module):
    """ResNet-18 of convolutions of signs; (B, 3, size, size) -> (B, classes).

    block(inputs, outputs, stride, size of its result)."""

    def __init__(self, block, act, widths=(64, 128, 256, 512), depth=4,
                 classes=1000, size=224):  # fmt: skip
        super().__init__()
        layers = [
            nn.Conv2d(3, widths[0], 7, 2, 3, bias=False),
            nn.BatchNorm2d(widths[0]),
        ]
        if act:
            layers.append(nn.PReLU(widths[0]))
        self.stem = nn.Sequential(*layers, nn.MaxPool2d(3, 2, 1))
        blocks, inputs, size = [], widths[0], size // 4
        for outputs in widths:
            for i in range(depth):
                stride = 2 if inputs != outputs else 1
                size //= stride
                blocks.append(block(inputs, outputs, stride, size))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


def bi_real(**options):
    def block(inputs, outputs, stride, size):
        return BiRealBlock(inputs, outputs, stride)

    return BinaryResNet(block, act=False, **options)


def real_to_binary(scale=Gate, **options):
    def block(inputs, outputs, stride, size):
        return RealToBinaryBlock(inputs, outputs, stride, scale, size)

    return BinaryResNet(block, act=True, **options)
