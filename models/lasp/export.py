# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports LASP for the classes of a file, one name a line.

    python -m models.lasp.export --classes FILE --out lasp.onnx
    python -m models.lasp.export --open --out lasp.onnx

The weights are those of the registered models. With --golden the inputs and
PyTorch's outputs in float64 are stored beside the file. --image-side writes the
class matrix in the place of the text tower; --open makes the token ids an input
`ids` of any number of classes, to be bound when compiling (visir compile --classes).
"""

import argparse
import functools
import pathlib

import torch

from models.export import OPSETS, export, prepare, write_golden
from models.lasp.model import read_classes, tokens_of, vit_b16
from models.lasp.net import ImageSide, OpenLasp
from models.model import Model, image


def export_open(module, inputs, path):
    torch.onnx.export(
        OpenLasp(module).eval(),
        (*inputs.values(), module.ids),
        str(path),
        opset_version=OPSETS["torchscript"],
        input_names=["input", "ids"],
        output_names=["output"],
        dynamic_axes={"ids": {0: "classes"}, "output": {1: "classes"}},
        dynamo=False,
    )


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--classes", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--exporter", choices=OPSETS, default="torchscript")
    parser.add_argument("--golden", action="store_true")
    parser.add_argument("--image-side", action="store_true")
    parser.add_argument("--open", action="store_true")
    arguments = parser.parse_args()
    if arguments.open == bool(arguments.classes):
        parser.error("expected one of --classes and --open")
    return arguments


def main():
    arguments = parse()
    # The exporters do not know the fused attention operator.
    torch.backends.mha.set_fastpath_enabled(False)
    names = read_classes(arguments.classes) if arguments.classes else ["dog"]
    # Weights do not depend on the classes; few are faster to begin with.
    build = functools.partial(vit_b16, names[:1])
    model = Model("lasp", build, 0, 0.0, image())
    module, inputs = prepare(model)
    if arguments.open:
        export_open(module, inputs, arguments.out)
        return
    module.ids = tokens_of(names)
    if arguments.image_side:
        module = ImageSide(module)
    if arguments.golden:
        write_golden(model, module, inputs, arguments.out.with_suffix(".npz"))
    export(model, module, inputs, arguments.exporter, arguments.out)


if __name__ == "__main__":
    main()
