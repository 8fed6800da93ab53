# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a photograph, or a clip made of it, shows: see examples/run.

The answer must be that which PyTorch gave in float64 (expected.npz), if the
photograph is the one of models/photos.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy
import visir
from visir import locate

from examples.shared import inputs
from examples.shared.jobs import JOBS

ROOT = pathlib.Path(__file__).parents[2]
PHOTO = ROOT / "models/photos/flower.jpg"
BEST = 5


def answer_to_picture(onnx, path, way, target, folder):
    """The artifact takes the photograph itself."""
    text, artifact = folder / "preprocess.txt", folder / "model.visir"
    text.write_text(way.preprocess())
    visir.compile(
        str(onnx), target, output=artifact, options=["--preprocess", str(text)]
    )
    command = [locate.tool(), "run", artifact, "--input", path]
    subprocess.run(
        [*map(str, command), "--output", folder],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (result,) = folder.glob("*.npy")
    return numpy.load(result)[0]


def answer_to_clip(onnx, frames, target, folder):
    artifact = folder / "model.visir"
    visir.compile(str(onnx), target, output=artifact)
    (result,) = visir.load(artifact).run({"input": frames}).values()
    return result[0]


def answer_to_stream(onnx, frames, states, target, folder):
    """Of each frame; what one run leaves, the next finds."""
    artifact, options = folder / "model.visir", []
    for i in range(states):
        options += ["--state", f"state{i}=next{i}"]
    visir.compile(str(onnx), target, output=artifact, options=options)
    module = visir.load(artifact)
    results = [module.run({"input": frame[None]}) for frame in frames]
    return numpy.stack([result["output"][0] for result in results])


def answer(job, is_small, photo, onnx, target="host"):
    """The model's first output, without the batch; of a stream, by frame."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if not job.frames:
            way = inputs.way_of(job)
            return answer_to_picture(onnx, photo, way, target, folder)
        frames = inputs.of(job, is_small, photo)
        if job.states:
            return answer_to_stream(onnx, frames, job.states, target, folder)
        return answer_to_clip(onnx, frames, target, folder)


def error_of(name, is_small, result):
    """Against PyTorch's answer, relative to its largest value."""
    with numpy.load(ROOT / "examples" / name / "expected.npz") as recorded:
        expected = recorded["small" if is_small else "published"]
    return float(numpy.abs(result - expected).max() / numpy.abs(expected).max())


def labels_of(job, is_small):
    if is_small or not job.labels:
        return None
    return (ROOT / job.labels).read_text().splitlines()


def print_best(result, labels):
    for place in numpy.argsort(-result)[:BEST]:
        name = labels[place] if labels else f"class {place}"
        print(f"  {name:16} {result[place]:9.4f}")


def parse():
    parser = argparse.ArgumentParser(
        prog="examples/run", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("name", choices=JOBS, help="of the example")
    parser.add_argument(
        "--photo", type=pathlib.Path, default=PHOTO, help="JPEG or PNG"
    )
    parser.add_argument(
        "--small", action="store_true", help="a small model with the same parts"
    )
    parser.add_argument(
        "--exports", type=pathlib.Path, default=ROOT / "build/models"
    )
    parser.add_argument("--exporter", default="torchscript")
    parser.add_argument("--target", default="host")
    parser.add_argument(
        "--print-model", action="store_true", help="print the model's name only"
    )
    return parser.parse_args()


def main():
    arguments = parse()
    job = JOBS[arguments.name]
    model = job.model(arguments.small)
    if arguments.print_model:
        print(model.name)
        return 0
    onnx = arguments.exports / f"{model.name}.{arguments.exporter}.onnx"
    result = answer(
        job, arguments.small, arguments.photo, onnx, arguments.target
    )
    labels = labels_of(job, arguments.small)
    last = ", last frame" if job.states else ""
    print(f"{model.name} of {arguments.photo.name}{last}:")
    print_best(result[-1] if job.states else result, labels)
    if arguments.photo.read_bytes() != PHOTO.read_bytes():
        return 0
    error = error_of(arguments.name, arguments.small, result)
    is_right = error <= job.limit
    print(
        f"error against PyTorch {error:.1e}, expected at most {job.limit:.0e}: "
        + ("right" if is_right else "wrong")
    )
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
