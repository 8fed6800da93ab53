# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from models.epic.net import NOUNS, VERBS, Ensemble, Member
from models.gsf.net import GsfResNet
from models.model import Input, Model
from models.xvit.net import XViT


def equal(*members):
    """An ensemble of equal weights."""
    return Ensemble(members, [1 / len(members)] * len(members))


def base():
    """GSF-ResNet50 and XViT-B/16, 8 frames each."""
    return equal(
        Member(GsfResNet(8, classes=VERBS + NOUNS), "gsf", step=1),
        Member(XViT(8, 8, 4, classes=(VERBS, NOUNS)), "xvit", step=1),
    )


def small():
    """The same two families, few channels, 4 and 8 frames."""
    gsf = GsfResNet(4, depths=(1, 1), width=16, classes=VERBS + NOUNS)
    xvit = XViT(
        8,
        8,
        4,
        size=48,
        channels=24,
        heads=3,
        depth=2,
        classes=(VERBS, NOUNS),
    )
    return equal(Member(gsf, "gsf", step=2), Member(xvit, "xvit", step=1))


def epic(name, build, params, gmacs, size, extra=False):
    return Model(
        name,
        build,
        params,
        gmacs,
        {"clip": Input((1, 3, 8, size, size))},
        ("actions", "probabilities"),
        extra,
    )


MODELS = [
    epic("epic_ensemble", base, 118_220_186, 173.571, 224, extra=True),
    epic("epic_small", small, 135_346, 0.016, 48),
]
