# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from models.edgevit.net import EdgeViT
from models.model import Model, image


def xxs():
    return EdgeViT((36, 72, 144, 288), (1, 1, 3, 2), head_dim=36)


def xs():
    return EdgeViT((48, 96, 240, 384), (1, 1, 3, 1), head_dim=48)


def s():
    return EdgeViT((48, 96, 240, 384), (1, 2, 5, 3), head_dim=48)


MODELS = [
    Model("edgevit_xxs", xxs, 4_067_704, 0.551, image()),
    Model("edgevit_xs", xs, 6_770_056, 1.128, image()),
    Model("edgevit_s", s, 13_108_168, 1.911, image()),
]
