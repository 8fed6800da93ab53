# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shifts: channels in groups, each displaced along axes of its own. A group
is (first, last, offsets), offsets by axis; element p of the result is the
source's element p + offset, and zero, its old value, or the element at the
other end where that lies outside."""

import torch
from torch import nn


def window(size, offset):
    """(places of the result, places of the source), as slices."""
    first, last = max(0, -offset), min(size, size - offset)
    last = max(first, last)
    return slice(first, last), slice(first + offset, last + offset)


def assign(x, groups, channels, rule):
    """By assignment to slices of zeros, or of a copy."""
    out = x.clone() if rule == "keep" else torch.zeros_like(x)
    for first, last, offsets in groups:
        to, from_ = [slice(None)] * x.dim(), [slice(None)] * x.dim()
        to[channels] = from_[channels] = slice(first, last)
        for axis, offset in offsets.items():
            to[axis], from_[axis] = window(x.shape[axis], offset)
        out[tuple(to)] = x[tuple(from_)]
    return out


def displace(part, axis, offset, rule):
    """All channels of a group along one axis, by pieces and zeros."""
    size = part.shape[axis]
    if rule == "wrap":
        return part.roll(-offset, dims=axis)
    count = min(abs(offset), size)
    inner = part.narrow(axis, max(0, offset) % (size + 1), size - count)
    if rule == "keep":
        border = part.narrow(axis, size - count if offset > 0 else 0, count)
    else:
        shape = list(part.shape)
        shape[axis] = count
        border = part.new_zeros(shape)
    order = (inner, border) if offset > 0 else (border, inner)
    return torch.cat(order, dim=axis)


def concatenate(x, groups, channels, rule):
    """Each group cut out, moved and padded, all joined."""
    parts = []
    for first, last, offsets in groups:
        part = x.narrow(channels, first, last - first)
        for axis, offset in offsets.items():
            part = displace(part, axis, offset, rule)
        parts.append(part)
    return torch.cat(parts, dim=channels)


SPELLINGS = {"assign": assign, "concatenate": concatenate}


class Shift(nn.Module):
    """`groups` cover all channels in order; `rule` is zero, keep or wrap (by
    concatenation only)."""

    def __init__(self, groups, channels=1, rule="zero", spelling="assign"):
        super().__init__()
        self.groups, self.channels, self.rule = groups, channels, rule
        self.spell = SPELLINGS[spelling]

    def forward(self, x):
        return self.spell(x, self.groups, self.channels, self.rule)


def directions(channels, part, moves):
    """Groups of `part` channels for each of `moves`, the rest unmoved."""
    groups = [
        (i * part, (i + 1) * part, offsets) for i, offsets in enumerate(moves)
    ]
    if len(moves) * part < channels:
        groups.append((len(moves) * part, channels, {}))
    return groups


class FrameShift(nn.Module):
    """(B*frames, C, H, W): the first C/8 channels from the next frame, the
    second from the one before, zeros at a clip's ends."""

    def __init__(self, frames, channels, spelling="assign"):
        super().__init__()
        self.frames = frames
        groups = directions(channels, channels // 8, [{1: 1}, {1: -1}])
        self.shift = Shift(groups, channels=2, spelling=spelling)

    def forward(self, x):
        clips = x.reshape(-1, self.frames, *x.shape[1:])
        return self.shift(clips).reshape(x.shape)
