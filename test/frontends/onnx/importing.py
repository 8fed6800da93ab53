# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the import on small models and reads what it prints."""

import dataclasses
import os
import pathlib
import re
import subprocess

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).parents[3]
BUILD = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
TOOL = BUILD / "bin" / "visir-translate"

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


@dataclasses.dataclass
class Imported:
    """What the tool said: its exit code, the IR, errors and remarks."""

    code: int
    ir: str
    messages: list

    @property
    def ops(self):
        """The mnemonics of the ops in order, constants left out."""
        found = re.findall(r"visir\.(\w+)[ (]", self.ir)
        return [name for name in found if name not in ("constant", "name")]

    @property
    def reasons(self):
        """Why nodes became opaque."""
        return re.findall(r'visir\.opaque "\w*", "[^"]*", \d+, "([^"]*)"', self.ir)

    @property
    def signature(self):
        """'tensor<2x3xf32> -> tensor<3xf32>' of the first entry point."""
        text = re.search(r"func\.func @main\((.*)\) -> (.*) attributes", self.ir)
        inputs, outputs = (
            ", ".join(re.findall(r"tensor<[^>]*>", part)) for part in text.groups()
        )
        return f"{inputs} -> {outputs}"

    def constant(self):
        """The only result's value, which must be a constant."""
        assert self.ops == [], self.ir
        name = re.search(r"return %(\w+)", self.ir)[1]
        key, shape = re.search(
            rf"%{name} = visir.constant dense_resource<(\w+)> : tensor<([^>]*)>",
            self.ir,
        ).groups()
        raw = re.search(rf'{key}: "0x([0-9A-F]*)"', self.ir)
        *extents, kind = shape.split("x")
        dtype = {"si64": "i8", "si32": "i4", "f32": "f4", "i1": "?", "f16": "f2"}
        # Four bytes of alignment come first.
        data = bytes.fromhex(raw[1])[4:] if raw else b""
        values = numpy.frombuffer(data, "<" + dtype[kind])
        return values.reshape([int(extent) for extent in extents])


def run(path, *options):
    done = subprocess.run(
        [TOOL, "--import-onnx", path, *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Imported(done.returncode, done.stdout, done.stderr.splitlines())


def value(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model_of(nodes, inputs, outputs, constants=None, opset=17, **fields):
    """A model; constants are {name: array}."""
    stored = [
        numpy_helper.from_array(numpy.asarray(array), name)
        for name, array in (constants or {}).items()
    ]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, stored)
    fields.setdefault("ir_version", 8)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], **fields
    )


def model_of_node(node, inputs, constants=None, opset=17, outputs=1):
    """One node; inputs are {name: shape or (shape, kind)}."""
    infos = [
        value(name, *(what if isinstance(what, tuple) else (what,)))
        for name, what in inputs.items()
    ]
    results = [
        helper.make_empty_tensor_value_info(name) for name in node.output[:outputs]
    ]
    return model_of([node], infos, results, constants, opset)


def save(model, folder, name="model.onnx"):
    path = folder / name
    if isinstance(model, bytes):
        path.write_bytes(model)
    else:
        path.write_bytes(model.SerializeToString())
    return path


__all__ = [
    "BOOL", "FLOAT", "INT64", "Imported", "TOOL", "TensorProto", "helper",
    "model_of", "model_of_node", "numpy_helper", "onnx", "run", "save", "value",
]  # fmt: skip
