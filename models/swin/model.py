# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from torchvision.models import swin_t

from models.model import Model, image

MODELS = [Model("swin_tiny", swin_t, 28_288_354, 4.491, image())]
