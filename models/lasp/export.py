# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports LASP for the classes of a file, one name a line.

    python -m models.lasp.export --classes FILE --out lasp.onnx

The weights are those of the registered models. With --golden the inputs and
PyTorch's outputs in float64 are stored beside the file.
"""

import argparse
import functools
import pathlib

from models.export import OPSETS, export, prepare, write_golden
from models.lasp.model import read_classes, tokens_of, vit_b16
from models.model import Model, image


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--classes", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--exporter", choices=OPSETS, default="torchscript")
    parser.add_argument("--golden", action="store_true")
    arguments = parser.parse_args()
    names = read_classes(arguments.classes)
    # Weights do not depend on the classes; few are faster to begin with.
    build = functools.partial(vit_b16, names[:1])
    model = Model("lasp", build, 0, 0.0, image())
    module, inputs = prepare(model)
    module.ids = tokens_of(names)
    if arguments.golden:
        write_golden(model, module, inputs, arguments.out.with_suffix(".npz"))
    export(model, module, inputs, arguments.exporter, arguments.out)


if __name__ == "__main__":
    main()
