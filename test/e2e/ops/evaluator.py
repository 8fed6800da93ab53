# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""visir-evaluate as a process that answers many questions."""

import dataclasses
import functools
import multiprocessing.util
import os
import pathlib
import subprocess
import tempfile

import numpy

ROOT = pathlib.Path(__file__).parents[3]


@dataclasses.dataclass(frozen=True)
class Answer:
    """outputs: {name: array}; after an error there are none and text tells
    what is wrong."""

    outputs: dict
    text: str = ""


def storable(array):
    """NumPy saves foreign dtypes such as bfloat16 as raw bytes."""
    array = numpy.asarray(array)
    if array.dtype.kind == "V" or array.dtype.name == "bfloat16":
        return array.view(f"V{array.dtype.itemsize}")
    return array


class Evaluator:
    """`runner`, words of a command, runs the artifacts of targets that this
    machine cannot run itself."""

    def __init__(self, runner=()):
        build = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
        self.tool = build / "bin" / "visir-evaluate"
        self.folder = tempfile.TemporaryDirectory()
        self.process = None
        self.options = ["--runner", " ".join(runner)] if runner else []

    def start(self):
        self.process = subprocess.Popen(
            [self.tool, "--batch", "--wide", *self.options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def stop(self):
        """Ends the process; the next question starts another."""
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

    def close(self):
        self.stop()
        self.folder.cleanup()

    def ask(self, *fields):
        """The answer to one line; "died" if the process does not survive."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        print(*fields, sep="\t", file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        return answer.strip() or "died"

    def run(self, text, inputs, passes="", target="", precision=""):
        """Evaluates IR text for inputs {name: array} after `passes`, on the
        reference or as code for `target`; floats come back as f64."""
        folder = pathlib.Path(self.folder.name)
        path = folder / "model.mlir"
        path.write_text(text)
        given, made = folder / "inputs.npz", folder / "outputs.npz"
        numpy.savez(given, **{n: storable(a) for n, a in inputs.items()})
        answer = self.ask(path, given, made, "", passes, target, precision)
        kind, _, text = answer.partition(" ")
        if kind != "done":
            return Answer({}, text or kind)
        with numpy.load(made) as arrays:
            return Answer(dict(arrays))


@functools.cache
def evaluator(runner=()):
    """The one of this process."""
    made = Evaluator(runner)
    # Processes of a pool leave without what atexit knows.
    multiprocessing.util.Finalize(None, made.close, exitpriority=0)
    return made
