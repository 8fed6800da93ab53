# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Binary nets whose convolutions choose one of several weights per sample
(Bulat, Martinez and Tzimiropoulos, ICLR 2021)."""

import torch
from torch import nn
from torch.nn import functional

EXPERTS = 4
EPS = 1e-4


class ExpertConv(nn.Module):
    """Signs of x, convolved with the signs of the weights that the means of x
    choose, times a factor per channel and a gate from the same means. The
    samples of a batch become groups, as each has weights of its own."""

    def __init__(self, inputs, outputs, kernel, stride=1, groups=1):
        super().__init__()
        shape = (EXPERTS, outputs, inputs // groups, kernel, kernel)
        self.weight = nn.Parameter(torch.randn(shape))
        self.choice = nn.Linear(inputs, EXPERTS)
        self.gate = nn.Sequential(
            nn.Linear(inputs, inputs // 8),
            nn.ReLU(),
            nn.Linear(inputs // 8, outputs),
            nn.Sigmoid(),
        )
        self.scale = nn.Parameter(torch.ones(1, outputs, 1, 1))
        self.stride, self.groups = stride, groups

    def forward(self, x):
        samples, channels, height, width = x.shape
        means = x.mean((2, 3))
        expert = self.choice(means).softmax(1).argmax(1)
        weight = torch.sign(torch.index_select(self.weight, 0, expert))
        y = functional.conv2d(
            torch.sign(x).reshape(1, samples * channels, height, width),
            weight.reshape(-1, *weight.shape[2:]),
            None,
            self.stride,
            weight.shape[-1] // 2,
            1,
            self.groups * samples,
        )
        y = y.reshape(samples, -1, *y.shape[2:])
        return y * self.scale * self.gate(means)[:, :, None, None]


class Layer(nn.Module):
    """Norm, convolution, activation, shortcut."""

    def __init__(self, inputs, outputs, kernel, stride=1, groups=1):
        super().__init__()
        self.bn = nn.BatchNorm2d(inputs, eps=EPS)
        self.conv = ExpertConv(inputs, outputs, kernel, stride, groups)
        self.act = nn.PReLU(outputs)
        self.shortcut = nn.Identity()
        if inputs != outputs:
            self.shortcut = shortcut(inputs, outputs, stride)

    def forward(self, x):
        return self.act(self.conv(self.bn(x))) + self.shortcut(x)


def shortcut(inputs, outputs, stride):
    """In full precision, through a quarter of the channels."""
    middle = inputs // 4
    return nn.Sequential(
        nn.AvgPool2d(stride) if stride > 1 else nn.Identity(),
        nn.Conv2d(inputs, middle, 1, bias=False),
        nn.BatchNorm2d(middle, eps=EPS),
        nn.PReLU(middle),
        nn.Conv2d(middle, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs, eps=EPS),
        nn.PReLU(outputs),
    )


def expert_net(
    depths=(1, 2, 6, 2), widths=(128, 256, 512, 1024), groups=(4, 8, 8, 16),
    stem=64, classes=1000,
):  # fmt: skip
    """(B, 3, H, W) -> (B, classes); a block is two grouped 3x3 convolutions and
    a 1x1 convolution, each with a shortcut of its own."""
    layers = [
        nn.Conv2d(3, stem, 3, 2, 1, bias=False),
        nn.BatchNorm2d(stem, eps=EPS),
        nn.PReLU(stem),
        nn.MaxPool2d(3, 2, 1),
    ]
    inputs = stem
    for stage, (depth, width, parts) in enumerate(zip(depths, widths, groups)):
        for i in range(depth):
            stride = 2 if stage > 0 and i == 0 else 1
            layers += [
                Layer(inputs, width, 3, stride, parts),
                Layer(width, width, 3, 1, parts),
                Layer(width, width, 1),
            ]
            inputs = width
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes)]
    return nn.Sequential(*layers)
