# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How far a model may be off PyTorch in float64, by `--precision`.

An error is relative to the output's largest value, as everywhere. Roundings of
factors add up at random from layer to layer, so that a bound is a number of
units: half a unit in a factor's last place. docs/precision.md tells what is
measured, and what PyTorch loses when the whole model is of such a type. Without
a number of its own a model may be off by DEFAULT units.
"""

import numpy

FP32 = "fp32"
LIMIT_FP32 = 2e-5
UNIT = {"tf32": 2.0**-11, "fp16": 2.0**-11, "bf16": 2.0**-8}
DEFAULT = 8
UNITS = {
    # What PyTorch loses; no norm comes between its 53 products.
    "mobilenet_v2": 30,
    "resnet18": 4,
    "vit_tiny": 4,
    "clip_vit_b32_text": 4,
}


def limit(model, precision):
    """Of a model's name, with or without its exporter."""
    if precision == FP32:
        return LIMIT_FP32
    return UNITS.get(model.split(".")[0], DEFAULT) * UNIT[precision]


def same_top(results, golden):
    """Whether the largest of each row is where it should be."""
    return all(
        numpy.array_equal(results[n].argmax(-1), expected.argmax(-1))
        for n, expected in golden.items()
    )


def judge(model, precision, error, same_top):
    """What is wrong, or an empty string. Less than a hundredth of a unit would
    mean that nothing is narrow after all; TF32 is a permission only."""
    most = limit(model, precision)
    if not error <= most:
        return f"error is {error:.3g}, expected <= {most:.3g}"
    if precision in ("fp16", "bf16") and error < UNIT[precision] / 100:
        return f"error is {error:.3g}, expected that of {precision}"
    if not same_top:
        return "largest result is elsewhere"
    return ""
