# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An ensemble of video nets that name an action by its verb and its noun, as
entered in EPIC-Kitchens-100 2021 (arXiv:2110.02902)."""

import torch
from torch import nn

VERBS, NOUNS = 97, 300
# Actions that are ranked, as the challenge's scoring tool takes them, and the
# number of an action: a thousand times its verb's plus its noun's.
RANKED = 100
VERB_STEP = 1000
# Means and deviations of pixels from 0 to 1, as the families expect them.
STATISTICS = {
    "gsf": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "xvit": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}


class Member(nn.Module):
    """A net with its frames and its statistics of pixels.

    Reads every `step`-th frame of a clip (B, 3, T, H, W) whose pixels are
    normalised as GSF's are; returns scores of verbs and of nouns.
    """

    def __init__(self, net, family, step):
        super().__init__()
        self.net, self.family, self.step = net, family, step
        (from_mean, from_std), (mean, std) = (
            torch.tensor(STATISTICS[name]).view(2, 3, 1, 1, 1)
            for name in ("gsf", family)
        )
        self.register_buffer("factor", from_std / std)
        self.register_buffer("offset", (from_mean - mean) / std)

    def forward(self, clip):
        x = clip[:, :, :: self.step]
        if self.family == "xvit":
            return self.net(x * self.factor + self.offset)
        scores = self.net(x.transpose(1, 2).flatten(1, 2))
        return scores.split((VERBS, NOUNS), dim=1)


class Ensemble(nn.Module):
    """(B, 3, T, H, W) to the RANKED likeliest actions (B, RANKED), int64, and
    their probabilities, largest first: scores are summed by weight, verbs and
    nouns taken as independent."""

    def __init__(self, members, weights):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.weights = weights

    def forward(self, clip):
        scores = [member(clip) for member in self.members]
        verbs, nouns = (
            sum(weight * head for weight, head in zip(self.weights, heads))
            for heads in zip(*scores)
        )
        verbs, nouns = verbs.softmax(dim=1), nouns.softmax(dim=1)
        products = verbs.unsqueeze(2) * nouns.unsqueeze(1)
        probabilities, index = products.flatten(1).topk(RANKED, dim=1)
        verb = index // NOUNS
        return verb * VERB_STEP + index % NOUNS, probabilities
