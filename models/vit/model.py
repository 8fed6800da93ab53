# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import functools

import timm

from models.model import Model, image


def vit(size):
    return functools.partial(timm.create_model, f"vit_{size}_patch16_224")


MODELS = [
    Model("vit_tiny", vit("tiny"), 5_717_416, 1.254, image()),
    Model("vit_small", vit("small"), 22_050_664, 4.599, image()),
    Model("vit_base", vit("base"), 86_567_656, 17.564, image()),
]
