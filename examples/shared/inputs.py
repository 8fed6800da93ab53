# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A photograph, and a clip made of it, as models take them."""

import dataclasses

import numpy
from PIL import Image

# Of the photograph's shorter side: what a frame of a clip shows of it.
WINDOW = 0.875


@dataclasses.dataclass(frozen=True)
class Way:
    """How samples become numbers: of the whole picture, made square."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    filter: str

    def preprocess(self):
        """As `visir compile --preprocess` reads it."""
        return (
            f"mean = {list(self.mean)}\nstd = {list(self.deviation)}\n"
            f"filter = {self.filter}\n"
        )


IMAGENET = Way((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "bilinear")
CLIP = Way(
    (0.48145466, 0.4578275, 0.40821073),
    (0.26862954, 0.26130258, 0.27577711),
    "bicubic",
)


def normalised(image, size, way=IMAGENET):
    """(3, size, size), float32."""
    resampling = Image.Resampling[way.filter.upper()]
    resized = image.resize((size, size), resampling)
    samples = numpy.asarray(resized, numpy.float32) / numpy.float32(255)
    samples -= numpy.float32(way.mean)
    samples /= numpy.float32(way.deviation)
    return numpy.ascontiguousarray(samples.transpose(2, 0, 1))


def picture(path, size, way=IMAGENET):
    """(1, 3, size, size): the whole photograph."""
    with Image.open(path) as image:
        return normalised(image.convert("RGB"), size, way)[None]


def pan(path, count, size):
    """(count, 3, size, size): a camera that moves over the photograph, from
    its upper left to its lower right."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    side = int(WINDOW * min(image.size))
    frames = []
    for i in range(count):
        part = i / max(count - 1, 1)
        left, top = (round(part * (extent - side)) for extent in image.size)
        window = image.crop((left, top, left + side, top + side))
        frames.append(normalised(window, size))
    return numpy.stack(frames)


def clip(path, count, size, layout):
    frames = pan(path, count, size)
    if layout == "planes":
        return numpy.ascontiguousarray(frames.transpose(1, 0, 2, 3))[None]
    if layout == "stream":
        return frames
    return frames.reshape(1, -1, size, size)


def way_of(job):
    return CLIP if job.way == "clip" else IMAGENET


def of(job, is_small, path):
    """What a job's model reads."""
    size, count = job.model(is_small).size, job.count(is_small)
    if count:
        return clip(path, count, size, job.layout)
    return picture(path, size, way_of(job))
