# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A captioner of pictures and clips: a vision transformer, a decoder with
cross attention over its tokens (both as in BLIP), and CLIP's text tower, which
tells the class of a caption.

The decoder's rows share one cache. A row is a token of the prompt or a beam;
`visible` says which of the cached tokens belong to its past, so that beams that
change places move none of the keys and values.
"""

import math

import torch
from torch import nn


def split_heads(x, heads):
    """B x N x (heads width) -> B x heads x N x width"""
    batch, count, width = x.shape
    return x.view(batch, count, heads, width // heads).permute(0, 2, 1, 3)


def merge_heads(x):
    batch, heads, count, head = x.shape
    return x.permute(0, 2, 1, 3).reshape(batch, count, heads * head)


class VisionBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.wide = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)

    def forward(self, x):
        batch, count, width = x.shape
        head = width // self.heads
        qkv = self.qkv(self.norm1(x)).reshape(batch, count, 3, self.heads, head)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * head**-0.5
        x = x + self.proj(merge_heads(scores.softmax(-1) @ v))
        y = nn.functional.gelu(self.wide(self.norm2(x)))
        return x + self.narrow(y)


class Vision(nn.Module):
    """T x 3 x H x W pictures -> T x (1 + HW / patch^2) x width"""

    def __init__(self, c):
        super().__init__()
        side = c.image // c.patch
        self.patches = nn.Conv2d(3, c.width, c.patch, c.patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, c.width))
        self.place_embed = nn.Parameter(torch.zeros(1, side**2 + 1, c.width))
        self.blocks = nn.ModuleList(
            VisionBlock(c.width, c.heads) for _ in range(c.layers)
        )
        self.norm = nn.LayerNorm(c.width, eps=1e-6)

    def forward(self, frames):
        x = self.patches(frames).flatten(2).transpose(1, 2)
        first = self.class_token.expand(frames.shape[0], -1, -1)
        x = torch.cat([first, x], 1) + self.place_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class Attention(nn.Module):
    """BERT's: the scores are divided behind the product; norm behind the
    sum."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)

    def keys_and_values(self, x):
        """Two of B x heads x N x width of a head."""
        return (
            split_heads(self.key(x), self.heads),
            split_heads(self.value(x), self.heads),
        )

    def forward(self, x, key, value, mask=None):
        query = split_heads(self.query(x), self.heads)
        scores = query @ key.transpose(-1, -2)
        scores = scores / math.sqrt(key.shape[-1])
        if mask is not None:
            scores = scores + mask
        y = merge_heads(scores.softmax(-1) @ value)
        return self.norm(self.out(y) + x)


class DecoderLayer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.inner = Attention(width, heads)
        self.cross = Attention(width, heads)
        self.wide = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x, past, cross, mask):
        """Returns the rows, and the keys and values of all tokens."""
        key, value = self.inner.keys_and_values(x)
        if past is not None:
            key = torch.cat([past[0], key], 2)
            value = torch.cat([past[1], value], 2)
        x = self.inner(x, key, value, mask)
        x = self.cross(x, *cross)
        y = nn.functional.gelu(self.wide(x))
        return self.norm(self.narrow(y) + x), (key, value)


class Decoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.token_embed = nn.Embedding(c.vocabulary, c.width)
        self.place_embed = nn.Embedding(c.places, c.width)
        self.norm = nn.LayerNorm(c.width, eps=1e-12)
        self.layers = nn.ModuleList(
            DecoderLayer(c.width, c.heads) for _ in range(c.layers)
        )
        self.head = nn.Linear(c.width, c.width)
        self.head_norm = nn.LayerNorm(c.width, eps=1e-12)
        self.head_bias = nn.Parameter(torch.zeros(c.vocabulary))

    def cross(self, x):
        """Keys and values of each layer's cross attention over x."""
        return [layer.cross.keys_and_values(x) for layer in self.layers]

    def rows(self, tokens, places, visible, pasts, cross):
        """R tokens at R (or 1) places -> 1 x R x width, and the keys and
        values of each layer, of 1 x heads x (P + R) x width of a head.

        visible: R x (P + R), 1 where a row sees a key, else 0."""
        x = self.token_embed(tokens) + self.place_embed(places)
        x = self.norm(x).unsqueeze(0)
        mask = (1.0 - visible) * -10000.0
        cached = []
        for i, layer in enumerate(self.layers):
            past = pasts[i] if pasts else None
            x, now = layer(x, past, cross[i], mask)
            cached.append(now)
        return x, cached

    def logits(self, x):
        y = self.head_norm(nn.functional.gelu(self.head(x)))
        return nn.functional.linear(y, self.token_embed.weight, self.head_bias)


class TextBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.heads = max(width // 64, 1)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.wide = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)

    def forward(self, x, mask):
        q, k, v = self.qkv(self.norm1(x)).chunk(3, -1)
        q, k, v = (split_heads(y, self.heads) for y in (q, k, v))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + mask
        x = x + self.out(merge_heads(scores.softmax(-1) @ v))
        y = self.wide(self.norm2(x))
        return x + self.narrow(y * torch.sigmoid(1.702 * y))


class Text(nn.Module):
    """B x context ids, padded by 0 -> B x joint, of length 1; read where the
    largest id is, the end of the text."""

    def __init__(self, c):
        super().__init__()
        self.token_embed = nn.Embedding(c.text_vocabulary, c.text_width)
        shape = (c.text_context, c.text_width)
        self.place_embed = nn.Parameter(torch.zeros(shape))
        self.blocks = nn.ModuleList(
            TextBlock(c.text_width) for _ in range(c.text_layers)
        )
        self.norm = nn.LayerNorm(c.text_width)
        self.projection = nn.Parameter(torch.zeros(c.text_width, c.joint))
        count = c.text_context
        mask = torch.full((count, count), float("-inf")).triu(1)
        self.register_buffer("mask", mask)

    def forward(self, ids):
        x = self.token_embed(ids) + self.place_embed
        for block in self.blocks:
            x = block(x, self.mask)
        x = self.norm(x)[torch.arange(ids.shape[0]), ids.argmax(-1)]
        x = x @ self.projection
        return x / x.norm(dim=-1, keepdim=True)


class Captioner(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.config = c
        self.vision, self.decoder, self.text = Vision(c), Decoder(c), Text(c)
        self.register_buffer("class_matrix", torch.zeros(c.classes, c.joint))

    def see(self, frames):
        """T x 3 x H x W -> 1 x (T tokens) x width"""
        x = self.vision(frames)
        return x.reshape(1, -1, x.shape[-1])

    def read(self, frames):
        """What `write` needs of the frames."""
        return self.decoder.cross(self.see(frames))

    def write(self, cross, tokens):
        """Logits of the token behind each of N tokens, N x vocabulary,
        without a cache."""
        count = tokens.shape[0]
        visible = torch.ones(count, count, dtype=cross[0][0].dtype).tril()
        x, _ = self.decoder.rows(
            tokens, torch.arange(count), visible, None, cross
        )
        return self.decoder.logits(x)[0]

    def forward(self, frames, tokens):
        return self.write(self.read(frames), tokens)


def flatten(pairs):
    return [tensor for pair in pairs for tensor in pair]


def pairs(tensors):
    return list(zip(tensors[::2], tensors[1::2]))


class Encode(nn.Module):
    """frames -> keys and values of cross attention, layer by layer."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, frames):
        return tuple(flatten(self.net.read(frames)))


class Prefill(nn.Module):
    """1 x N tokens and the cross keys and values -> logits 1 x vocabulary of
    the next token, what each beam sees, keys and values of the prompt."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, tokens, cross):
        decoder, count = self.net.decoder, tokens.shape[1]
        visible = torch.ones(count, count).tril()
        x, cached = decoder.rows(
            tokens[0], torch.arange(count), visible, None, pairs(cross)
        )
        seen = (tokens >= 0).float().expand(self.net.config.beams, -1)
        return decoder.logits(x[:, -1]), seen, *flatten(cached)


class Step(nn.Module):
    """A token of each beam, the beam of the last step that each continues,
    the tokens' place, and the caches -> logits beams x vocabulary, caches."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, tokens, parents, position, visible, past, cross):
        seen = torch.cat(
            [visible.index_select(0, parents), torch.eye(tokens.shape[0])], 1
        )
        x, cached = self.net.decoder.rows(
            tokens, position, seen, pairs(past), pairs(cross)
        )
        return self.net.decoder.logits(x[0]), seen, *flatten(cached)


class Classify(nn.Module):
    """1 x context ids -> 1 x classes: the cosine to each class, times 100."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, ids):
        return 100.0 * self.net.text(ids) @ self.net.class_matrix.T


@torch.no_grad()
def seeded(c, seed=0):
    from models.randomise import randomise

    net = Captioner(c)
    frames = torch.zeros(c.frames, 3, c.image, c.image)
    randomise(net, [frames, torch.tensor(c.prompt)], seed)
    # What is alike for all tokens, such as an even attention over a picture,
    # would say the same word again and again.
    for layer in net.decoder.layers:
        layer.narrow.weight *= c.change
        for attention in (layer.inner, layer.cross):
            attention.query.weight *= c.sharpness
            attention.out.weight *= c.mixing
    net.decoder.head_bias[c.end] += c.end_bias
    # One-word texts: the start, a word, the end, which is the largest id.
    names = torch.zeros((c.classes, c.text_context), dtype=torch.int64)
    names[:, 0] = c.text_vocabulary - 2
    names[:, 1] = torch.arange(1, c.classes + 1)
    names[:, 2] = c.text_vocabulary - 1
    net.class_matrix.copy_(net.text(names))
    return net
