# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs artifacts for aarch64 by the board tool under qemu's user emulator."""

import os
import pathlib
import re
import subprocess
import tempfile

import numpy

ROOT = pathlib.Path(__file__).parents[3]
BUILD = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
# The preset cross-arm64 makes it.
TOOL = BUILD / "arm64" / "bin" / "visir-rt"
RUNNER = ("qemu-aarch64", str(TOOL))


# Counts what kernels execute (test/perf/aarch64).
COUNTER = BUILD / "lib" / "libvisir_count_instructions.so"
COUNTS = re.compile(r"instructions (\d+) multiply-adds (\d+) scalar (\d+)")


class BoardError(Exception):
    """What the tool says."""


def execute(command, seconds):
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, timeout=seconds
    )
    if done.returncode:
        raise BoardError(done.stderr.strip() or f"exit code {done.returncode}")
    return done.stdout


def write_inputs(inputs, folder):
    """Options that name one raw file for each input."""
    options = []
    for i, (name, array) in enumerate(inputs.items()):
        path = folder / f"input{i}.raw"
        path.write_bytes(numpy.ascontiguousarray(array).tobytes())
        options += ["--input", f"{name}={path}"]
    return options


def run(artifact, inputs, *, threads=1, seconds=600, before=RUNNER):
    """{output: array}; bfloat16 comes back as its bits. Raises BoardError."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        command = [*before, "run", artifact, "--threads", threads]
        command += [*write_inputs(inputs, folder), "--output", folder]
        execute(command, seconds)
        return {p.stem: numpy.load(p) for p in folder.glob("*.npy")}


def count(artifact, inputs, *, seconds=600):
    """(outputs, instructions, multiply-adds, scalar float operations) of all
    kernels in one run on one thread."""
    with tempfile.NamedTemporaryFile("r") as log:
        plugin = ("-d", "plugin", "-D", log.name, "-plugin", str(COUNTER))
        before = (RUNNER[0], *plugin, *RUNNER[1:])
        outputs = run(artifact, inputs, seconds=seconds, before=before)
        found = COUNTS.search(log.read())
        if not found:
            raise BoardError("the counting plugin says nothing")
        return outputs, *map(int, found.groups())
