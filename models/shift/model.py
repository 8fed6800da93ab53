# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import functools

from models.model import Input, Model, image
from models.shift.affine import AffineShiftNet
from models.shift.frames import OnlineMobileNet, tsm_resnet50, tsm_small
from models.shift.images import S2Mlp, as_mlp, shift_vit

# Channels and size of the states of MobileNetV2 at 224x224.
STATES = (
    [(3, 56)]
    + [(4, 28)] * 2
    + [(8, 14)] * 3
    + [(12, 14)] * 2
    + [(20, 7)] * 2
)


def clip(frames, size=224):
    return {"input": Input((1, 3 * frames, size, size))}


def pair(name, build, params, gmacs, inputs):
    """A net of its real size and the same without its shifts."""
    bare = functools.partial(build, shifted=False)
    return [
        Model(name, build, params, gmacs, inputs, extra=True),
        Model(f"{name}_unshifted", bare, params, gmacs, inputs, extra=True),
    ]


def light_vit(**options):
    return shift_vit((2, 2, 6, 2), 4, **options)


def tiny_vit(**options):
    return shift_vit((6, 8, 18, 6), 2, **options)


def small_vit(**options):
    """40 channels: groups of 3 and a rest of 28, then of 6 and 56."""
    return functools.partial(
        shift_vit, (2, 1), 2, channels=40, classes=10, **options
    )


def small_as(**options):
    return functools.partial(
        as_mlp, (1, 1), channels=24, classes=10, **options
    )


def affine(channels, **options):
    return functools.partial(AffineShiftNet, channels, **options)


def small_affine(**options):
    return affine(16, depths=(1, 1), classes=10, **options)


def online(size):
    """A frame and the states, whose sizes shrink with it."""
    inputs = {"input": Input((1, 3, size, size))}
    for number, (count, at) in enumerate(STATES):
        at = at * size // 224
        inputs[f"state{number}"] = Input((1, count, at, at))
    return inputs


ONLINE_OUTPUTS = ("output", *(f"next{i}" for i in range(len(STATES))))

LARGE = [
    *pair("shiftvit_light_tiny", light_vit, 19_608_328, 2.963, image()),
    *pair("shiftvit_tiny", tiny_vit, 28_566_664, 4.582, image()),
    *pair("as_mlp_tiny", as_mlp, 28_282_696, 4.350, image()),
    *pair("s2_mlp_small7", S2Mlp, 31_748_968, 6.908, image()),
    *pair("tsm_resnet50_8f", tsm_resnet50, 23_864_558, 32.700, clip(8)),
    *pair("affine_shift_ti", affine(64), 11_334_664, 1.638, image()),
    *pair("affine_shift_t", affine(96), 25_065_496, 3.671, image()),
    *pair(
        "affine_shift_ti_8f",
        affine(64, frames=8),
        11_387_656,
        13.232,
        clip(8),
    ),
    *pair(
        "affine_shift_t_8f", affine(96, frames=8), 25_144_984, 29.559, clip(8)
    ),
    Model(
        "tsm_mobilenet_v2_online",
        OnlineMobileNet,
        3_504_872,
        0.301,
        online(224),
        ONLINE_OUTPUTS,
        extra=True,
    ),
]

SMALL = [
    Model("shiftvit_small", small_vit(), 55_090, 0.002, image(40)),
    Model(
        "shiftvit_small_joined",
        small_vit(spelling="concatenate"),
        55_090,
        0.002,
        image(40),
    ),
    Model("as_mlp_small", small_as(), 42_394, 0.002, image(48)),
    Model(
        "as_mlp_small_joined",
        small_as(spelling="concatenate"),
        42_394,
        0.002,
        image(48),
    ),
    Model(
        "s2_mlp_small",
        functools.partial(S2Mlp, (1, 1), (24, 32), 4, 10),
        27_746,
        0.001,
        image(48),
    ),
    Model("tsm_small", tsm_small, 206_602, 0.111, clip(4, 64)),
    Model("affine_shift_small", small_affine(), 17_734, 0.001, image(48)),
    Model(
        "affine_shift_small_4f",
        small_affine(frames=4),
        18_598,
        0.002,
        clip(4, 32),
    ),
    Model(
        "affine_shift_small_keep",
        small_affine(
            kind="group", rule="keep", position="before", scale="static"
        ),
        17_082,
        0.001,
        image(48),
    ),
    Model(
        "affine_shift_small_wrap",
        small_affine(
            kind="batch", rule="wrap", scale="none", bias="static", part=5
        ),
        16_602,
        0.001,
        image(48),
    ),
    Model(
        "tsm_mobilenet_v2_online_small",
        functools.partial(OnlineMobileNet, num_classes=10),
        2_236_682,
        0.024,
        online(64),
        ONLINE_OUTPUTS,
    ),
]

MODELS = LARGE + SMALL
