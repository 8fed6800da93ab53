# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from torchvision.models import mobilenet_v2, mobilenet_v3_large

from models.model import Model, image

MODELS = [
    Model("mobilenet_v2", mobilenet_v2, 3_504_872, 0.301, image()),
    Model(
        "mobilenet_v3_large",
        mobilenet_v3_large,
        5_483_032,
        0.217,
        image(),
    ),
]
