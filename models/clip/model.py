# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import open_clip
from torch import nn

from models.model import Input, Model, image


class ImageTower(nn.Module):
    """(B, 3, 224, 224) pictures -> (B, 512) embeddings, not normalised."""

    def __init__(self):
        super().__init__()
        self.visual = open_clip.create_model("ViT-B-32").visual

    def forward(self, pixels):
        return self.visual(pixels)


class TextTower(nn.Module):
    """(B, 77) token ids -> (B, 512) embeddings, not normalised, read at the
    position of the largest id, which is the end of the text."""

    def __init__(self):
        super().__init__()
        self.clip = open_clip.create_model("ViT-B-32")
        del self.clip.visual
        del self.clip.logit_scale

    def forward(self, tokens):
        return self.clip.encode_text(tokens)


MODELS = [
    Model("clip_vit_b32_image", ImageTower, 87_849_216, 4.409, image()),
    Model(
        "clip_vit_b32_text",
        TextTower,
        63_428_096,
        2.980,
        {"tokens": Input((1, 77), "tokens")},
    ),
]
