# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records what PyTorch answers in float64, with the weights that exports have.

    PYTHONPATH=. .venv-torch/bin/python -m examples.shared.record [NAME ...]

writes examples/NAME/expected.npz: `published` and `small`, the outputs of the
two models on models/photos/flower.jpg, or the clip that is made of it.
"""

import argparse
import pathlib

import numpy
import torch

from examples.shared import inputs
from examples.shared.jobs import JOBS
from models.export import as_tuple, prepare
from models.registry import all_models

EXAMPLES = pathlib.Path(__file__).parents[1]
SIZES = ("small", "published")
PHOTO = EXAMPLES.parent / "models/photos/flower.jpg"


def answer(job, is_small):
    """The first output, without the batch; of a stream, for each frame."""
    module, others = prepare(all_models()[job.model(is_small).name])
    given = torch.from_numpy(inputs.of(job, is_small, PHOTO)).double()
    module = module.double()
    with torch.no_grad():
        if not job.states:
            return as_tuple(module(given))[0].numpy()[0]
        states = [torch.zeros_like(x).double() for x in others.values()][1:]
        results = []
        for frame in given:
            result, *states = module(frame[None], *states)
            results.append(result.numpy()[0])
        return numpy.stack(results)


def record(name, sizes):
    """Replaces what is recorded of some sizes."""
    path, job = EXAMPLES / name / "expected.npz", JOBS[name]
    arrays = {}
    if path.exists():
        with numpy.load(path) as known:
            arrays = dict(known)
    for size in sizes:
        result = answer(job, size == "small")
        arrays[size] = result.astype(numpy.float32)
        print(f"{name}, {size}: class {result.argmax(-1)}", flush=True)
    numpy.savez(path, **arrays)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="of examples; all")
    parser.add_argument(
        "--size", action="append", choices=SIZES, help="of models; both"
    )
    arguments = parser.parse_args()
    torch.backends.mha.set_fastpath_enabled(False)
    for name in arguments.names or JOBS:
        record(name, arguments.size or SIZES)


if __name__ == "__main__":
    main()
