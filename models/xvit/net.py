# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""XViT: space-time mixing attention for video (Bulat et al., NeurIPS 2021,
arXiv:2106.05968). A vision transformer over the tokens of every frame whose
keys and values come, for some channels, from the frame before or after."""

import torch
from torch import nn

HEAD_EPSILON = 1e-5
BODY_EPSILON = 1e-6
# The published networks repeat eight vectors, whatever the number of frames.
TEMPORAL_PERIOD = 8


class TemporalShift(nn.Module):
    """Keys or values (B*T, heads, tokens, d) with the first 1/div of all
    heads*d channels from the next frame and as many from the frame before.
    Beyond a segment's ends there are zeros."""

    def __init__(self, segment, div):
        super().__init__()
        self.segment, self.div = segment, div

    def forward(self, x):
        frames, heads, tokens, width = x.shape
        channels = heads * width
        fold = channels // self.div
        x = x.permute(0, 1, 3, 2).reshape(-1, self.segment, channels, tokens)
        out = torch.zeros_like(x)
        out[:, :-1, :fold] = x[:, 1:, :fold]
        out[:, 1:, fold : 2 * fold] = x[:, :-1, fold : 2 * fold]
        out[:, :, 2 * fold :] = x[:, :, 2 * fold :]
        out = out.reshape(frames, heads, width, tokens)
        return out.permute(0, 1, 3, 2)


class Attention(nn.Module):
    """(B, tokens, C) to the same; `mix` is applied to keys and values."""

    def __init__(self, channels, heads, bias, mix=None):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(channels, 3 * channels, bias=bias)
        self.projection = nn.Linear(channels, channels)
        self.mix = mix or nn.Identity()

    def forward(self, x):
        batch, tokens, channels = x.shape
        width = channels // self.heads
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, width)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        k, v = self.mix(k), self.mix(v)
        weights = (q @ k.transpose(-2, -1) * width**-0.5).softmax(dim=-1)
        x = (weights @ v).transpose(1, 2).reshape(batch, tokens, channels)
        return self.projection(x)


class Block(nn.Module):
    """A pre-norm transformer block, (B, tokens, C) to the same."""

    def __init__(self, channels, heads, epsilon, bias=True, mix=None):
        super().__init__()
        self.attention_norm = nn.LayerNorm(channels, eps=epsilon)
        self.attention = Attention(channels, heads, bias, mix)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(channels, eps=epsilon),
            nn.Linear(channels, 4 * channels),
            nn.GELU(),
            nn.Linear(4 * channels, channels),
        )

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.feed_forward(x)


class TemporalHead(nn.Module):
    """Frames' class tokens (B, T, C) to a list of (B, classes), one for each of
    `classes`: one block over time with a class token of its own."""

    def __init__(self, channels, heads, classes):
        super().__init__()
        self.class_token = nn.Parameter(torch.zeros(1, 1, channels))
        self.block = Block(channels, heads, HEAD_EPSILON, bias=False)
        self.norm = nn.LayerNorm(channels, eps=HEAD_EPSILON)
        self.hidden = nn.Sequential(
            nn.Linear(channels, channels), nn.GELU()
        )
        self.classifiers = nn.ModuleList(
            nn.Linear(channels, count) for count in classes
        )

    def forward(self, x):
        token = self.class_token.expand(x.shape[0], -1, -1)
        x = self.block(torch.cat((token, x), dim=1))[:, 0]
        x = self.hidden(self.norm(x))
        return tuple(classifier(x) for classifier in self.classifiers)


class XViT(nn.Module):
    """(B, 3, T, size, size) to (B, classes), or a tuple of such where `classes`
    has several counts (verbs and nouns)."""

    def __init__(
        self,
        frames,
        segment,
        div,
        size=224,
        patch=16,
        channels=768,
        heads=12,
        depth=12,
        classes=(174,),
    ):
        super().__init__()
        tokens = (size // patch) ** 2 + 1
        self.frames = frames
        self.patch_embed = nn.Conv2d(3, channels, patch, patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, channels))
        self.position_embed = nn.Parameter(torch.zeros(1, tokens, channels))
        self.temporal_embed = nn.Parameter(
            torch.zeros(1, TEMPORAL_PERIOD, 1, channels)
        )
        self.blocks = nn.Sequential(
            *(
                Block(
                    channels,
                    heads,
                    BODY_EPSILON,
                    mix=TemporalShift(segment, div),
                )
                for _ in range(depth)
            )
        )
        self.norm = nn.LayerNorm(channels, eps=BODY_EPSILON)
        self.head = TemporalHead(channels, heads, classes)

    def forward(self, x):
        x = x.transpose(1, 2).flatten(0, 1)
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        token = self.class_token.expand(x.shape[0], -1, -1)
        x = torch.cat((token, x), dim=1) + self.position_embed
        frames, tokens, channels = x.shape
        x = x.view(-1, TEMPORAL_PERIOD, tokens, channels) + self.temporal_embed
        x = self.blocks(x.view(frames, tokens, channels))
        x = self.norm(x)[:, 0].view(-1, self.frames, channels)
        outputs = self.head(x)
        return outputs if len(outputs) > 1 else outputs[0]
