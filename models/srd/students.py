# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Real-valued students for 32x32 pictures, as CIFAR-100's distillation papers
use them, and MobileNetV1 for 224x224."""

import torch
from torch import nn
from torch.nn import functional

CLASSES = 100


def conv_norm(inputs, outputs, kernel, stride=1, groups=1, act=True):
    layers = [
        nn.Conv2d(
            inputs, outputs, kernel, stride, kernel // 2, groups=groups,
            bias=False,
        ),
        nn.BatchNorm2d(outputs),
    ]  # fmt: skip
    return nn.Sequential(*layers, *([nn.ReLU()] if act else []))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.main = nn.Sequential(
            conv_norm(inputs, outputs, 3, stride),
            conv_norm(outputs, outputs, 3, act=False),
        )
        self.shortcut = (
            nn.Identity()
            if inputs == outputs and stride == 1
            else conv_norm(inputs, outputs, 1, stride, act=False)
        )

    def forward(self, x):
        return functional.relu(self.main(x) + self.shortcut(x))


class Classifier(nn.Module):
    """Features, their means, a linear layer: (B, 3, H, W) -> (B, classes)."""

    def __init__(self, features, width, classes=CLASSES):
        super().__init__()
        self.features = features
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


def resnet(depth, stem=16, widths=(16, 32, 64)):
    """He et al., CVPR 2016, section 4.2; `depth` is 6 n + 2."""
    layers, inputs = [conv_norm(3, stem, 3)], stem
    for stage, outputs in enumerate(widths):
        for i in range((depth - 2) // 6):
            stride = 2 if stage > 0 and i == 0 else 1
            layers.append(BasicBlock(inputs, outputs, stride))
            inputs = outputs
    return Classifier(nn.Sequential(*layers), inputs)


class WideBlock(nn.Module):
    """Norm and activation in front of each convolution."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn = nn.BatchNorm2d(inputs)
        self.main = nn.Sequential(
            conv_norm(inputs, outputs, 3, stride),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
        )
        self.shortcut = None
        if inputs != outputs:
            self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x):
        y = functional.relu(self.bn(x))
        return self.main(y) + (self.shortcut(y) if self.shortcut else x)


def wide_resnet(depth, factor):
    """Zagoruyko and Komodakis, BMVC 2016; `depth` is 6 n + 4."""
    layers, inputs = [nn.Conv2d(3, 16, 3, 1, 1, bias=False)], 16
    for stage, width in enumerate((16, 32, 64)):
        for i in range((depth - 4) // 6):
            stride = 2 if stage > 0 and i == 0 else 1
            layers.append(WideBlock(inputs, width * factor, stride))
            inputs = width * factor
    layers += [nn.BatchNorm2d(inputs), nn.ReLU()]
    return Classifier(nn.Sequential(*layers), inputs)


def vgg8():
    """Simonyan and Zisserman, ICLR 2015, with norms and a layer a stage."""

    def conv(inputs, outputs):
        return [
            nn.Conv2d(inputs, outputs, 3, 1, 1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]

    layers, inputs = [], 3
    for i, outputs in enumerate((64, 128, 256, 512, 512)):
        pool = [nn.MaxPool2d(2)] if i < 3 else []
        layers += [*conv(inputs, outputs), *pool]
        inputs = outputs
    return Classifier(nn.Sequential(*layers), inputs)


class Inverted(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        width = inputs * expansion
        self.adds = stride == 1 and inputs == outputs
        self.main = nn.Sequential(
            conv_norm(inputs, width, 1),
            conv_norm(width, width, 3, stride, groups=width),
            conv_norm(width, outputs, 1, act=False),
        )

    def forward(self, x):
        return x + self.main(x) if self.adds else self.main(x)


# Expansion, channels, blocks, stride of the first.
MOBILE = (
    (1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2),
    (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip


def mobilenet_v2(width=0.5):
    """Sandler et al., CVPR 2018, with ReLU, half as wide."""
    inputs = int(32 * width)
    layers = [conv_norm(3, inputs, 3, 2)]
    for expansion, channels, blocks, stride in MOBILE:
        for i in range(blocks):
            outputs = int(channels * width)
            layers.append(
                Inverted(inputs, outputs, stride if i == 0 else 1, expansion)
            )
            inputs = outputs
    layers.append(conv_norm(inputs, 1280, 1))
    return Classifier(nn.Sequential(*layers), 1280)


def shuffle(x, groups):
    n, c, h, w = x.shape
    x = x.view(n, groups, c // groups, h, w).transpose(1, 2)
    return x.reshape(n, c, h, w)


class ShuffleUnit(nn.Module):
    """Zhang et al., CVPR 2018 (ShuffleNet), three groups."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        made = outputs - inputs if stride == 2 else outputs
        width = made // 4
        self.groups = 1 if inputs == 24 else 3
        self.stride = stride
        self.squeeze = conv_norm(inputs, width, 1, groups=self.groups)
        self.rest = nn.Sequential(
            conv_norm(width, width, 3, stride, groups=width),
            conv_norm(width, made, 1, groups=3, act=False),
        )

    def forward(self, x):
        y = self.rest(shuffle(self.squeeze(x), self.groups))
        if self.stride == 1:
            return functional.relu(x + y)
        return functional.relu(
            torch.cat([y, functional.avg_pool2d(x, 3, 2, 1)], 1)
        )


def shufflenet_v1():
    layers, inputs = [conv_norm(3, 24, 1)], 24
    for outputs, blocks in ((240, 4), (480, 8), (960, 4)):
        for i in range(blocks):
            layers.append(ShuffleUnit(inputs, outputs, 2 if i == 0 else 1))
            inputs = outputs
    return Classifier(nn.Sequential(*layers), inputs)


class SplitUnit(nn.Module):
    """Ma et al., ECCV 2018 (ShuffleNetV2): half of the channels pass."""

    def __init__(self, inputs, outputs):
        super().__init__()
        width = outputs // 2
        self.down = inputs != outputs
        stride, taken = (2, inputs) if self.down else (1, width)
        self.right = nn.Sequential(
            conv_norm(taken, width, 1),
            conv_norm(width, width, 3, stride, groups=width, act=False),
            conv_norm(width, width, 1),
        )
        if self.down:
            self.left = nn.Sequential(
                conv_norm(inputs, inputs, 3, 2, groups=inputs, act=False),
                conv_norm(inputs, width, 1),
            )

    def forward(self, x):
        if self.down:
            left, right = self.left(x), self.right(x)
        else:
            left, right = x.chunk(2, 1)
            right = self.right(right)
        return shuffle(torch.cat([left, right], 1), 2)


def shufflenet_v2():
    layers, inputs = [conv_norm(3, 24, 1)], 24
    for outputs, blocks in ((116, 4), (232, 8), (464, 4)):
        for _ in range(blocks):
            layers.append(SplitUnit(inputs, outputs))
            inputs = outputs
    layers.append(conv_norm(inputs, 1024, 1))
    return Classifier(nn.Sequential(*layers), 1024)


def mobilenet_v1():
    """Howard et al., 2017, arXiv:1704.04861."""
    layers, inputs = [conv_norm(3, 32, 3, 2)], 32
    for outputs in (64, 128, 128, 256, 256, *(512,) * 6, 1024, 1024):
        stride = 2 if outputs > inputs and outputs > 64 else 1
        layers.append(conv_norm(inputs, inputs, 3, stride, groups=inputs))
        layers.append(conv_norm(inputs, outputs, 1))
        inputs = outputs
    return Classifier(nn.Sequential(*layers), inputs, 1000)
