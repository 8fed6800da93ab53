# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import functools

from models.model import Model, image
from models.srd import binary, expert, students

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
    Model(
        "expert18", expert.expert_net, 42_438_708, 1.771, image(), extra=True
    ),
    Model(
        "expert_small",
        functools.partial(expert.expert_net, (1, 1), (32, 64), (2, 2), 16, 10),
        166_532,
        0.001,
        image(32),
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
    Model(
        "resnet20",
        functools.partial(students.resnet, 20),
        278_324,
        0.041,
        image(32),
    ),
    Model(
        "resnet32x4",
        functools.partial(students.resnet, 32, 32, (64, 128, 256)),
        7_433_860,
        1.083,
        image(32),
        extra=True,
    ),
    Model(
        "wrn40_2",
        functools.partial(students.wide_resnet, 40, 2),
        2_255_156,
        0.328,
        image(32),
        extra=True,
    ),
    Model(
        "wrn16_2",
        functools.partial(students.wide_resnet, 16, 2),
        703_284,
        0.101,
        image(32),
    ),
    Model("vgg8", students.vgg8, 3_965_028, 0.096, image(32), extra=True),
    Model("mobilenet_v2_half", students.mobilenet_v2, 812_836, 0.007, image(32)),
    Model("shufflenet_v1", students.shufflenet_v1, 949_258, 0.039, image(32)),
    Model("shufflenet_v2", students.shufflenet_v2, 1_355_528, 0.045, image(32)),
    Model(
        "mobilenet_v1",
        students.mobilenet_v1,
        4_231_976,
        0.569,
        image(),
        extra=True,
    ),
]
