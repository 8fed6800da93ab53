# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What scripts/demo shows, once Visir is built."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import onnx
import visir
from PIL import Image
from visir import locate

from models import structure

MODELS = pathlib.Path(__file__).parents[2] / "models"
DIGITS = MODELS / "edgevit_digits"
# The reference is slow: it judges the first pictures only.
JUDGED = 20
AGREEMENT = 1e-5
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def say(label, text):
    print(f"  {label:24} {text}")


def error_against(actual, expected):
    """The largest difference relative to the largest value."""
    return float(numpy.abs(actual - expected).max() / numpy.abs(expected).max())


def compile_and_tell(model, path):
    start = time.monotonic()
    visir.compile(model, output=path)
    seconds = time.monotonic() - start
    size = path.stat().st_size / 1e6
    say("compiled", f"in {seconds:.1f} s to {size:.1f} MB")


def bench(path):
    """Prints the time of a run on one thread and its share of the peak."""
    command = [locate.tool("visir-rt"), "bench", str(path), "--threads", "1"]
    done = subprocess.run(
        [*command, "--json"], capture_output=True, text=True, check=True
    )
    figures = json.loads(done.stdout)
    say(
        "one run, one thread",
        f"{figures['median_us'] / 1e3:.3f} ms, {figures['gflops']:.1f} GFLOP/s, "
        f"{100 * figures['share_of_peak']:.0f} % of this machine's peak",
    )


def read_digits():
    """float32 pictures (count, 1, 1, 28, 28) in [0, 1], and labels."""
    with numpy.load(DIGITS / "heldout.npz") as data:
        pictures = data["pictures"].astype(numpy.float32) / 255
        return pictures[:, None, None], data["labels"]


def digits(folder):
    """Compiles the trained model and answers all held-out pictures; returns
    True if the answers are PyTorch's."""
    print("EdgeViT trained on handwritten digits")
    model = DIGITS / "edgevit_digits.onnx"
    artifact = folder / "digits.visir"
    compile_and_tell(model, artifact)
    module = visir.load(artifact, threads=1)
    pictures, labels = read_digits()
    logits = [module.run({"input": x})["logits"] for x in pictures]
    answers = numpy.concatenate(logits).argmax(axis=1)
    right = int((answers == labels).sum())
    record = json.loads((DIGITS / "record.json").read_text())
    say("first answers", " ".join(map(str, answers[:20])))
    say("written were", " ".join(map(str, labels[:20])))
    say(
        "right answers",
        f"{right} of {len(labels)}; PyTorch has {record['right']} "
        f"of {record['pictures']}",
    )
    error = max(
        error_against(a, visir.evaluate(model, {"input": x})["logits"])
        for a, x in zip(logits[:JUDGED], pictures)
    )
    say("error to the reference", f"{error:.1e} over {JUDGED} pictures")
    bench(artifact)
    return right == record["right"] and error <= AGREEMENT


def read_photo():
    """The photo as (1, 3, 224, 224) float32, normalised."""
    photo = Image.open(MODELS / "photos" / "flower.jpg").convert("RGB")
    left, top = ((side - 224) // 2 for side in photo.size)
    pixels = numpy.asarray(photo.crop((left, top, left + 224, top + 224)))
    x = (pixels / 255 - MEAN) / DEVIATION
    return x.transpose(2, 0, 1)[None].astype(numpy.float32)


def photo(folder):
    """Compiles EdgeViT-XXS at its real size and runs it on a photo; returns
    True if it agrees with the reference."""
    print("EdgeViT-XXS at 224x224, random weights, on a photo")
    model = onnx.load(MODELS / "edgevit" / "edgevit_xxs.structure.onnx")
    structure.fill(model, seed=0)
    artifact = folder / "edgevit_xxs.visir"
    compile_and_tell(model, artifact)
    x = read_photo()
    output = visir.load(artifact).run({"input": x})["output"]
    expected = visir.evaluate(model, {"input": x})["output"]
    error = error_against(output, expected)
    top = numpy.argsort(output[0])[:-6:-1]
    same = (top == numpy.argsort(expected[0])[:-6:-1]).all()
    say("largest five logits", " ".join(map(str, top)))
    say("error to the reference", f"{error:.1e}")
    bench(artifact)
    return bool(same) and error <= AGREEMENT


def main():
    with tempfile.TemporaryDirectory() as folder:
        good = [part(pathlib.Path(folder)) for part in (digits, photo)]
    if not all(good):
        print("the answers are not what they should be", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
