# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the examples of published systems do: which model takes which input.

`small` stands for `published` where a quick run is wanted; both have the same
parts. Weights are random and seeded: classes mean nothing, but are the same on
every machine.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Model:
    name: str  # of models/
    size: int  # of the input's sides


@dataclasses.dataclass(frozen=True)
class Job:
    """frames: 0 for a picture. layout: of a clip, `channels` for
    1 x 3*frames x H x W, `planes` for 1 x 3 x frames x H x W, `stream` for one
    frame after the other, the model keeping so many `states` between them."""

    published: Model
    small: Model
    frames: int = 0
    small_frames: int = 0
    layout: str = "channels"
    way: str = "imagenet"  # or clip, see inputs.py
    states: int = 0
    limit: float = 2e-5  # of an error, relative to the largest value
    labels: str = ""  # names of the published model's classes

    def model(self, is_small):
        return self.small if is_small else self.published

    def count(self, is_small):
        return self.small_frames if is_small else self.frames


def clips(published, small, frames, small_frames, layout="channels"):
    return Job(published, small, frames, small_frames, layout)


JOBS = {
    "edgevit": Job(Model("edgevit_xxs", 224), Model("edgevit_xxs", 224)),
    "shift": clips(
        Model("tsm_resnet50_8f", 224), Model("tsm_small", 64), 8, 4
    ),
    "stream": Job(
        Model("tsm_mobilenet_v2_online", 224),
        Model("tsm_mobilenet_v2_online_small", 64),
        frames=4,
        small_frames=4,
        layout="stream",
        states=10,
        # Twice ONNX Runtime's own error: 53 layers without a norm at run time,
        # four times over what the frame before left.
        limit=4e-5,
    ),
    "gsf": clips(Model("gsf_resnet50_8f", 224), Model("gsf_small", 48), 8, 4),
    "xvit": clips(
        Model("xvit_b16_8f", 224), Model("xvit_small", 48), 8, 8, "planes"
    ),
    "iboot": clips(
        Model("r2plus1d_18", 112), Model("slow_small", 64), 16, 4, "planes"
    ),
    "tensorized": Job(
        Model("resnet18_tucker_50", 224), Model("tensorized_small_tucker", 64)
    ),
    "binary": Job(Model("reactnet_a", 224), Model("reactnet_small", 32)),
    "lasp": Job(
        Model("lasp_vit_b16_20", 224),
        Model("lasp_small", 32),
        way="clip",
        labels="models/lasp/voc20.txt",
    ),
}
