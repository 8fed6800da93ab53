# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The compiler, through the program `visir`."""

import os
import pathlib
import subprocess
import tempfile

import numpy

from visir import locate

UNSUPPORTED = 2


class CompileError(RuntimeError):
    """The compiler failed; the text is what it said."""


class UnsupportedError(CompileError):
    """The model needs what the compiler does not have; `refusals` lists all
    of it, one line for each node."""

    def __init__(self, text):
        super().__init__(text)
        self.refusals = [line for line in text.splitlines() if line]


def run_tool(name, arguments):
    """Runs a program; returns what it printed, or raises what it refused."""
    done = subprocess.run(
        [locate.tool(name), *arguments],
        capture_output=True,
        text=True,
        env=locate.tool_environment(),
    )
    if done.returncode == UNSUPPORTED:
        raise UnsupportedError(done.stderr.strip())
    if done.returncode:
        text = done.stderr.strip() or f"exit code is {done.returncode}"
        raise CompileError(text)
    return done.stdout


def write_model(model, folder):
    """The path of a model given as path, bytes or onnx.ModelProto."""
    if isinstance(model, (str, os.PathLike)):
        return os.fspath(model)
    if hasattr(model, "SerializeToString"):
        model = model.SerializeToString()
    path = os.path.join(folder, "model.onnx")
    pathlib.Path(path).write_bytes(model)
    return path


def elements(value):
    """The elements of an array as the command line wants them."""
    array = numpy.asarray(value)
    if array.dtype.kind == "b":
        array = array.astype(numpy.uint8)
    elif array.dtype.kind not in "iuf":
        # Types that are not NumPy's own, such as bfloat16.
        array = array.astype(numpy.float64)
    return ",".join(map(str, array.ravel().tolist()))


def model_arguments(shapes, bind):
    """The command line for fixed shapes and bound inputs."""
    arguments = []
    for name, shape in (shapes or {}).items():
        arguments += ["--shape", f"{name}={'x'.join(map(str, shape))}"]
    for name, value in (bind or {}).items():
        arguments += ["--bind", f"{name}={elements(value)}"]
    return arguments


def compile(
    model, target="host", output=None, *, shapes=None, bind=None, options=()
):
    """Compiles an ONNX model and returns the artifact.

    model: a path, bytes or an onnx.ModelProto; or a list of paths, whose
        entry points are then named after the files.
    output: where to write the artifact; without it its bytes are returned,
        with it the path.
    shapes: {input: dimensions} for inputs of unknown shape.
    bind: {input: array} for inputs that become constants.
    options: further arguments of `visir compile`.

    Raises UnsupportedError with every node that the compiler cannot do, and
    CompileError for anything else that goes wrong.
    """
    with tempfile.TemporaryDirectory() as folder:
        models = model if isinstance(model, (list, tuple)) else [model]
        paths = [os.fspath(write_model(each, folder)) for each in models]
        made = os.fspath(output or os.path.join(folder, "model.visir"))
        run_tool(
            "visir",
            ["compile", *paths, "-o", made, "--target", target]
            + model_arguments(shapes, bind)
            + list(options),
        )
        if output:
            return pathlib.Path(made)
        return pathlib.Path(made).read_bytes()


def evaluate(model, inputs, *, shapes=None, bind=None):
    """Runs an ONNX model in the reference interpreter, which computes in
    float64 what the model computes in float32; {name: array} to the same,
    all floats as float64."""
    with tempfile.TemporaryDirectory() as folder:
        given = os.path.join(folder, "inputs.npz")
        made = os.path.join(folder, "outputs.npz")
        numpy.savez(given, **inputs)
        run_tool(
            "visir-evaluate",
            [write_model(model, folder), "--wide"]
            + ["--inputs", given, "--outputs", made]
            + model_arguments(shapes, bind),
        )
        with numpy.load(made) as arrays:
            return dict(arrays)
