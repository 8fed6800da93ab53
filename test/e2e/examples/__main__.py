# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the examples of published systems with their small models.

    PYTHONPATH=bindings/python python -m test.e2e.examples --exports FOLDER

An example passes when its answer to the photograph of models/photos, or to the
clip that is made of it, is the one that PyTorch gave in float64, from the
exports of both exporters.
"""

import argparse
import pathlib
import sys

from examples.shared import classify
from examples.shared.jobs import JOBS
from test.e2e.exporters import judge
from test.e2e.models.exports import EXPORTERS


def check(name, exports, exporter):
    """Raises AssertionError with what is wrong; returns the error."""
    job = JOBS[name]
    onnx = exports / f"{job.small.name}.{exporter}.onnx"
    result = classify.answer(job, True, classify.PHOTO, onnx)
    error = classify.error_of(name, True, result)
    assert error <= job.limit, f"error is {error:.3g}, expected <= {job.limit}"
    return error


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--exports", type=pathlib.Path, required=True)
    parser.add_argument("--exporter", default=",".join(EXPORTERS))
    parser.add_argument("names", nargs="*", help="of examples; all")
    arguments = parser.parse_args()
    runs = {
        f"{name}.{exporter}": (name, exporter)
        for name in arguments.names or JOBS
        for exporter in arguments.exporter.split(",")
    }
    return judge(
        "examples",
        runs,
        lambda run: check(runs[run][0], arguments.exports, runs[run][1]),
    )


if __name__ == "__main__":
    sys.exit(main())
