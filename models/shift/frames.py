# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Temporal shift modules (Lin et al., ICCV 2019, arXiv:1811.08383): residual
branches of a network of frames read some channels from neighbouring frames; a
network of one frame at a time keeps those channels as states."""

import torch
from torch import nn
from torchvision.models import mobilenet_v2, resnet50
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.models.resnet import Bottleneck, ResNet

from models.shift.shifts import FrameShift


class FramesResNet(nn.Module):
    """(B, 3*frames, H, W) to (B, classes): the mean of the frames' logits.

    The first convolution of every block's branch reads a shifted tensor, the
    shortcut does not."""

    def __init__(self, net, frames, shifted=True, spelling="assign"):
        super().__init__()
        self.net, self.frames = net, frames
        blocks = [m for m in net.modules() if isinstance(m, Bottleneck)]
        for block in blocks if shifted else []:
            inputs = block.conv1.in_channels
            shift = FrameShift(frames, inputs, spelling)
            block.conv1 = nn.Sequential(shift, block.conv1)

    def forward(self, x):
        logits = self.net(x.reshape(-1, 3, *x.shape[-2:]))
        return logits.view(-1, self.frames, logits.shape[-1]).mean(dim=1)


def tsm_resnet50(frames=8, classes=174, **options):
    return FramesResNet(resnet50(num_classes=classes), frames, **options)


def tsm_small(frames=4, **options):
    """Two stages of a block each, 16 and 32 channels within blocks."""
    net = ResNet(
        Bottleneck, (1, 1, 1, 1), num_classes=10, width_per_group=16
    )
    net.layer3, net.layer4 = nn.Identity(), nn.Identity()
    net.fc = nn.Linear(512, 10)
    return FramesResNet(net, frames, **options)


class OnlineMobileNet(nn.Module):
    """One frame (1, 3, H, W) and the states of the frame before, to (1,
    classes) and the next states. A branch with a shortcut reads its first C/8
    channels from the frame before."""

    def __init__(self, **options):
        super().__init__()
        self.net = mobilenet_v2(**options)

    def forward(self, x, *states):
        following = []
        for layer in self.net.features:
            if not isinstance(layer, InvertedResidual) or (
                not layer.use_res_connect
            ):
                x = layer(x)
                continue
            state = states[len(following)]
            count = state.shape[1]
            following.append(x[:, :count])
            x = x + layer.conv(torch.cat((state, x[:, count:]), dim=1))
        x = self.net.classifier(x.mean(dim=(2, 3)))
        return (x, *following)
