# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The backend interface of the onnx package:

    representation = visir.backend.prepare(model)
    outputs = representation.run([array, ...])

It compiles for this machine's processor. Keywords beyond those of the
interface are `threads`, `bind` ({input: array} for inputs that become
constants) and those of visir.compile.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy
import onnx
from onnx import helper
from onnx.backend.base import (
    Backend,
    BackendRep,
    Device,
    DeviceType,
    namedtupledict,
)

from visir import compiler
from visir.module import Module, TensorLike, load


class Representation(BackendRep):
    """A compiled model."""

    def __init__(
        self, module: Module, inputs: list[str], outputs: list[str]
    ) -> None:
        self.module = module
        self.input_names = inputs
        self.output_names = outputs

    def run(
        self,
        inputs: Sequence[TensorLike] | Mapping[str, TensorLike],
        **kwargs: Any,
    ) -> tuple[numpy.ndarray, ...]:
        """inputs: arrays in the graph's order, or {name: array}. Returns a
        named tuple of the outputs in the graph's order; errors are those of
        visir.Module.run."""
        if not isinstance(inputs, Mapping):
            if len(inputs) != len(self.input_names):
                raise ValueError(
                    f"number of inputs is {len(inputs)}, expected "
                    f"{len(self.input_names)}: {self.input_names}"
                )
            inputs = dict(zip(self.input_names, inputs))
        results = self.module.run(inputs)
        ordered = [results[name] for name in self.output_names]
        return namedtupledict("Outputs", self.output_names)(*ordered)


class VisirBackend(Backend):
    """Compiles for this machine's processor."""

    @classmethod
    def is_compatible(
        cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any
    ) -> bool:
        """Whether the compiler has all that the model needs; keywords are
        those of visir.compile. CompileError for a model that is broken."""
        if not cls.supports_device(device):
            return False
        until = ("--to", "recognised", *kwargs.pop("options", ()))
        try:
            compiler.compile(
                model, output=os.devnull, options=until, **kwargs
            )
        except compiler.UnsupportedError:
            return False
        return True

    @classmethod
    def prepare(
        cls,
        model: onnx.ModelProto,
        device: str = "CPU",
        *,
        threads: int = 0,
        bind: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Representation:
        """Compiles a model. ValueError for a device other than the CPU,
        otherwise the errors of visir.compile."""
        if not cls.supports_device(device):
            raise ValueError(f"device is {device}, expected CPU")
        bind = bind or {}
        artifact = compiler.compile(model, bind=bind, **kwargs)
        stored = {tensor.name for tensor in model.graph.initializer}
        inputs = [
            value.name
            for value in model.graph.input
            if value.name not in stored and value.name not in bind
        ]
        outputs = [value.name for value in model.graph.output]
        return Representation(load(artifact, threads), inputs, outputs)

    @classmethod
    def run_model(
        cls,
        model: onnx.ModelProto,
        inputs: Any,
        device: str = "CPU",
        **kwargs: Any,
    ) -> tuple[numpy.ndarray, ...]:
        """prepare(model, device, **kwargs).run(inputs)"""
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(
        cls,
        node: onnx.NodeProto,
        inputs: Sequence[Any],
        device: str = "CPU",
        outputs_info: Sequence[tuple[Any, tuple[int, ...]]] | None = None,
        *,
        opset_version: int | None = None,
        **kwargs: Any,
    ) -> tuple[numpy.ndarray, ...]:
        """Runs one node on NumPy arrays, one for each input that has a name.

        outputs_info: (dtype, shape) of each output; inferred without it.
        opset_version: the default domain's; the newest one without it.
        """
        model = model_of_node(
            node, [numpy.asarray(a) for a in inputs], outputs_info, opset_version
        )
        names = [value.name for value in model.graph.input]
        bind = kwargs.get("bind") or {}
        arrays = dict(zip(names, inputs))
        left = {n: a for n, a in arrays.items() if n not in bind}
        return cls.run_model(model, left, device, **kwargs)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether `device` is the CPU."""
        try:
            return Device(device).type == DeviceType.CPU
        except (AttributeError, ValueError):
            return False


def model_of_node(
    node: onnx.NodeProto,
    arrays: Sequence[numpy.ndarray],
    outputs_info: Sequence[tuple[Any, tuple[int, ...]]] | None,
    opset_version: int | None,
) -> onnx.ModelProto:
    """A model of one node that takes inputs like the arrays."""
    names = [name for name in dict.fromkeys(node.input) if name]
    if len(names) != len(arrays):
        raise ValueError(
            f"number of inputs is {len(arrays)}, expected {len(names)}: {names}"
        )

    def info(name: str, dtype: Any, shape: Any) -> onnx.ValueInfoProto:
        kind = helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype))
        return helper.make_tensor_value_info(name, kind, shape)

    inputs = [info(n, a.dtype, a.shape) for n, a in zip(names, arrays)]
    results = [name for name in node.output if name]
    if outputs_info is None:
        outputs = [helper.make_empty_tensor_value_info(n) for n in results]
    else:
        outputs = [info(n, *known) for n, known in zip(results, outputs_info)]
    opset = opset_version or compiler.newest_opset()
    return helper.make_model(
        helper.make_graph([node], "node", inputs, outputs),
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=8 if opset < 19 else 10,
    )


is_compatible = VisirBackend.is_compatible
prepare = VisirBackend.prepare
run_model = VisirBackend.run_model
run_node = VisirBackend.run_node
supports_device = VisirBackend.supports_device
