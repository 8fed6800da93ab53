# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""U-Net (Ronneberger et al., MICCAI 2015, arXiv:1505.04597) with padded
convolutions and batch normalisation, as used for segmentation today."""

import torch
from torch import nn

from models.model import Model, image

WIDTHS = (64, 128, 256, 512, 1024)


def double_conv(inputs, outputs):
    layers = []
    for width in (inputs, outputs):
        layers += [
            nn.Conv2d(width, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """(B, 3, H, W) -> (B, classes, H, W); H and W are multiples of 16."""

    def __init__(self, classes=2):
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.down = nn.ModuleList(
            double_conv(i, o) for i, o in zip((3, *WIDTHS), WIDTHS)
        )
        pairs = list(zip(WIDTHS[:0:-1], WIDTHS[-2::-1]))
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(i, o, 2, stride=2) for i, o in pairs
        )
        self.up = nn.ModuleList(double_conv(i, o) for i, o in pairs)
        self.head = nn.Conv2d(WIDTHS[0], classes, 1)

    def forward(self, x):
        skips = []
        for stage in self.down[:-1]:
            x = stage(x)
            skips.append(x)
            x = self.pool(x)
        x = self.down[-1](x)
        for grow, stage in zip(self.grow, self.up):
            x = stage(torch.cat((skips.pop(), grow(x)), dim=1))
        return self.head(x)


MODELS = [Model("unet", UNet, 31_037_698, 48.172, image(256))]
