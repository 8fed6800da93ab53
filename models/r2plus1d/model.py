# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from torchvision.models.video import r2plus1d_18

from models.model import Input, Model

CLIP = {"input": Input((1, 3, 16, 112, 112))}
MODELS = [Model("r2plus1d_18", r2plus1d_18, 31_505_325, 40.519, CLIP)]
