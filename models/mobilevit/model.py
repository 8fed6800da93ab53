# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import functools

import timm

from models.model import Model, image

MODELS = [
    Model(
        "mobilevit_s",
        functools.partial(timm.create_model, "mobilevit_s"),
        5_578_632,
        2.001,
        image(256),
    ),
]
