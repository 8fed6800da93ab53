# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sizes of the captioner, and how its models become one artifact."""

import dataclasses

MODELS = ("encode", "prefill", "step", "classify")


@dataclasses.dataclass(frozen=True)
class Config:
    image: int = 224
    frames: int = 1
    patch: int = 16
    width: int = 768
    heads: int = 12
    layers: int = 12
    vocabulary: int = 30524
    places: int = 512
    prompt: tuple[int, ...] = (30522, 1037, 3861, 1997)  # "a picture of"
    end: int = 102
    # Added to the end's logit: with random weights a caption would not end.
    end_bias: float = 24.0
    # Factors of random weights, see net.seeded: of queries, of what attention
    # adds, of what the wide layers add.
    sharpness: float = 8
    mixing: float = 0.1
    change: float = 0.5
    beams: int = 3
    longest: int = 20  # with the prompt
    shortest: int = 5
    text_width: int = 512
    text_layers: int = 12
    text_vocabulary: int = 49408
    text_context: int = 77
    joint: int = 512
    classes: int = 101

    @property
    def head(self):
        return self.width // self.heads

    @property
    def tokens(self):
        """That cross attention reads."""
        return self.frames * ((self.image // self.patch) ** 2 + 1)

    @property
    def cached(self):
        """Keys of the longest caption, of all beams; its last token is not
        read again."""
        steps = self.longest - len(self.prompt) - 1
        return len(self.prompt) + self.beams * steps


SMALL = Config(
    image=32, frames=2, width=64, heads=2, layers=2, vocabulary=97, places=32,
    prompt=(95, 7, 8, 9), end=11, end_bias=4, sharpness=4, mixing=0.5, change=1,
    text_width=64, text_layers=2, text_vocabulary=64, text_context=16, joint=32,
    classes=5,
)  # fmt: skip
VARIANTS = {
    "small": SMALL,
    "small_picture": dataclasses.replace(SMALL, frames=1),
    "224": Config(),
    "384": Config(image=384),
    "224x4": Config(frames=4),
    "224x8": Config(frames=8),
}


def cached_names(c, kind):
    return [f"{kind}_{w}{i}" for i in range(c.layers) for w in ("key", "value")]


def compile_options(c):
    """What `visir compile` needs for the four models: which inputs are states,
    and that those of the past grow."""
    past = cached_names(c, "self")
    kept = ["visible", *past, *cached_names(c, "cross")]
    sizes = {"visible": f"{c.beams}xP<={c.cached}"}
    sizes |= {name: f"1x{c.heads}xPx{c.head}" for name in past}
    options = []
    for name in kept:
        options += ["--state", f"{name}=present_{name}"]
    for name, size in sizes.items():
        options += ["--shape", f"{name}={size}"]
    return options
