# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draws docs/systems/NAME.svg: the characteristic part of a system's small
model before and after the compiler, by `visir inspect --svg`.

Models that are not exported yet are exported first, by PyTorch's environment.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys

from visir import locate

from models.rest.config import VARIANTS, compile_options

ROOT = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
SYSTEMS = ROOT / "docs/systems"
MOST_BYTES = 60_000


@dataclasses.dataclass(frozen=True)
class Picture:
    model: str  # of models/, or FOLDER/NAME of a captioner
    part: str  # names of ONNX nodes, a regular expression
    options: tuple[str, ...] = ()


def step_options():
    """What a captioner's step keeps; cross attention's keys are inputs, as no
    other model is there that makes them."""
    words = iter(compile_options(VARIANTS["small"]))
    pairs = [(option, next(words)) for option in words]
    kept = [pair for pair in pairs if not pair[1].startswith("cross_")]
    return tuple(word for pair in kept for word in pair)


PICTURES = {
    "edgevit": Picture("edgevit_xxs", "^/stages/stages.1/(local/mixer|norm1|attention)/"),
    "shift": Picture("shiftvit_small", "^/[23]/"),
    "gsf": Picture("gsf_small", "^/stages/stages.0/branch/branch.[78]/"),
    "xvit": Picture("xvit_small", "^/blocks/blocks.0/"),
    "iboot": Picture("slow_small", "^/stages/stages.1/"),
    "heatmaps": Picture("heatmaps_softmax", ""),
    "tensorized": Picture("tensorized_small_tucker", "^/layer1/"),
    "binary": Picture("reactnet_small", "^/blocks/blocks.0/"),
    "lasp": Picture(
        "lasp_small", "^/text/(blocks.1|ln_final)/|^/[A-Z]"
    ),
    "variational-prompts": Picture(
        "variational_small", "^/text/(blocks.1/mlp|ln_final)/|^/[A-Z]"
    ),
    "rest": Picture("rest_small/step", "^/layers.0/(cross/|wide|narrow|norm)", step_options()),
}


def source_of(picture, exports):
    return exports / f"{picture.model}.torchscript.onnx"


def slimmed(text):
    """A picture without what only helps to edit it: a third of its size."""
    text = re.sub(r"<!--.*?-->\n|<title>.*?</title>\n", "", text, flags=re.S)
    text = re.sub(r' (?:id|class)="[^"]*"', "", text)
    text = re.sub(r"(\d\.\d)\d+\b", r"\1", text)
    family = ' font-family="sans-serif"'
    return text.replace(family, "").replace("<svg ", f"<svg{family} ", 1)


def draw(name, picture, exports, folder):
    """Returns what `visir inspect` reports; raises RuntimeError."""
    path = folder / f"{name}.svg"
    command = [locate.tool(), "inspect", source_of(picture, exports), "--json"]
    command += ["--svg", path, "--part", picture.part or ".*"]
    done = subprocess.run(
        [*map(str, command), *picture.options], capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip()}")
    path.write_text(slimmed(path.read_text()))
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise RuntimeError(
            f"{name}: picture is {size} bytes, expected at most {MOST_BYTES}: "
            "choose a smaller part"
        )
    return json.loads(done.stdout)


def export_missing(names, exports):
    missing = [
        PICTURES[name].model
        for name in names
        if not source_of(PICTURES[name], exports).exists()
    ]
    if missing:
        subprocess.run(
            [
                *(ROOT / ".venv-torch/bin/python", "-m", "models.export"),
                *("--exporter", "torchscript", "--out", exports),
                *("--model", ",".join(missing)),
            ],
            cwd=ROOT,
            check=True,
        )


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/pictures", description=__doc__.partition("\n\n")[0]
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=", ".join(PICTURES)
    )
    parser.add_argument(
        "--exports", type=pathlib.Path, default=BUILD / "models"
    )
    parser.add_argument("--out", type=pathlib.Path, default=SYSTEMS)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in PICTURES]
    if unknown:
        parser.error(
            f"picture is {unknown[0]}, expected one of {', '.join(PICTURES)}"
        )
    names = arguments.names or list(PICTURES)
    export_missing(names, arguments.exports)
    for name in names:
        try:
            draw(name, PICTURES[name], arguments.exports, arguments.out)
        except RuntimeError as error:
            print(f"pictures: {error}", file=sys.stderr)
            return 1
        print(f"wrote {arguments.out / name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
