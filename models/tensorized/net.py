# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ResNet-18 whose 3x3 convolutions have factorised weights.

Kolbeinsson et al. and Bulat et al.: the weight of a layer is a tensor in CP,
Tucker or tensor-train form, of a rank that gives a share of the dense layer's
parameters. `way` says how a layer computes: by the chain of convolutions that
its factors are, or by a dense convolution whose weight is rebuilt from them.
"""

import math

import torch
from torch import nn
from torch.nn import functional
from torchvision.models import resnet


def tucker_ranks(out, into, share):
    """Ranks (out, in), the spatial modes kept: c*out and c*in, where core and
    factors hold `share` of out*in*9 parameters."""
    dense = out * into * 9
    a, b, c = dense, out * out + into * into, -share * dense
    scale = (-b + math.sqrt(b * b - 4 * a * c)) / (2 * a)
    return max(round(scale * out), 1), max(round(scale * into), 1)


def cp_rank(out, into, share):
    return max(round(share * out * into * 9 / (out + into + 6)), 1)


def train_ranks(out, into, share):
    """Ranks (r1, r2, r3) of cores into, 3, 3, out, each in proportion to the
    mean of the two modes that it binds."""
    means = [(into + 3) / 2, 3, (3 + out) / 2]
    a = 3 * means[0] * means[1] + 3 * means[1] * means[2]
    b = into * means[0] + out * means[2]
    c = -share * out * into * 9
    scale = (-b + math.sqrt(b * b - 4 * a * c)) / (2 * a)
    return [max(round(scale * mean), 1) for mean in means]


class FactorizedConv(nn.Module):
    """A 3x3 convolution without bias; `strides` is the same both ways. With
    `masks`, one for each of `ranks`, components whose mask is 0 are dropped."""

    masks = None

    def __init__(self, into, out, stride, way):
        super().__init__()
        self.stride, self.way = stride, way

    def kept(self, factor, *axes):
        """The factor without what is dropped; axis i is the i-th rank's."""
        for i, axis in enumerate(axes):
            if self.masks is not None and axis is not None:
                shape = [1] * factor.dim()
                shape[axis] = -1
                factor = factor * self.masks[i].reshape(shape)
        return factor

    def part(self, *shape):
        fan_in = math.prod(shape[1:])
        return nn.Parameter(torch.randn(*shape) / math.sqrt(fan_in))

    def forward(self, x):
        if self.way == "chain":
            return self.chain(x)
        return functional.conv2d(x, self.weight(), None, self.stride, 1)


class TuckerConv(FactorizedConv):
    def __init__(self, into, out, stride, share, way):
        super().__init__(into, out, stride, way)
        r_out, r_in = tucker_ranks(out, into, share)
        self.core = self.part(r_out, r_in, 3, 3)
        self.outer, self.inner = self.part(out, r_out), self.part(r_in, into)
        self.ranks = (r_out, r_in)

    def weight(self):
        core = self.kept(self.core, 0, 1)
        return torch.einsum("abhw,oa,bi->oihw", core, self.outer, self.inner)

    def chain(self, x):
        n, _, h, w = x.shape
        x = functional.conv1d(x.reshape(n, -1, h * w), self.inner[..., None])
        x = x.reshape(n, -1, h, w)
        core = self.kept(self.core, 0, 1)
        x = functional.conv2d(x, core, None, self.stride, 1)
        h, w = x.shape[2:]
        x = functional.conv1d(x.reshape(n, -1, h * w), self.outer[..., None])
        return x.reshape(n, -1, h, w)


class CpConv(FactorizedConv):
    def __init__(self, into, out, stride, share, way):
        super().__init__(into, out, stride, way)
        rank = cp_rank(out, into, share)
        self.scales = nn.Parameter(torch.ones(rank))
        self.outer, self.inner = self.part(out, rank), self.part(rank, into)
        self.rows, self.columns = self.part(rank, 3), self.part(rank, 3)
        self.ranks = (rank,)

    def weight(self):
        return torch.einsum(
            "r,or,ri,rh,rw->oihw",
            *(self.kept(self.scales, 0), self.outer, self.inner, self.rows, self.columns),
        )

    def chain(self, x):
        rank, s = len(self.scales), self.stride
        x = functional.conv2d(x, self.inner[..., None, None])
        rows, columns = self.rows[:, None, :, None], self.columns[:, None, None]
        x = functional.conv2d(x, rows, None, (s, 1), (1, 0), 1, rank)
        x = functional.conv2d(x, columns, None, (1, s), (0, 1), 1, rank)
        x = x * self.kept(self.scales, 0)[:, None, None]
        return functional.conv2d(x, self.outer[..., None, None])


class TrainConv(FactorizedConv):
    def __init__(self, into, out, stride, share, way):
        super().__init__(into, out, stride, way)
        r1, r2, r3 = train_ranks(out, into, share)
        self.inner, self.outer = self.part(r1, into), self.part(out, r3)
        self.rows, self.columns = self.part(r2, r1, 3), self.part(r3, r2, 3)

    def weight(self):
        return torch.einsum(
            "or,rsw,sth,ti->oihw",
            *(self.outer, self.columns, self.rows, self.inner),
        )

    def chain(self, x):
        s = self.stride
        x = functional.conv2d(x, self.inner[..., None, None])
        x = functional.conv2d(x, self.rows[..., None], None, (s, 1), (1, 0))
        x = functional.conv2d(x, self.columns[:, :, None], None, (1, s), (0, 1))
        return functional.conv2d(x, self.outer[..., None, None])


KINDS = {"cp": CpConv, "tucker": TuckerConv, "tt": TrainConv}


def factorize(module, kind, share, way):
    """Replaces the 3x3 convolutions of `module`."""
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d) and child.kernel_size == (3, 3):
            conv = KINDS[kind](
                child.in_channels, child.out_channels, child.stride[0], share, way
            )
            setattr(module, name, conv)
        else:
            factorize(child, kind, share, way)
    return module


def tensorized_resnet18(kind, share, way="chain"):
    return factorize(resnet.resnet18(), kind, share, way)


def tensorized_small(kind, share, way="chain"):
    """Two blocks of 16 and 32 channels, 10 classes."""
    net = resnet.ResNet(resnet.BasicBlock, [1, 1, 0, 0], num_classes=10)
    net.layer3 = net.layer4 = nn.Identity()
    net.fc = nn.Linear(128, 10)
    return factorize(net, kind, share, way)


# Of normal numbers, 90 % are below.
KEPT_BELOW = 1.2816


def survivors(draws):
    """1 where a number is below `KEPT_BELOW`; the first component alone where
    none is."""
    mask = (draws < KEPT_BELOW).to(draws.dtype)
    first = torch.arange(len(draws), device=draws.device) == 0
    return torch.where(mask.sum() > 0, mask, first.to(draws.dtype))


class Dropout(nn.Module):
    """A net whose factorised layers lose components, by numbers that it is
    given: (B, 3, H, W), (1, 1, all ranks) -> (B, classes). Nothing is scaled
    up for what is lost, as in TensorLy-Torch where it drops when testing."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x, draws):
        first = 0
        for conv in self.net.modules():
            if not isinstance(conv, FactorizedConv):
                continue
            conv.masks = []
            for rank in conv.ranks:
                conv.masks.append(survivors(draws[0, 0, first : first + rank]))
                first += rank
        return self.net(x)


def dropout_small(kind, way="chain"):
    return Dropout(tensorized_small(kind, 0.5, way))
