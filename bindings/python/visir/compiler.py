# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The compiler, through the program `visir`."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Union, overload

import numpy

from visir import locate

UNSUPPORTED = 2


class ModelProto(Protocol):
    """An onnx.ModelProto, or what can be written as one."""

    def SerializeToString(self) -> bytes: ...


Path = Union[str, os.PathLike[str]]
Model = Union[Path, bytes, ModelProto]
Shapes = Mapping[str, Sequence[int]]


class CompileError(RuntimeError):
    """The compiler failed; the text is what it said."""


class UnsupportedError(CompileError):
    """The model needs what the compiler does not have; `refusals` lists all
    of it, one line for each node."""

    refusals: list[str]

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.refusals = [line for line in text.splitlines() if line]


def run_tool(name: str, arguments: Sequence[str]) -> str:
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


def write_model(model: Model, folder: str) -> str:
    """The path of a model given as path, bytes or onnx.ModelProto."""
    if isinstance(model, (str, os.PathLike)):
        return os.fspath(model)
    data = model if isinstance(model, bytes) else model.SerializeToString()
    path = os.path.join(folder, "model.onnx")
    pathlib.Path(path).write_bytes(data)
    return path


def elements(value: Any) -> str:
    """The elements of an array as the command line wants them."""
    array = numpy.asarray(value)
    if array.dtype.kind == "b":
        array = array.astype(numpy.uint8)
    elif array.dtype.kind not in "iuf":
        # Types that are not NumPy's own, such as bfloat16.
        array = array.astype(numpy.float64)
    return ",".join(map(str, array.ravel().tolist()))


def model_arguments(
    shapes: Shapes | None, bind: Mapping[str, Any] | None
) -> list[str]:
    """The command line for fixed shapes and bound inputs."""
    arguments = []
    for name, shape in (shapes or {}).items():
        arguments += ["--shape", f"{name}={'x'.join(map(str, shape))}"]
    for name, value in (bind or {}).items():
        arguments += ["--bind", f"{name}={elements(value)}"]
    return arguments


@overload
def compile(
    model: Model | Sequence[Path],
    target: str = "host",
    output: None = None,
    *,
    shapes: Shapes | None = None,
    bind: Mapping[str, Any] | None = None,
    options: Sequence[str] = (),
) -> bytes: ...


@overload
def compile(
    model: Model | Sequence[Path],
    target: str = "host",
    *,
    output: Path,
    shapes: Shapes | None = None,
    bind: Mapping[str, Any] | None = None,
    options: Sequence[str] = (),
) -> pathlib.Path: ...


def compile(
    model: Model | Sequence[Path],
    target: str = "host",
    output: Path | None = None,
    *,
    shapes: Shapes | None = None,
    bind: Mapping[str, Any] | None = None,
    options: Sequence[str] = (),
) -> bytes | pathlib.Path:
    """Compiles an ONNX model and returns the artifact.

    model: a path, bytes or an onnx.ModelProto; or a list of paths, whose
        entry points are then named after the files.
    target: instruction sets, separated by commas: 'x86-64-v2', 'x86-64-v3',
        'x86-64-v4', 'aarch64', or 'host' for this machine's; 'cuda:sm_90',
        'vulkan' and others that `visir targets` lists.
    output: where to write the artifact; without it its bytes are returned,
        with it the path.
    shapes: {input: dimensions} for inputs of unknown shape.
    bind: {input: array} for inputs that become constants; the array has the
        input's shape, its elements are converted to the input's dtype.
    options: further arguments of `visir compile`.

    The compiler runs in a process of its own, so that other threads of Python
    go on.

    Raises UnsupportedError with every node that the compiler cannot do, and
    CompileError for anything else that goes wrong.
    """
    with tempfile.TemporaryDirectory() as folder:
        models: Sequence[Any]
        models = model if isinstance(model, (list, tuple)) else [model]
        paths = [write_model(each, folder) for each in models]
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


def newest_opset() -> int:
    """The newest opset of ONNX's default domain that can be compiled."""
    return json.loads(run_tool("visir", ["ops", "--json"]))["last_opset"]


def evaluate(
    model: Model,
    inputs: Mapping[str, Any],
    *,
    shapes: Shapes | None = None,
    bind: Mapping[str, Any] | None = None,
) -> dict[str, numpy.ndarray]:
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
