# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ResNet-8x4 for 32x32 pictures (He et al., CVPR 2016, arXiv:1512.03385, §4.2,
four times as wide), the student of distillation papers on CIFAR-100."""

from torch import nn
from torch.nn import functional

from models.model import Model, image

STEM = 32
WIDTHS = (64, 128, 256)
CLASSES = 100


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet8x4(nn.Module):
    """(B, 3, 32, 32) -> (B, CLASSES)."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, STEM, 3, padding=1, bias=False),
            nn.BatchNorm2d(STEM),
            nn.ReLU(),
        )
        shapes = zip((STEM, *WIDTHS), WIDTHS, (1, 2, 2))
        self.blocks = nn.Sequential(*(BasicBlock(*shape) for shape in shapes))
        self.head = nn.Linear(WIDTHS[-1], CLASSES)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


MODELS = [
    Model("resnet8x4", ResNet8x4, 1_233_540, 0.177, image(32)),
]
