# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A net on raw waveforms whose convolutions have factorised weights.

The shape is M5 of Dai et al., ICASSP 2017, arXiv:1610.00087: one second at 16
kHz, windows of 80 samples, then three convolutions of 3 steps; 35 classes as
in Speech Commands. `way` is as in net.py; with `binary`, weights are the signs
of what the factors give, and inputs signs behind a norm."""

import math

import torch
from torch import nn
from torch.nn import functional

from models.tensorized.linear import BlockTrainLinear, CpLinear

WINDOW = 3


class AudioConv(nn.Module):
    """A convolution of 3 steps along time, without bias."""

    def __init__(self, into, out, way):
        super().__init__()
        self.way = way
        if way == "binary":
            self.bn = nn.BatchNorm1d(into)
            self.scale = nn.Parameter(torch.ones(1, out, 1))

    def part(self, *shape):
        fan_in = math.prod(shape[1:])
        return nn.Parameter(torch.randn(*shape) / math.sqrt(fan_in))

    def forward(self, x):
        if self.way == "chain":
            return self.chain(x)
        if self.way == "dense":
            return functional.conv1d(x, self.weight(), padding=1)
        signs, weight = torch.sign(self.bn(x)), torch.sign(self.weight())
        return functional.conv1d(signs, weight, padding=1) * self.scale


class TuckerAudioConv(AudioConv):
    def __init__(self, into, out, share, way):
        super().__init__(into, out, way)
        # c * out and c * into ranks hold the share of parameters.
        a, b = out * into * WINDOW, out * out + into * into
        c = (math.sqrt(b * b + 4 * a * a * share) - b) / (2 * a)
        r_out, r_in = max(round(c * out), 1), max(round(c * into), 1)
        self.core = self.part(r_out, r_in, WINDOW)
        self.outer, self.inner = self.part(out, r_out), self.part(r_in, into)

    def weight(self):
        return torch.einsum("abw,oa,bi->oiw", self.core, self.outer, self.inner)

    def chain(self, x):
        x = functional.conv1d(x, self.inner[..., None])
        x = functional.conv1d(x, self.core, padding=1)
        return functional.conv1d(x, self.outer[..., None])


class CpAudioConv(AudioConv):
    def __init__(self, into, out, share, way):
        super().__init__(into, out, way)
        rank = max(round(share * out * into * WINDOW / (out + into + 4)), 1)
        self.scales = nn.Parameter(torch.ones(rank))
        self.outer, self.inner = self.part(out, rank), self.part(rank, into)
        self.steps = self.part(rank, WINDOW)

    def weight(self):
        return torch.einsum(
            "r,or,ri,rw->oiw", self.scales, self.outer, self.inner, self.steps
        )

    def chain(self, x):
        x = functional.conv1d(x, self.inner[..., None])
        x = functional.conv1d(
            x, self.steps[:, None], padding=1, groups=len(self.scales)
        )
        return functional.conv1d(
            x * self.scales[:, None], self.outer[..., None]
        )


KINDS = {"cp": CpAudioConv, "tucker": TuckerAudioConv}
HEADS = {
    "cp": lambda: CpLinear((5, 7), 32),
    "tucker": lambda: BlockTrainLinear((5, 7, 1), 8),
}


def audio_net(kind, share=0.3, way="chain"):
    """(B, 1, 16000) -> (B, 35)"""
    layers = [
        nn.Conv1d(1, 128, 80, 4),
        nn.BatchNorm1d(128),
        nn.ReLU(),
        nn.MaxPool1d(4),
    ]
    for into, out in ((128, 128), (128, 256), (256, 512)):
        layers += [
            KINDS[kind](into, out, share, way),
            nn.BatchNorm1d(out),
            nn.PReLU(out) if way == "binary" else nn.ReLU(),
            nn.MaxPool1d(4),
        ]
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), HEADS[kind]()
    )
