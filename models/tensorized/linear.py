# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Linear layers whose weight is a tensor in factors, each one Einsum of the
input and all factors. Inputs have 8 x 8 x 8 features, outputs `out` modes."""

import math

import torch
from torch import nn

INTO = (8, 8, 8)


class FactorizedLinear(nn.Module):
    """(B, 512) -> (B, product of out)"""

    def __init__(self, out):
        super().__init__()
        self.out = out

    def part(self, *shape, fan_in):
        return nn.Parameter(torch.randn(*shape) / math.sqrt(fan_in))

    def forward(self, x):
        x = x.reshape(-1, *INTO)
        return torch.einsum(self.equation, x, *self.factors()).flatten(1)


class CpLinear(FactorizedLinear):
    """Two modes of outputs."""

    equation = "bijk,r,ri,rj,rk,or,pr->bop"

    def __init__(self, out, rank):
        super().__init__(out)
        self.scales = nn.Parameter(torch.ones(rank))
        self.inner = nn.ParameterList(
            [self.part(rank, size, fan_in=size) for size in INTO]
        )
        self.outer = nn.ParameterList(
            [self.part(size, rank, fan_in=1) for size in out]
        )

    def factors(self):
        return [self.scales, *self.inner, *self.outer]


class TuckerLinear(FactorizedLinear):
    """One mode of outputs."""

    equation = "bijk,cdef,ic,jd,ke,of->bo"

    def __init__(self, out, rank):
        super().__init__(out)
        self.core = self.part(rank, rank, rank, rank, fan_in=rank**3)
        self.inner = nn.ParameterList(
            [self.part(size, rank, fan_in=size) for size in INTO]
        )
        self.outer = self.part(*out, rank, fan_in=rank)

    def factors(self):
        return [self.core, *self.inner, self.outer]


class BlockTrainLinear(FactorizedLinear):
    """Three modes of outputs; a core binds one of them to one of the inputs."""

    equation = "bijk,oia,apjc,cqk->bopq"

    def __init__(self, out, rank):
        super().__init__(out)
        a, b, c = out
        self.first = self.part(a, INTO[0], rank, fan_in=INTO[0])
        self.middle = self.part(rank, b, INTO[1], rank, fan_in=rank * INTO[1])
        self.last = self.part(rank, c, INTO[2], fan_in=rank * INTO[2])

    def factors(self):
        return [self.first, self.middle, self.last]


def linear_net(classes=10):
    """(B, 1, 512) -> (B, classes)"""
    return nn.Sequential(
        nn.Flatten(),
        CpLinear((16, 32), 64),
        nn.ReLU(),
        TuckerLinear((512,), 6),
        nn.ReLU(),
        BlockTrainLinear((8, 8, 8), 12),
        nn.ReLU(),
        nn.Linear(512, classes),
    )
