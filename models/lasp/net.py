# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""CLIP with learned contexts in front of class names (LASP).

The classes are constants of the module: their token ids are a buffer, so that
an export holds the text tower and everything that it reads.
"""

import torch
from torch import nn

SIGMOID_FACTOR = 1.702


class QuickGelu(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(SIGMOID_FACTOR * x)


class Block(nn.Module):
    """Pre-norm block on (tokens, batch, width)."""

    def __init__(self, width, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), QuickGelu(), nn.Linear(4 * width, width)
        )

    def forward(self, x, mask=None):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False, attn_mask=mask)[0]
        return x + self.mlp(self.ln_2(x))


class VisionTower(nn.Module):
    """(B, 3, size, size) -> (B, joint)."""

    def __init__(self, size, patch, width, layers, heads, joint):
        super().__init__()
        tokens = (size // patch) ** 2 + 1
        self.patches = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros(tokens, width))
        self.ln_pre = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.zeros(width, joint))

    def forward(self, pixels):
        x = self.patches(pixels).flatten(2).transpose(1, 2)
        zeros = torch.zeros(
            x.shape[0], 1, x.shape[-1], dtype=x.dtype, device=x.device
        )
        x = torch.cat([self.class_embedding + zeros, x], dim=1)
        x = self.ln_pre(x + self.positional_embedding).transpose(0, 1)
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x.transpose(0, 1)[:, 0]) @ self.proj


class TextTower(nn.Module):
    """Embeddings (N, tokens, width) and the places of the ends (N) ->
    (N, joint). A row sees what stands before it only."""

    def __init__(self, vocabulary, tokens, width, layers, heads, joint):
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.zeros(tokens, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.zeros(width, joint))
        hidden = torch.full((tokens, tokens), float("-inf")).triu(1)
        self.register_buffer("mask", hidden, persistent=False)

    def forward(self, embeddings, ends):
        x = (embeddings + self.positional_embedding).transpose(0, 1)
        for block in self.blocks:
            x = block(x, self.mask)
        x = self.ln_final(x.transpose(0, 1))
        rows = torch.arange(x.shape[0], device=x.device)
        return x[rows, ends] @ self.text_projection


class Lasp(nn.Module):
    """(B, 3, size, size) -> (B, classes): scaled cosines of the picture and
    each class. `ids` (classes, tokens): the prompts, whose tokens 1 to
    `contexts` are replaced by learned vectors; the largest id ends a text."""

    def __init__(self, ids, contexts, vision, text, joint):
        super().__init__()
        self.visual = VisionTower(**vision, joint=joint)
        self.text = TextTower(**text, tokens=ids.shape[1], joint=joint)
        self.ctx = nn.Parameter(torch.zeros(contexts, text["width"]))
        self.feature_bias = nn.Parameter(torch.zeros(1, joint))
        self.logit_scale = nn.Parameter(torch.zeros(()))
        self.register_buffer("ids", ids, persistent=False)

    def class_matrix(self, ids):
        """(classes, joint) of unit rows."""
        embeddings = self.text.token_embedding(ids)
        after = 1 + self.ctx.shape[0]
        ctx = self.ctx.expand(ids.shape[0], -1, -1)
        prompts = torch.cat(
            [embeddings[:, :1], ctx, embeddings[:, after:]], dim=1
        )
        features = self.text(prompts, ids.argmax(dim=-1))
        features = features + self.feature_bias
        return features / features.norm(dim=-1, keepdim=True)

    def logits(self, pixels, classes):
        image = self.visual(pixels)
        image = image / image.norm(dim=-1, keepdim=True)
        return self.logit_scale.exp() * image @ classes.t()

    def forward(self, pixels):
        return self.logits(pixels, self.class_matrix(self.ids))


class OpenLasp(nn.Module):
    """A Lasp whose prompts are an input, of any number of classes."""

    def __init__(self, lasp):
        super().__init__()
        self.lasp = lasp

    def forward(self, pixels, ids):
        return self.lasp.logits(pixels, self.lasp.class_matrix(ids))


class ImageSide(nn.Module):
    """A Lasp whose class matrix is a constant: what engines are timed on that
    compute no constants in advance."""

    def __init__(self, lasp):
        super().__init__()
        self.visual = lasp.visual
        self.logit_scale = lasp.logit_scale
        with torch.no_grad():
            self.register_buffer("classes", lasp.class_matrix(lasp.ids))

    def forward(self, pixels):
        return Lasp.logits(self, pixels, self.classes)
