# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The published systems, and which models of models/ stand for each.

`small` run on every target; every spelling and mechanism of the system is
among them, at sizes that an emulator takes. `timed` are of the published
sizes: their ratios' geometric mean is the system's one number. A captioner is
four models in one artifact, named by its variant.
"""

import dataclasses

CAPTIONS = "captions:"
# Ratios above this count as this.
MOST = 4.0
# Of the systems' numbers: the bar, and what none may be below.
MEAN_BAR, LEAST_BAR = 1.7, 1.0


@dataclasses.dataclass(frozen=True)
class System:
    name: str
    title: str
    page: str  # of docs/systems, or another
    small: tuple[str, ...]
    timed: tuple[str, ...]


SYSTEMS = (
    System(
        "edgevit",
        "EdgeViT",
        "../performance.md",
        ("edgevit_xxs",),
        ("edgevit_xxs", "edgevit_xs", "edgevit_s"),
    ),
    System(
        "shift",
        "shifts: affine shift, ShiftViT, AS-MLP, TSM",
        "../systems/shift.md",
        (
            "affine_shift_small",
            "affine_shift_small_4f",
            "shiftvit_small",
            "as_mlp_small",
            "s2_mlp_small",
            "tsm_small",
            "tsm_mobilenet_v2_online_small",
        ),
        ("affine_shift_t", "shiftvit_tiny", "as_mlp_tiny", "tsm_resnet50_8f"),
    ),
    System(
        "xvit",
        "XViT",
        "../systems/xvit.md",
        ("xvit_small", "xvit_small_16f"),
        ("xvit_b16_8f",),
    ),
    System(
        "gsf",
        "GSF",
        "../systems/gsf.md",
        ("gsf_small", "gsf_small_all", "gsm_small", "epic_small"),
        ("gsf_resnet50_8f",),
    ),
    System(
        "iboot",
        "iBoot's 3-D nets",
        "../systems/iboot.md",
        ("slow_small", "r3d_small", "r2plus1d_small"),
        ("r2plus1d_18", "r3d_18", "slow_r50"),
    ),
    System(
        "heatmaps",
        "subpixel heatmap landmarks",
        "../systems/heatmaps.md",
        (
            "heatmaps_argmax",
            "heatmaps_quarter",
            "heatmaps_softmax",
            "heatmaps_dark",
            "heatmaps_flip",
            "heatmaps_unfold",
            "fan_small_landmarks",
            "hrnet_small_landmarks",
        ),
        ("fan4_landmarks", "hrnet_w18_landmarks"),
    ),
    System(
        "tensorized",
        "defensive tensorization",
        "../systems/tensorized.md",
        (
            "tensorized_small_cp",
            "tensorized_small_tucker",
            "tensorized_small_tt",
        ),
        ("resnet18_cp_10", "resnet18_tucker_50", "resnet18_tt_30"),
    ),
    System(
        "srd",
        "SRD students and binary nets",
        "../systems/binary.md",
        (
            "reactnet_small",
            "bi_real_small",
            "real_to_binary_small",
            "resnet8x4",
            "shufflenet_v2",
        ),
        ("resnet8x4", "wrn40_2", "bi_real18", "reactnet_a"),
    ),
    System(
        "lasp",
        "LASP",
        "../systems/lasp.md",
        ("lasp_small",),
        ("lasp_vit_b16_20",),
    ),
    System(
        "variational",
        "variational prompts",
        "../systems/variational-prompts.md",
        ("variational_small", "conditional_small"),
        ("variational_vit_b16_20", "conditional_vit_b16_20"),
    ),
    System(
        "rest",
        "REST captioner",
        "../systems/rest.md",
        (f"{CAPTIONS}small",),
        (f"{CAPTIONS}224",),
    ),
)


def select(names):
    """The systems of a list separated by commas, or all, without those behind
    a minus; ValueError."""
    known = {system.name: system for system in SYSTEMS}
    chosen = {}
    for word in names.split(","):
        name = word.removeprefix("-")
        if name not in known and word != "all":
            raise ValueError(
                f"system is {name}, expected one of {', '.join(known)}, all"
            )
        if word != name:
            chosen.pop(name, None)
        else:
            chosen.update(known if word == "all" else {name: known[name]})
    return tuple(chosen.values())


def is_captioner(model):
    return model.startswith(CAPTIONS)


def variant(model):
    """Of a captioner."""
    return model.removeprefix(CAPTIONS)
