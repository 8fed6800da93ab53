# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Captions of the small captioner of models/rest.

    PYTHONPATH=bindings/python python -m test.e2e.captions --exports FOLDER

compiles the four models of each exporter to one artifact. Captions by beam and
greedy search must be those that a plain search without a cache finds with
PyTorch in float64, scores of captions and classes must agree, and 1, 2 and 4
threads must give the same bits. `visir generate` must find the caption of the
photograph of models/photos, where one frame is taken.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import visir
from visir import locate

from models.rest.build import build
from models.rest.config import VARIANTS
from test.e2e.exporters import judge

ROOT = pathlib.Path(__file__).parents[3]
PHOTO = ROOT / "models/photos/flower.jpg"
PREPROCESS = ROOT / "examples/captions/preprocess.txt"
# Of scores, relative to the largest.
TOLERANCE = 1e-5


def captions(module, config, golden):
    """For each clip: the ids by beams and their score, the ids of greedy
    search; last the scores of the classes."""
    rules = {
        "max_length": config.longest,
        "min_length": config.shortest,
        "end": config.end,
    }
    results = []
    for name in golden.files:
        if not name.startswith("frames"):
            continue
        module.run({"frames": golden[name]}, entry="encode")
        beams = visir.generate(
            module, config.prompt, beams=config.beams, **rules
        )
        greedy = visir.generate(module, config.prompt, **rules)
        results += [beams.tokens, beams.score, greedy.tokens]
    answer = module.run({"ids": golden["ids"]}, entry="classify")
    return [*results, answer["scores"]]


def expected_captions(golden):
    for name in golden.files:
        if name.startswith("frames"):
            number = name.removeprefix("frames")
            yield golden[f"beams{number}"].tolist()
            yield golden[f"beams{number}:score"]
            yield golden[f"greedy{number}"].tolist()
    yield golden["scores"]


def relative_error(actual, expected):
    return float(abs(actual - expected).max() / abs(expected).max())


def worst_error(results, golden):
    """The largest error of scores; raises AssertionError where a text is
    another."""
    worst = 0
    for actual, expected in zip(results, expected_captions(golden), strict=True):
        if isinstance(expected, list):
            assert actual == expected, f"text is {actual}, expected {expected}"
        else:
            worst = max(worst, relative_error(actual, expected))
    return worst


def same_results(one, other):
    return all(numpy.array_equal(a, b) for a, b in zip(one, other))


def check(variant, folder, exporter):
    """Raises AssertionError with what is wrong; returns the largest error."""
    golden = numpy.load(folder / "captions.npz")
    artifact = build(variant, folder, exporter)
    results = []
    for threads in (1, 2, 4):
        module = visir.load(artifact, threads=threads)
        results.append(captions(module, VARIANTS[variant], golden))
    worst = worst_error(results[0], golden)
    assert worst <= TOLERANCE, f"error is {worst:.3g}, expected {TOLERANCE:.3g}"
    for other in results[1:]:
        assert same_results(results[0], other), "bits depend on threads"
    return worst


def caption_of(program, artifact, config, frames):
    """What a program says of the caption of a picture or a clip's file."""
    command = [*program, "generate", artifact, "--input", f"frames={frames}"]
    command += ["--prompt", ",".join(map(str, config.prompt)), "--json"]
    for option, value in (
        ("--end", config.end),
        ("--beams", config.beams),
        ("--min-length", config.shortest),
        ("--max-length", config.longest),
    ):
        command += [option, str(value)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check_photo(variant, folder, exporter):
    golden = numpy.load(folder / "captions.npz")
    if "photo" not in golden.files:
        return
    options = ["--preprocess", str(PREPROCESS)]
    with tempfile.TemporaryDirectory() as place:
        path = pathlib.Path(place) / "captioner.visir"
        build(variant, folder, exporter, path, extra=options)
        answer = caption_of([locate.tool()], path, VARIANTS[variant], PHOTO)
    actual = answer["tokens"]
    expected = golden["photo"].tolist()
    assert actual == expected, f"caption is {actual}, expected {expected}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--exports", type=pathlib.Path, required=True)
    parser.add_argument("--variant", choices=VARIANTS, default="small")
    parser.add_argument("--exporter", default="torchscript,dynamo")
    arguments = parser.parse_args()

    def check_both(exporter):
        worst = check(arguments.variant, arguments.exports, exporter)
        check_photo(arguments.variant, arguments.exports, exporter)
        return worst

    return judge("captions", arguments.exporter.split(","), check_both)


if __name__ == "__main__":
    sys.exit(main())
