# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import functools

from models.model import Model, image
from models.srd import binary

SMALL = {"classes": 10, "depth": 2, "widths": (16, 32, 48), "size": 32}


def small(build, **options):
    return functools.partial(build, **SMALL, **options)


def small_react(**options):
    return functools.partial(
        binary.ReActNet, (32, 64, 64, 128), 16, 10, **options
    )


MODELS = [
    Model(
        "reactnet_a", binary.ReActNet, 29_343_592, 4.829, image(), extra=True
    ),
    Model("bi_real18", binary.bi_real, 11_689_512, 1.814, image(), extra=True),
    Model(
        "real_to_binary18",
        binary.real_to_binary,
        11_986_920,
        1.814,
        image(),
        extra=True,
    ),
    Model(
        "xnor_plus18",
        functools.partial(binary.real_to_binary, binary.PlaneScale),
        11_697_200,
        1.814,
        image(),
        extra=True,
    ),
    Model("reactnet_small", small_react(), 104_522, 0.005, image(32)),
    Model(
        "reactnet_small_train",
        small_react(estimator=True),
        104_522,
        0.005,
        image(32),
    ),
    Model("bi_real_small", small(binary.bi_real), 58_458, 0.001, image(32)),
    Model(
        "real_to_binary_small",
        small(binary.real_to_binary),
        59_978,
        0.001,
        image(32),
    ),
    Model(
        "xnor_plus_small",
        small(binary.real_to_binary, scale=binary.PlaneScale),
        58_850,
        0.001,
        image(32),
    ),
]
