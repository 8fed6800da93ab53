# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import functools

from models.model import Input, Model, image
from models.tensorized.audio import audio_net
from models.tensorized.linear import linear_net
from models.tensorized.net import (
    dropout_small,
    tensorized_resnet18,
    tensorized_small,
)

SHARES = (10, 30, 50, 100)
# Parameters and 1e9 multiply-accumulates, by form and share or way.
COUNTS = {
    ("cp", 10): (1_804_018, 0.323),
    ("cp", 30): (4_004_806, 0.693),
    ("cp", 50): (6_203_049, 1.062),
    ("cp", 100): (11_706_957, 1.986),
    ("tucker", 10): (1_803_775, 0.310),
    ("tucker", 30): (3_998_183, 0.655),
    ("tucker", 50): (6_205_428, 0.995),
    ("tucker", 100): (11_682_209, 1.837),
    ("tt", 10): (1_803_948, 0.315),
    ("tt", 30): (3_999_284, 0.670),
    ("tt", 50): (6_207_389, 1.027),
    ("tt", 100): (11_694_104, 1.906),
}
SMALL = {
    ("cp", "chain"): (168_219, 0.029),
    ("cp", "dense"): (168_219, 0.108),
    ("tucker", "chain"): (166_959, 0.027),
    ("tucker", "dense"): (166_959, 0.072),
    ("tt", "chain"): (167_668, 0.028),
    ("tt", "dense"): (167_668, 0.098),
}
AUDIO = {
    ("cp", "chain"): (176_024, 0.070),
    ("tucker", "chain"): (178_959, 0.070),
    ("tucker", "dense"): (178_959, 0.189),
    ("tucker", "binary"): (181_775, 0.189),
}
# All ranks of the small nets whose components may be dropped.
RANKS = {"cp": 743, "tucker": 421}

MODELS = [
    Model(
        f"resnet18_{kind}_{share}",
        functools.partial(tensorized_resnet18, kind, share / 100),
        *COUNTS[kind, share],
        image(),
        extra=True,
    )
    for kind in ("cp", "tucker", "tt")
    for share in SHARES
] + [
    Model(
        f"tensorized_small_{kind}{suffix}",
        functools.partial(tensorized_small, kind, 0.5, way),
        *SMALL[kind, way],
        image(64),
    )
    for kind in ("cp", "tucker", "tt")
    for way, suffix in (("chain", ""), ("dense", "_dense"))
] + [
    Model(
        f"audio_{kind}{suffix}",
        functools.partial(audio_net, kind, 0.3, way),
        *AUDIO[kind, way],
        {"input": Input((1, 1, 16000))},
    )
    for kind, way, suffix in (
        ("cp", "chain", ""),
        ("tucker", "chain", ""),
        ("tucker", "dense", "_dense"),
        ("tucker", "binary", "_binary"),
    )
] + [
    Model(
        "linear_factors",
        linear_net,
        25_066,
        0.001,
        {"input": Input((1, 1, 512))},
    )
] + [
    Model(
        f"dropout_{kind}{suffix}",
        functools.partial(dropout_small, kind, way),
        *SMALL[kind, way],
        {**image(64), "draws": Input((1, 1, RANKS[kind]))},
    )
    for kind in ("cp", "tucker")
    for way, suffix in (("chain", ""), ("dense", "_dense"))
]
