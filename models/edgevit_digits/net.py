# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A small EdgeViT for handwritten digits."""

from torch import nn

from models.edgevit.net import EdgeViT


class DigitsEdgeViT(nn.Module):
    """(B, 1, 28, 28) pictures with values in [0, 1] -> (B, 10) logits."""

    def __init__(self):
        super().__init__()
        # 32 x 32 is divided by the patches and rates of three stages.
        self.pad = nn.ZeroPad2d(2)
        self.net = EdgeViT(
            channels=(32, 64, 96),
            depths=(1, 2, 2),
            head_dim=32,
            rates=(4, 2, 1),
            patches=(2, 2, 2),
            inputs=1,
            classes=10,
        )

    def forward(self, pictures):
        return self.net(self.pad(pictures))
