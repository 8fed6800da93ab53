# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from torchvision.models import densenet121

from models.model import Model, image

MODELS = [Model("densenet121", densenet121, 7_978_856, 2.834, image())]
