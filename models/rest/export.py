# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports the captioner's four models and the captions expected of them.

    .venv-torch/bin/python -m models.rest.export --variant small --out FOLDER

writes encode, prefill, step and classify.EXPORTER.onnx and captions.npz: for
each clip i `frames{i}`, `beams{i}` (ids), `beams{i}:score`, `greedy{i}`, for
the photograph of models/photos `photo` (ids by beams) where one frame is taken,
and `ids`, `scores` of the classes, by PyTorch in float64 without any cache.
"""

import argparse
import copy
import logging
import pathlib
import warnings

import numpy
import torch
from PIL import Image

from models.randomise import smooth_noise
from models.rest import net, search
from models.rest.config import VARIANTS, cached_names

CLIPS = 4
PHOTO = pathlib.Path(__file__).parents[1] / "photos" / "flower.jpg"
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)


def export(module, arguments, path, names, grown, exporter):
    """names: those of inputs and outputs; grown: {input: axis of the past}."""
    inputs, outputs = names
    common = {"input_names": inputs, "output_names": outputs}
    if exporter == "torchscript":
        axes = {name: {axis: "P"} for name, axis in grown.items()}
        now = {f"present_{name}" for name in grown}
        axes |= {
            f"present_{name}": {axis: "all"} for name, axis in grown.items()
        }
        axes = {k: v for k, v in axes.items() if k not in now or k in outputs}
        torch.onnx.export(
            module, arguments, path, dynamo=False, opset_version=17,
            dynamic_axes=axes, **common,
        )  # fmt: skip
        return
    past = torch.export.Dim("P", min=2, max=1024)

    def shape_of(argument, left):
        if isinstance(argument, tuple):
            return tuple([shape_of(part, left) for part in argument])
        axis = grown.get(left.pop(0))
        return {} if axis is None else {axis: past}

    shapes = shape_of(tuple(arguments), list(inputs)) if grown else None
    torch.onnx.export(
        module, arguments, path, dynamo=True, opset_version=18,
        dynamic_shapes=shapes, external_data=False, verbose=False, **common,
    )  # fmt: skip


def write_models(captioner, folder, exporters, only):
    c = captioner.config
    cross_names = cached_names(c, "cross")
    past_names = cached_names(c, "self")
    now_names = [f"present_{name}" for name in ("visible", *past_names)]
    frames = torch.zeros(c.frames, 3, c.image, c.image)
    cross = tuple(torch.zeros(1, c.heads, c.tokens, c.head) for _ in cross_names)
    past = tuple(torch.zeros(1, c.heads, 7, c.head) for _ in past_names)
    prompt = torch.tensor([c.prompt])
    beams = torch.arange(c.beams)
    visible = torch.ones(c.beams, 7)
    grown = {"visible": 1} | dict.fromkeys(past_names, 2)
    models = {
        "encode": (
            net.Encode(captioner), (frames,), (["frames"], cross_names), {},
        ),
        "prefill": (
            net.Prefill(captioner), (prompt, cross),
            (["tokens", *cross_names], ["logits", *now_names]), {},
        ),
        "step": (
            net.Step(captioner),
            (beams, beams.flip(0), torch.tensor([6]), visible, past, cross),
            (
                ["tokens", "parents", "position", "visible"]
                + past_names + cross_names,
                ["logits", *now_names],
            ),
            grown,
        ),
        "classify": (
            net.Classify(captioner),
            (captioner_ids(c),),
            (["ids"], ["scores"]), {},
        ),
    }  # fmt: skip
    for name, (module, arguments, names, grown) in models.items():
        if only and name not in only:
            continue
        inputs, outputs = names
        if name in ("encode", "prefill"):
            # An input and an output of one name would be one value.
            outputs = [
                f"present_{o}" if o in cross_names else o for o in outputs
            ]
        for exporter in exporters:
            path = folder / f"{name}.{exporter}.onnx"
            export(
                module, arguments, str(path), (inputs, outputs), grown, exporter
            )


def captioner_ids(c):
    """A text of five words."""
    ids = torch.zeros((1, c.text_context), dtype=torch.int64)
    ids[0, 0], ids[0, 6] = c.text_vocabulary - 2, c.text_vocabulary - 1
    ids[0, 1:6] = torch.arange(3, 8)
    return ids


def clips(c):
    generator = torch.Generator().manual_seed(5)
    shape = (c.frames, 3, c.image, c.image)
    return [smooth_noise(shape, generator) for _ in range(CLIPS)]


def photograph(c):
    """1 x 3 x H x W, of the whole picture made square."""
    with Image.open(PHOTO) as picture:
        square = picture.convert("RGB").resize(
            (c.image, c.image), Image.Resampling.BICUBIC
        )
    samples = torch.from_numpy(numpy.asarray(square).copy()) / 255
    return ((samples - torch.tensor(MEAN)) / torch.tensor(DEVIATION)).permute(
        2, 0, 1
    )[None]


def write_golden(captioner, folder, count):
    c = captioner.config
    wide = copy.deepcopy(captioner).double()
    arrays = {"ids": captioner_ids(c).numpy()}
    with torch.no_grad():
        arrays["scores"] = net.Classify(wide)(captioner_ids(c)).numpy()
    for i, frames in enumerate(clips(c)[:count]):
        arrays[f"frames{i}"] = frames.numpy()
        ids, score = search.beam_search(wide, frames.double(), c.beams)
        arrays[f"beams{i}"] = numpy.array(ids)
        arrays[f"beams{i}:score"] = numpy.array(score)
        arrays[f"greedy{i}"] = numpy.array(
            search.greedy(wide, frames.double())[0]
        )
    if c.frames == 1 and count:
        ids, _ = search.beam_search(wide, photograph(c).double(), c.beams)
        arrays["photo"] = numpy.array(ids)
    numpy.savez(folder / "captions.npz", **arrays)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--variant", choices=VARIANTS, default="small")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--exporter", default="torchscript,dynamo")
    parser.add_argument("--only", help="models, separated by commas")
    parser.add_argument("--clips", type=int, default=CLIPS)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    captioner = net.seeded(VARIANTS[arguments.variant])
    only = arguments.only and arguments.only.split(",")
    write_models(
        captioner, arguments.out, arguments.exporter.split(","), only
    )
    write_golden(captioner, arguments.out, arguments.clips)


if __name__ == "__main__":
    main()
