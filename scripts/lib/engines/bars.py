# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What Visir has to reach beside the fastest right engine.

Each bar is (least, goal), times of the best other engine over Visir's, by
model and number of threads; where nothing is said no model may be slower.
Measuring is not exact, so a run meets a bar from 0.98 of it on.
"""

TOLERANCE = 0.98
NOT_SLOWER = (1.0, 1.0)

ONE_THREAD = {
    "edgevit_xxs": (1.5, 1.6),
    "edgevit_xs": (1.2, 1.25),
    "edgevit_s": (1.2, 1.25),
    "resnet18": (1.3, 1.4),
    "resnet50": (1.15, 1.2),
    "mobilenet_v2": (1.18, 1.25),
    "mobilenet_v3_large": (1.2, 1.3),
    "efficientnet_b0": (1.3, 1.4),
    "convnext_tiny": (1.15, 1.15),
    "vit_tiny": NOT_SLOWER,
    "vit_small": (1.15, 1.22),
    "vit_base": (1.15, 1.22),
    "swin_tiny": (1.12, 1.2),
    "mobilevit_s": (1.3, 1.4),
    "densenet121": (1.15, 1.25),
    "clip_vit_b32_image": NOT_SLOWER,
    "clip_vit_b32_text": NOT_SLOWER,
    "unet": NOT_SLOWER,
    "r2plus1d_18": (2.0, 2.2),
    "fan4_landmarks": (1.5, 1.75),
    "resnet8x4": (1.35, 1.5),
}
TWO_THREADS = {
    "edgevit_xxs": (1.6, 1.6),
    "edgevit_xs": (1.4, 1.4),
    "edgevit_s": (1.4, 1.4),
    "fan4_landmarks": (2.0, 2.0),
    "r2plus1d_18": (2.2, 2.2),
}
# Measured when named; no part of `bars` and of its mean.
PARTS = {
    "heatmaps_softmax": (200.0, 200.0),
    "heatmaps_unfold": (200.0, 200.0),
}
# Of published systems, with one thread.
SYSTEMS = {
    "shiftvit_light_tiny": (1.15, 1.2),
    "shiftvit_tiny": (1.15, 1.2),
    "as_mlp_tiny": (1.15, 1.2),
    "tsm_resnet50_8f": (1.6, 1.75),
    "xvit_b16_8f": (1.2, 1.25),
    "gsf_resnet50_8f": (1.6, 1.9),
    "r3d_18": (2.0, 2.0),
    "slow_r50": (1.4, 1.5),
    "resnet18_cp_10": (1.25, 1.4),
    "resnet18_cp_100": (1.25, 1.4),
    "resnet18_tucker_10": (1.25, 1.4),
    "resnet18_tucker_50": (1.25, 1.4),
    "resnet18_tucker_100": (1.25, 1.4),
    "resnet18_tt_30": (1.25, 1.4),
    "resnet18_tt_100": (1.25, 1.4),
    "reactnet_a": (12.0, 18.0),
    "bi_real18": (6.5, 8.0),
    "lasp_vit_b16_20": (1.2, 1.3),
    "conditional_vit_b16_20": (10.0, 12.7),
}
# Of the best other engine's ratios over all models.
MEANS = {1: (1.25, 1.32), 2: (1.4, 1.5)}
# Code for 256-bit vectors has a bar of its mean only.
NARROW = "x86-64-v3"
MEAN_NARROW = (1.2, 1.2)

# What words of `--models` stand for.
GROUPS = {"bars": tuple(ONE_THREAD), "systems": tuple(SYSTEMS)}


def bar_of(result):
    """(least, goal) of a result; its model may be named `name (exporter)`."""
    if result.get("target") == NARROW:
        return NOT_SLOWER
    name = result["model"].partition(" ")[0]
    table = {1: ONE_THREAD, 2: TWO_THREADS}.get(result["threads"], {})
    if result["threads"] == 1:
        table = {**SYSTEMS, **table}
    return PARTS.get(name) or table.get(name, NOT_SLOWER)


def bar_of_mean(result):
    """(least, goal) of the mean over the models measured like `result`."""
    if result.get("target") == NARROW:
        return MEAN_NARROW
    return MEANS.get(result["threads"], NOT_SLOWER)


def verdict(ratio, bar):
    """Whether a ratio, None for a wrong answer, meets (least, goal)."""
    least, goal = bar
    if ratio is None or ratio < least * TOLERANCE:
        return "short"
    return "goal" if ratio >= goal * TOLERANCE else "met"
