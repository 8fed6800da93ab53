# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from torchvision.models import efficientnet_b0

from models.model import Model, image

MODELS = [
    Model(
        "efficientnet_b0",
        efficientnet_b0,
        5_288_548,
        0.386,
        image(),
    ),
]
