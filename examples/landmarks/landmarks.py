# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The 68 landmarks of the face that a picture shows.

    python landmarks.py MODEL.visir face.jpg [--visir PROGRAM] [--svg OUT.svg]

Prints a line for each point: its number, column and row in the picture's
pixels, and its score. The artifact takes the picture itself (README.md).
"""

import argparse
import base64
import pathlib
import subprocess
import tempfile

import numpy
from PIL import Image

SIDE = 256  # of what the net sees


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("picture", type=pathlib.Path)
    parser.add_argument("--visir", default="visir", help="the program")
    parser.add_argument(
        "--svg", type=pathlib.Path, help="where to draw the points"
    )
    return parser.parse_args()


def landmarks(program, model, picture):
    """(68 x 2 columns and rows of the net's picture, 68 scores)"""
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "run", model, "--input", picture]
        subprocess.run(
            [*map(str, command), "--output", folder],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        results = [
            numpy.load(pathlib.Path(folder) / f"{name}.npy")[0]
            for name in ("landmarks", "scores")
        ]
    return results


def draw(picture, size, points, path):
    """The picture with a dot at each point."""
    kind = "png" if picture.suffix.lower() == ".png" else "jpeg"
    data = base64.b64encode(picture.read_bytes()).decode()
    width, height = size
    radius = max(width, height) / 150
    dots = "\n".join(
        f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{radius:.2f}"/>'
        for x, y in points
    )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
        f'height="{height}">\n<image width="{width}" height="{height}" '
        f'href="data:image/{kind};base64,{data}"/>\n'
        f'<g fill="#30e060" stroke="black">\n{dots}\n</g>\n</svg>\n'
    )


def main():
    arguments = parse()
    with Image.open(arguments.picture) as image:
        size = image.size
    points, scores = landmarks(
        arguments.visir, arguments.model, arguments.picture
    )
    points = points * (numpy.array(size) / SIDE)
    for number, ((x, y), score) in enumerate(zip(points, scores), start=1):
        print(f"{number:2} {x:8.2f} {y:8.2f} {score:8.4f}")
    if arguments.svg:
        draw(arguments.picture, size, points, arguments.svg)


if __name__ == "__main__":
    main()
