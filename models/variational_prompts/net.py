# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""CLIP whose learned contexts are drawn from a posterior (variational prompt
learning), for a fixed list of classes."""

import math

import torch
from torch import nn

from models.lasp.net import TextTower, VisionTower


class VariationalPrompts(nn.Module):
    """(B, 3, size, size) pictures and noise (samples, 1, width) of unit variance
    -> (B, classes): log of the mean over the samples of the probabilities.

    One draw shifts all contexts of a sample, whatever the picture. `ids` as of
    models.lasp.net.Lasp."""

    def __init__(self, ids, contexts, vision, text, joint):
        super().__init__()
        width = text["width"]
        self.visual = VisionTower(**vision, joint=joint)
        self.text = TextTower(**text, tokens=ids.shape[1], joint=joint)
        self.ctx = nn.Parameter(torch.zeros(contexts, width))
        self.mean = nn.Parameter(torch.zeros(1, width))
        self.log_variance = nn.Parameter(torch.zeros(1, width))
        self.logit_scale = nn.Parameter(torch.zeros(()))
        self.register_buffer("ids", ids, persistent=False)

    def class_matrices(self, noise):
        """(samples, classes, joint) of unit rows."""
        samples, classes = noise.shape[0], self.ids.shape[0]
        shift = self.mean + noise * self.log_variance.exp().sqrt()
        embeddings = self.text.token_embedding(self.ids)
        after = 1 + self.ctx.shape[0]
        prompts = [
            torch.cat(
                [
                    embeddings[:, :1],
                    (self.ctx + shift[sample]).expand(classes, -1, -1),
                    embeddings[:, after:],
                ],
                dim=1,
            )
            for sample in range(samples)
        ]
        ends = self.ids.argmax(dim=-1).repeat(samples)
        features = self.text(torch.cat(prompts), ends)
        features = features / features.norm(dim=-1, keepdim=True)
        return features.reshape(samples, classes, -1)

    def forward(self, pixels, noise):
        image = self.visual(pixels)
        image = image / image.norm(dim=-1, keepdim=True)
        matrices = self.class_matrices(noise)
        logits = self.logit_scale.exp() * torch.einsum(
            "bd,lcd->lbc", image, matrices
        )
        log_probabilities = torch.log_softmax(logits, dim=-1)
        mean = torch.logsumexp(log_probabilities, dim=0)
        return mean - math.log(noise.shape[0])
