# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from torchvision.models import resnet18, resnet50

from models.model import Model, image

MODELS = [
    Model("resnet18", resnet18, 11_689_512, 1.814, image()),
    Model("resnet50", resnet50, 25_557_032, 4.089, image()),
]
