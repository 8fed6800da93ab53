# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the token ids of the classes of a file, one name a line.

    python -m models.lasp.tokens --classes FILE --out ids.npy

For models whose prompts are an input (models.lasp.export --open):

    visir compile lasp.onnx --shape ids=20x77 --bind ids=ids.npy
"""

import argparse
import pathlib

import numpy

from models.lasp.model import read_classes, tokens_of


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--classes", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    ids = tokens_of(read_classes(arguments.classes)).numpy()
    numpy.save(arguments.out, ids)
    print(f"ids={'x'.join(map(str, ids.shape))}")


if __name__ == "__main__":
    main()
