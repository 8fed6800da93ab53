# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From heatmaps (B, K, H, W) to landmarks: their columns and rows in pixels
of the picture (B, K, 2) and their scores (B, K).

All take the first of the largest elements of a map; they differ in what they
add to it below a pixel.
"""

import torch
from torch import nn
from torch.nn import functional

STRIDE = 4  # pixels of the picture per element of a map
# The other one of each of the 68 points in a mirrored face.
JAW = [*range(16, -1, -1)]
BROWS = [*range(26, 16, -1)]
NOSE = [27, 28, 29, 30, 35, 34, 33, 32, 31]
EYES = [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
LIPS = [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55]
INNER_LIPS = [64, 63, 62, 61, 60, 67, 66, 65]
MIRRORED = JAW + BROWS + NOSE + EYES + LIPS + INNER_LIPS


def peaks(heatmaps):
    """Columns, rows (int64) and values of the largest elements."""
    scores, index = heatmaps.flatten(2).max(dim=2)
    width = heatmaps.shape[3]
    return index % width, index // width, scores


def pick(maps, rows, columns):
    """maps[b, k, rows[b, k, ...], columns[b, k, ...]]"""
    ones = (1,) * (rows.dim() - 2)
    batch = torch.arange(maps.shape[0]).view(-1, 1, *ones)
    channel = torch.arange(maps.shape[1]).view(1, -1, *ones)
    return maps[batch, channel, rows, columns]


def inside(heatmaps, x, y, margin):
    """Whether peaks are at least `margin` elements from the border."""
    height, width = heatmaps.shape[2:]
    columns = (x >= margin) & (x < width - margin)
    return columns & (y >= margin) & (y < height - margin)


class Argmax(nn.Module):
    """The element alone."""

    def forward(self, heatmaps):
        x, y, scores = peaks(heatmaps)
        return torch.stack([x, y], dim=2).to(heatmaps.dtype) * STRIDE, scores


class QuarterPixel(nn.Module):
    """A quarter of an element towards the larger neighbour, along each axis;
    nothing at the border (stacked hourglasses, arXiv:1603.06937)."""

    def forward(self, heatmaps):
        x, y, scores = peaks(heatmaps)
        height, width = heatmaps.shape[2:]
        u, v = x.clamp(1, width - 2), y.clamp(1, height - 2)
        right = pick(heatmaps, v, u + 1) - pick(heatmaps, v, u - 1)
        down = pick(heatmaps, v + 1, u) - pick(heatmaps, v - 1, u)
        step = 0.25 * torch.stack([right, down], dim=2).sign()
        valid = inside(heatmaps, x, y, 1).unsqueeze(2)
        points = torch.stack([x, y], dim=2).to(heatmaps.dtype)
        points = torch.where(valid, points + step, points)
        return points * STRIDE, scores


class LocalSoftmax(nn.Module):
    """The mean position under a softmax of the square around the element;
    what lies outside of the map counts as 0 (arXiv:2111.02360)."""

    def __init__(self, window=5, tau=10.0):
        super().__init__()
        self.reach, self.tau = window // 2, tau
        offsets = torch.arange(-self.reach, self.reach + 1)
        rows, columns = torch.meshgrid(offsets, offsets, indexing="ij")
        self.register_buffer("rows", rows.flatten())
        self.register_buffer("columns", columns.flatten())

    def forward(self, heatmaps):
        x, y, scores = peaks(heatmaps)
        padded = functional.pad(heatmaps, (self.reach,) * 4)
        rows = y.unsqueeze(2) + self.rows + self.reach
        columns = x.unsqueeze(2) + self.columns + self.reach
        patch = pick(padded, rows, columns)
        return self.refined(x, y, patch), scores

    def refined(self, x, y, patch):
        """The points, from the elements of each square (B, K, window^2)."""
        weights = torch.softmax(self.tau * patch, dim=2)
        offsets = torch.stack([self.columns, self.rows], dim=1)
        points = torch.stack([x, y], dim=2).to(patch.dtype)
        points = points + weights @ offsets.to(patch.dtype)
        return points * STRIDE


class UnfoldedSoftmax(LocalSoftmax):
    """The same by `unfold`: all squares of a map, of which one is taken."""

    def forward(self, heatmaps):
        x, y, scores = peaks(heatmaps)
        window = 2 * self.reach + 1
        squares = functional.unfold(heatmaps, window, padding=self.reach)
        squares = squares.view(*scores.shape, window * window, -1)
        index = (y * heatmaps.shape[3] + x)[:, :, None, None]
        index = index.expand(*squares.shape[:3], 1)
        return self.refined(x, y, squares.gather(3, index).squeeze(3)), scores


class Dark(nn.Module):
    """One step of Newton's method on the logarithm of the blurred map
    (DARK, arXiv:1910.06278)."""

    def __init__(self, size=11, sigma=2.0):
        super().__init__()
        ramp = torch.arange(size, dtype=torch.float32) - size // 2
        line = torch.exp(-0.5 * (ramp / sigma) ** 2)
        kernel = line[:, None] * line[None, :]
        self.register_buffer("kernel", (kernel / kernel.sum())[None, None])

    def blurred(self, heatmaps):
        channels = heatmaps.shape[1]
        kernel = self.kernel.repeat(channels, 1, 1, 1)
        padding = self.kernel.shape[-1] // 2
        maps = functional.conv2d(
            heatmaps, kernel, padding=padding, groups=channels
        )
        return maps * heatmaps.amax((2, 3), True) / maps.amax((2, 3), True)

    def forward(self, heatmaps):
        x, y, scores = peaks(heatmaps)
        height, width = heatmaps.shape[2:]
        logs = self.blurred(heatmaps).clamp(min=1e-10).log()
        u, v = x.clamp(2, width - 3), y.clamp(2, height - 3)

        def c(i, j):
            return pick(logs, v + j, u + i)

        dx, dy = 0.5 * (c(1, 0) - c(-1, 0)), 0.5 * (c(0, 1) - c(0, -1))
        dxx = 0.25 * (c(2, 0) - 2 * c(0, 0) + c(-2, 0))
        dyy = 0.25 * (c(0, 2) - 2 * c(0, 0) + c(0, -2))
        dxy = 0.25 * (c(1, 1) - c(1, -1) - c(-1, 1) + c(-1, -1))
        determinant = dxx * dyy - dxy * dxy
        step = torch.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], dim=2)
        step = step / determinant.unsqueeze(2)
        valid = inside(heatmaps, x, y, 2) & (determinant != 0)
        points = torch.stack([x, y], dim=2).to(heatmaps.dtype)
        points = torch.where(valid.unsqueeze(2), points + step, points)
        return points * STRIDE, scores


class FlipMerged(nn.Module):
    """Decodes the sum of a picture's heatmaps and of those of the mirrored
    picture, mirrored back."""

    def __init__(self, decode):
        super().__init__()
        self.decode = decode
        self.register_buffer("mirrored", torch.tensor(MIRRORED))

    def forward(self, heatmaps, of_mirrored):
        back = of_mirrored[:, self.mirrored].flip(3)
        return self.decode(heatmaps + back)


class Landmarks(nn.Module):
    """A net of heatmaps with its decode."""

    def __init__(self, net, decode):
        super().__init__()
        self.net, self.decode = net, decode

    def forward(self, x):
        return self.decode(self.net(x))
