# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from torchvision.models import convnext_tiny

from models.model import Model, image

MODELS = [Model("convnext_tiny", convnext_tiny, 28_589_128, 4.455, image())]
