# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the exported models of a captioner to one artifact.

    PYTHONPATH=bindings/python .venv/bin/python -m models.rest.build \\
        --variant small --exports FOLDER --out captioner.visir
"""

import argparse
import pathlib
import tempfile

import visir

from models.rest.config import MODELS, VARIANTS, compile_options


def build(
    variant, folder, exporter, out=None, target="host", extra=(), models=MODELS
):
    """The artifact's bytes, or its path. The folder has NAME.EXPORTER.onnx."""
    with tempfile.TemporaryDirectory() as place:
        paths = []
        for name in models:
            # Entry points are named after the files.
            paths.append(pathlib.Path(place) / f"{name}.onnx")
            source = pathlib.Path(folder) / f"{name}.{exporter}.onnx"
            paths[-1].symlink_to(source.resolve())
        options = [*compile_options(VARIANTS[variant]), *extra]
        return visir.compile(paths, target, out, options=options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--variant", choices=VARIANTS, default="small")
    parser.add_argument("--exports", type=pathlib.Path, required=True)
    parser.add_argument("--exporter", default="torchscript")
    parser.add_argument("--target", default="host")
    parser.add_argument("--preprocess", help="how a picture becomes frames")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    given = parser.parse_args()
    extra = ["--preprocess", given.preprocess] if given.preprocess else []
    build(
        given.variant, given.exports, given.exporter, given.out, given.target,
        extra,
    )  # fmt: skip


if __name__ == "__main__":
    main()
