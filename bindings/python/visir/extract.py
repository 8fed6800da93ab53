# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parts of ONNX graphs as models of their own, for the search of faults."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence

import numpy
import onnx
from onnx import helper


@dataclasses.dataclass(frozen=True)
class Part:
    """Some nodes by number, in order; the values that they read from outside,
    and those of theirs that something outside reads, or nothing."""

    nodes: tuple[int, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def reads(node: onnx.NodeProto) -> list[str]:
    """The names that a node reads from around it, its subgraphs included."""
    names = [name for name in node.input if name]
    for attribute in node.attribute:
        graphs = [*attribute.graphs]
        if attribute.HasField("g"):
            graphs.append(attribute.g)
        for graph in graphs:
            inside = {value.name for value in graph.input}
            inside |= {tensor.name for tensor in graph.initializer}
            inside |= {name for each in graph.node for name in each.output}
            wanted = [name for each in graph.node for name in reads(each)]
            wanted += [value.name for value in graph.output]
            names += [name for name in wanted if name not in inside]
    return list(dict.fromkeys(names))


class Graph:
    """A model's file and its nodes."""

    def __init__(self, path: str) -> None:
        self.model = onnx.load(path)
        self.nodes = list(self.model.graph.node)
        self.stored = {t.name for t in self.model.graph.initializer}
        self.stored |= {
            t.values.name for t in self.model.graph.sparse_initializer
        }
        self.results = {value.name for value in self.model.graph.output}
        self.readers: dict[str, set[int]] = {}
        self.producer: dict[str, int] = {}
        for number, node in enumerate(self.nodes):
            for name in reads(node):
                self.readers.setdefault(name, set()).add(number)
            for name in node.output:
                self.producer[name] = number
        self._folder = tempfile.TemporaryDirectory()

    def node_name(self, number: int) -> str:
        """The ONNX name, or operator and number, as the compiler says it."""
        node = self.nodes[number]
        return node.name or f"{node.op_type}_{number}"

    def input_type(
        self, name: str
    ) -> tuple[numpy.dtype, tuple[int, ...] | None]:
        """Dtype and static shape, if it is one, of an input of the model."""
        for value in self.model.graph.input:
            if value.name == name:
                tensor = value.type.tensor_type
                dims = [dim.dim_value for dim in tensor.shape.dim]
                is_static = tensor.HasField("shape") and all(
                    dim.HasField("dim_value") for dim in tensor.shape.dim
                )
                return (
                    helper.tensor_dtype_to_np_dtype(tensor.elem_type),
                    tuple(dims) if is_static else None,
                )
        names = [value.name for value in self.model.graph.input]
        raise KeyError(f"input is {name}, expected one of {names}")

    def ancestors(self, last: int) -> list[int]:
        """The nodes that a node depends on, and itself."""
        needed, open_ = {last}, [last]
        while open_:
            for name in reads(self.nodes[open_.pop()]):
                number = self.producer.get(name)
                if number is not None and number not in needed:
                    needed.add(number)
                    open_.append(number)
        return sorted(needed)

    def part(self, nodes: Iterable[int]) -> Part:
        chosen = set(nodes)
        made = {name for i in chosen for name in self.nodes[i].output if name}
        inputs: dict[str, None] = {}
        for i in sorted(chosen):
            for name in reads(self.nodes[i]):
                if name not in made and name not in self.stored:
                    inputs[name] = None
        outputs = [
            name
            for i in sorted(chosen)
            for name in self.nodes[i].output
            if name
            and (
                name in self.results
                or not self.readers.get(name, set()) <= chosen
                or not self.readers.get(name)
            )
        ]
        return Part(tuple(sorted(chosen)), tuple(inputs), tuple(outputs))

    def extract(
        self, part: Part, fed: Mapping[str, numpy.ndarray]
    ) -> onnx.ModelProto:
        """A model of a part; `fed` has a value, and so the type, of each of
        its inputs."""
        inputs = [
            helper.make_tensor_value_info(
                name,
                helper.np_dtype_to_tensor_dtype(fed[name].dtype),
                fed[name].shape,
            )
            for name in part.inputs
        ]
        nodes = [self.nodes[i] for i in part.nodes]
        return self._model(nodes, inputs, part.outputs)

    def with_outputs(self, names: Sequence[str]) -> onnx.ModelProto:
        """The whole model with other outputs."""
        stored = self.model.graph.initializer
        inputs = [
            value
            for value in self.model.graph.input
            if value.name not in {tensor.name for tensor in stored}
        ]
        return self._model(self.nodes, inputs, names)

    def _model(
        self,
        nodes: Sequence[onnx.NodeProto],
        inputs: Sequence[onnx.ValueInfoProto],
        outputs: Sequence[str],
    ) -> onnx.ModelProto:
        needed = {name for node in nodes for name in reads(node)}
        needed |= set(outputs)
        whole = self.model.graph
        graph = helper.make_graph(
            nodes,
            "part",
            inputs,
            [helper.make_empty_tensor_value_info(name) for name in outputs],
            [t for t in whole.initializer if t.name in needed],
            sparse_initializer=[
                t for t in whole.sparse_initializer if t.values.name in needed
            ],
        )
        model = onnx.ModelProto()
        model.CopyFrom(
            helper.make_model(
                graph,
                opset_imports=self.model.opset_import,
                ir_version=self.model.ir_version,
            )
        )
        model.functions.extend(self.model.functions)
        return model

    def write(self, model: onnx.ModelProto) -> str:
        """The path of a temporary file with a model, until the next one."""
        path = os.path.join(self._folder.name, "part.onnx")
        onnx.save(model, path)
        return path
