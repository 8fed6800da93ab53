# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""EdgeViT (Pan et al., ECCV 2022, arXiv:2205.03436), written from the paper
and checked against its published parameter and operation counts.

A block is local aggregation (depthwise and pointwise convolutions), global
attention among delegates sampled from the grid, and local propagation by a
depthwise transposed convolution.
"""

from torch import nn


def grid_to_tokens(x):
    """(B, C, H, W) -> (B, H*W, C)."""
    return x.flatten(2).transpose(1, 2)


def tokens_to_grid(x, height, width):
    """(B, H*W, C) -> (B, C, H, W)."""
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], height, width)


def depthwise(channels, kernel):
    return nn.Conv2d(
        channels, channels, kernel, padding=kernel // 2, groups=channels
    )


class LocalAggregation(nn.Module):
    """Position, a linear 5x5 mixer and a feed-forward net, all on the grid."""

    def __init__(self, channels, ratio):
        super().__init__()
        hidden = channels * ratio
        self.position = depthwise(channels, 3)
        self.mixer = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, channels, 1),
            depthwise(channels, 5),
            nn.Conv2d(channels, channels, 1),
        )
        self.feed_forward = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, hidden, 1),
            nn.GELU(),
            nn.Conv2d(hidden, channels, 1),
        )

    def forward(self, x):
        x = x + self.position(x)
        x = x + self.mixer(x)
        return x + self.feed_forward(x)


class DelegateAttention(nn.Module):
    """Attention among every rate-th token of each axis, spread back over the
    rate x rate windows that the delegates stand for."""

    def __init__(self, channels, heads, rate):
        super().__init__()
        self.heads = heads
        self.rate = rate
        self.scale = (channels // heads) ** -0.5
        self.qkv = nn.Linear(channels, 3 * channels)
        self.project = nn.Linear(channels, channels)
        if rate > 1:
            # Kernel 1: the pool only samples.
            self.sample = nn.AvgPool2d(1, stride=rate)
            self.spread = nn.ConvTranspose2d(
                channels, channels, rate, stride=rate, groups=channels
            )
            self.norm = nn.LayerNorm(channels)

    def attend(self, tokens):
        batch, count, channels = tokens.shape
        qkv = self.qkv(tokens)
        qkv = qkv.reshape(batch, count, 3, self.heads, channels // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (query @ key.transpose(-2, -1)) * self.scale
        mixed = scores.softmax(dim=-1) @ value
        return mixed.transpose(1, 2).reshape(batch, count, channels)

    def forward(self, tokens, height, width):
        if self.rate == 1:
            return self.project(self.attend(tokens))
        grid = self.sample(tokens_to_grid(tokens, height, width))
        rows, columns = grid.shape[2], grid.shape[3]
        mixed = self.attend(grid_to_tokens(grid))
        grid = self.spread(tokens_to_grid(mixed, rows, columns))
        return self.project(self.norm(grid_to_tokens(grid)))


class Block(nn.Module):
    """Local aggregation, global attention, local propagation."""

    def __init__(self, channels, heads, rate, ratio):
        super().__init__()
        local = rate > 1
        self.local = (
            LocalAggregation(channels, ratio) if local else nn.Identity()
        )
        self.position = depthwise(channels, 3)
        self.norm1 = nn.LayerNorm(channels, eps=1e-6)
        self.attention = DelegateAttention(channels, heads, rate)
        self.norm2 = nn.LayerNorm(channels, eps=1e-6)
        self.feed_forward = nn.Sequential(
            nn.Linear(channels, channels * ratio),
            nn.GELU(),
            nn.Linear(channels * ratio, channels),
        )

    def forward(self, x):
        x = self.local(x)
        x = x + self.position(x)
        height, width = x.shape[2], x.shape[3]
        tokens = grid_to_tokens(x)
        tokens = tokens + self.attention(self.norm1(tokens), height, width)
        tokens = tokens + self.feed_forward(self.norm2(tokens))
        return tokens_to_grid(tokens, height, width)


class PatchEmbedding(nn.Module):
    """Non-overlapping patches to channels, normalised per token."""

    def __init__(self, inputs, channels, patch):
        super().__init__()
        self.project = nn.Conv2d(inputs, channels, patch, stride=patch)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x):
        x = self.project(x)
        tokens = self.norm(grid_to_tokens(x))
        return tokens_to_grid(tokens, x.shape[2], x.shape[3])


class EdgeViT(nn.Module):
    """(B, inputs, H, W) -> (B, classes) logits.

    channels, depths, rates and patches have one entry per stage; a stage has
    channels // head_dim heads, and no local aggregation where its rate is 1.
    """

    def __init__(
        self,
        channels,
        depths,
        head_dim,
        rates=(4, 2, 2, 1),
        patches=(4, 2, 2, 2),
        ratio=4,
        inputs=3,
        classes=1000,
    ):
        super().__init__()
        stages = []
        for width, depth, rate, patch in zip(channels, depths, rates, patches):
            stages.append(PatchEmbedding(inputs, width, patch))
            heads = width // head_dim
            for _ in range(depth):
                stages.append(Block(width, heads, rate, ratio))
            inputs = width
        self.stages = nn.Sequential(*stages)
        self.norm = nn.BatchNorm2d(inputs)
        self.head = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.norm(self.stages(x))
        return self.head(x.mean(dim=(2, 3)))
