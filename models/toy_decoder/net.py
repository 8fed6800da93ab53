# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A small causal transformer as two modules that share weights: one reads a
prompt, the other one token and the keys and values of all tokens before."""

import math

import torch
from torch import nn

VOCABULARY, SIZE, HEADS, LAYERS, POSITIONS = 97, 32, 4, 2, 128
# Names of the cached tensors of a run, 1 x heads x tokens x size of a head.
CACHED = [f"{kind}{i}" for i in range(LAYERS) for kind in ("key", "value")]


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.norm2 = nn.LayerNorm(SIZE), nn.LayerNorm(SIZE)
        self.query, self.key = nn.Linear(SIZE, SIZE), nn.Linear(SIZE, SIZE)
        self.value, self.out = nn.Linear(SIZE, SIZE), nn.Linear(SIZE, SIZE)
        self.wide = nn.Linear(SIZE, 4 * SIZE)
        self.narrow = nn.Linear(4 * SIZE, SIZE)

    def forward(self, x, past=None):
        count = x.shape[1]
        h = self.norm(x)

        def heads(y):
            return y.view(1, count, HEADS, SIZE // HEADS).transpose(1, 2)

        query = heads(self.query(h))
        key, value = heads(self.key(h)), heads(self.value(h))
        first = 0
        if past is not None:
            first = past[0].shape[2]
            key = torch.cat([past[0], key], 2)
            value = torch.cat([past[1], value], 2)
        rows = torch.arange(first, first + count).unsqueeze(1)
        columns = torch.arange(first + count).unsqueeze(0)
        scores = query @ key.transpose(-1, -2) / math.sqrt(SIZE // HEADS)
        scores = scores.masked_fill(columns > rows, float("-inf"))
        y = scores.softmax(-1) @ value
        x = x + self.out(y.transpose(1, 2).reshape(1, count, SIZE))
        y = nn.functional.gelu(self.wide(self.norm2(x)))
        return x + self.narrow(y), key, value


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(VOCABULARY, SIZE)
        self.position = nn.Embedding(POSITIONS, SIZE)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(SIZE)
        self.head = nn.Linear(SIZE, VOCABULARY, bias=False)

    def forward(self, tokens, *past):
        """Logits of the next token, and the keys and values of all tokens."""
        first = past[0].shape[2] if past else 0
        places = torch.arange(first, first + tokens.shape[1])
        x = self.token(tokens) + self.position(places)
        cached = []
        for i, block in enumerate(self.blocks):
            x, key, value = block(x, past[2 * i : 2 * i + 2] or None)
            cached += [key, value]
        return (self.head(self.norm(x))[:, -1], *cached)


class Prefill(nn.Module):
    def __init__(self, decoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, tokens):
        return self.decoder(tokens)


class Step(nn.Module):
    def __init__(self, decoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, token, past):
        return self.decoder(token, *past)


def seeded():
    """With weights large enough that attention is not even."""
    torch.manual_seed(0)
    decoder = Decoder().eval()
    for parameter in decoder.parameters():
        parameter.data.normal_(0, 0.3)
    return decoder
