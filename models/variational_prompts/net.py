# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""CLIP whose learned contexts are drawn from a posterior (variational prompt
learning), for a fixed list of classes: one posterior for all pictures, or one
for each."""

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
        self.logit_scale = nn.Parameter(torch.zeros(()))
        self.register_buffer("ids", ids, persistent=False)
        self.add_posterior(width, joint)

    def add_posterior(self, width, joint):
        self.mean = nn.Parameter(torch.zeros(1, width))
        self.log_variance = nn.Parameter(torch.zeros(1, width))

    def posterior(self, image):
        """Mean and logarithm of the variance, (1, width) each."""
        return self.mean, self.log_variance

    def class_matrices(self, image, noise):
        """(samples, classes, joint) of unit rows."""
        samples, classes = noise.shape[0], self.ids.shape[0]
        mean, log_variance = self.posterior(image)
        shift = mean + noise * log_variance.exp().sqrt()
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
        matrices = self.class_matrices(image, noise)
        logits = self.logit_scale.exp() * torch.einsum(
            "bd,lcd->lbc", image, matrices
        )
        log_probabilities = torch.log_softmax(logits, dim=-1)
        mean = torch.logsumexp(log_probabilities, dim=0)
        return mean - math.log(noise.shape[0])


def posterior_head(joint, width):
    return nn.Sequential(
        nn.Linear(joint, joint // 2),
        nn.ELU(),
        nn.Linear(joint // 2, joint // 2),
        nn.ELU(),
        nn.Linear(joint // 2, width),
    )


class ConditionalPrompts(VariationalPrompts):
    """The same with a posterior that depends on the picture: the text tower
    runs for each of them, one after the other, with the same noise."""

    def add_posterior(self, width, joint):
        self.mean = posterior_head(joint, width)
        self.log_variance = posterior_head(joint, width)

    def posterior(self, image):
        return self.mean(image), self.log_variance(image)

    def forward(self, pixels, noise):
        if pixels.shape[0] == 1:
            return super().forward(pixels, noise)
        return torch.cat([self(picture[None], noise) for picture in pixels])
