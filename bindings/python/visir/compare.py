# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares a user's own model with another engine, node by node.

    python -m visir.compare MODEL.onnx [--against onnxruntime] [options]

Both run on the same inputs. Where an output differs by more than permitted,
the first node whose value differs is found by bisection: each step compiles
the nodes up to one of them, with all values that later nodes read as outputs.
--reduce then cuts the smallest part of the model that still differs.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy
import onnx

import visir
from visir.bench import Parser, attempt, random_inputs
from visir.extract import Graph, Part

Arrays = Mapping[str, numpy.ndarray]

# Largest permitted error by dtype, relative to the largest expected value;
# those of `visir compare --against reference`.
PERMITTED = {"float32": 1e-4, "float64": 1e-10, "float16": 1e-2,
             "bfloat16": 5e-2}  # fmt: skip


@dataclasses.dataclass
class Difference:
    """How far a value is from what is expected: the largest error relative to
    the largest expected value (infinite for different integers, NaN against a
    number, other shapes), and the element where it is."""

    name: str
    error: float
    largest: float = 0.0
    element: int = 0
    actual: float = 0.0
    expected: float = 0.0

    def text(self) -> str:
        text = f"error {self.error:.3g} of the largest value {self.largest:.6g}"
        if self.error > 0:
            text += (
                f"; element {self.element} is {self.actual:.9g}, "
                f"expected {self.expected:.9g}"
            )
        return text

    def as_json(self) -> dict[str, Any]:
        """Numbers that JSON lacks become null."""
        fields = dataclasses.asdict(self)
        return {
            name: None
            if isinstance(value, float) and not math.isfinite(value)
            else value
            for name, value in fields.items()
        }


def measure(
    name: str, actual: numpy.ndarray, expected: numpy.ndarray
) -> Difference:
    if actual.shape != expected.shape:
        return Difference(name, math.inf)
    a = actual.astype(numpy.float64).ravel()
    b = expected.astype(numpy.float64).ravel()
    if a.size == 0:
        return Difference(name, 0.0)
    finite = numpy.isfinite(a) & numpy.isfinite(b)
    with numpy.errstate(invalid="ignore"):
        errors = numpy.where(finite, numpy.abs(a - b), numpy.inf)
    errors[(a == b) | (numpy.isnan(a) & numpy.isnan(b))] = 0
    if expected.dtype.name not in PERMITTED:
        errors[errors > 0] = numpy.inf
    worst = int(errors.argmax())
    largest = float(numpy.abs(b[numpy.isfinite(b)]).max(initial=0))
    return Difference(
        name, float(errors[worst]) / (largest or 1.0), largest, worst,
        float(a[worst]), float(b[worst]),
    )  # fmt: skip


def is_permitted(
    difference: Difference, dtype: numpy.dtype, factor: float
) -> bool:
    return difference.error <= PERMITTED.get(dtype.name, 0.0) * factor


class Judge:
    """Runs models on both engines. `graph` is the whole model, `inputs` its
    inputs by name, those that are bound included."""

    def __init__(self, graph: Graph, inputs: Arrays, bound: Sequence[str],
                 arguments: argparse.Namespace) -> None:  # fmt: skip
        self.graph = graph
        self.inputs = dict(inputs)
        self.bound = bound
        self.target = arguments.target
        self.threads = arguments.threads
        self.factor = arguments.factor

    def expected(
        self, model: onnx.ModelProto, inputs: Arrays, each_node: bool = False
    ) -> dict[str, numpy.ndarray]:
        """The other engine's outputs; with `each_node` it fuses nothing."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = 3
        if each_node:
            options.graph_optimization_level = (
                onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
            )
        session = onnxruntime.InferenceSession(
            self.graph.write(model), options, ["CPUExecutionProvider"]
        )
        wanted = {i.name for i in session.get_inputs()}
        given = {n: a for n, a in inputs.items() if n in wanted}
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, given)))

    def actual(
        self, model: onnx.ModelProto, inputs: Arrays
    ) -> dict[str, numpy.ndarray]:
        bind = {n: inputs[n] for n in self.bound if n in inputs}
        given = {n: a for n, a in inputs.items() if n not in bind}
        artifact = visir.compile(
            self.graph.write(model),
            target=self.target,
            shapes={n: a.shape for n, a in given.items()},
            bind=bind,
        )
        with visir.load(artifact, threads=self.threads) as module:
            return module.run(given)

    def compare(
        self, model: onnx.ModelProto, inputs: Arrays, each_node: bool = False
    ) -> tuple[list[Difference], Difference | None]:
        """All outputs, and the one that differs most beyond what is permitted,
        if there is one."""
        wanted = {value.name for value in model.graph.input}
        given = {n: a for n, a in inputs.items() if n in wanted}
        expected = self.expected(model, given, each_node)
        actual = self.actual(model, given)
        outputs = [measure(n, actual[n], e) for n, e in expected.items()]
        wrong = [
            difference
            for difference in outputs
            if not is_permitted(
                difference, expected[difference.name].dtype, self.factor
            )
        ]
        return outputs, max(wrong, key=lambda d: d.error, default=None)

    def values(self, names: Sequence[str]) -> dict[str, numpy.ndarray]:
        """The other engine's values of names within the whole model."""
        known = {n: self.inputs[n] for n in names if n in self.inputs}
        missing = [n for n in names if n not in known]
        if missing:
            model = self.graph.with_outputs(missing)
            known.update(self.expected(model, self.inputs, each_node=True))
        return known

    def first_difference(
        self, progress: Callable[[str], None]
    ) -> tuple[int, Difference] | None:
        """The number of the first node whose value differs."""
        agree, differ = 0, len(self.graph.nodes)

        def prefix(count: int) -> Difference | None:
            part = self.graph.part(range(count))
            model = self.graph.extract(part, self.values(part.inputs))
            return self.compare(model, self.inputs, each_node=True)[1]

        found = prefix(differ)
        if found is None:
            return None
        while differ - agree > 1:
            progress(
                f"searching: the first {agree} nodes agree, the first "
                f"{differ} do not"
            )
            middle = (agree + differ) // 2
            difference = prefix(middle)
            if difference is None:
                agree = middle
            else:
                differ, found = middle, difference
        return differ - 1, found

    def differs(self, nodes: Sequence[int]) -> bool:
        """Whether some nodes differ, given the other engine's values."""
        part = self.graph.part(nodes)
        fed = self.values(part.inputs)
        return self.compare(self.graph.extract(part, fed), fed, True)[
            1
        ] is not None

    def smallest(
        self, last: int, progress: Callable[[str], None]
    ) -> list[int]:
        """Nodes up to `last` that still differ and of which none can be left
        out."""

        def shows(nodes: Sequence[int]) -> bool:
            progress(f"trying {len(nodes)} nodes")
            return self.differs(nodes)

        whole = list(range(last + 1))
        needed = self.graph.ancestors(last)
        current = needed if shows(needed) else whole
        length = 1
        while length < len(current):
            if shows(current[-length:]):
                current = current[-length:]
                break
            length *= 2
        chunk = len(current) // 2
        while chunk:
            begin = 0
            while begin + 1 < len(current):
                count = min(chunk, len(current) - 1 - begin)
                fewer = current[:begin] + current[begin + count :]
                if shows(fewer):
                    current = fewer
                else:
                    begin += count
            chunk //= 2
        return current

    def write(self, part: Part, folder: pathlib.Path) -> None:
        """model.onnx, inputs.npz and expected.npz."""
        fed = self.values(part.inputs)
        model = self.graph.extract(part, fed)
        folder.mkdir(parents=True, exist_ok=True)
        expected = self.expected(model, fed, each_node=True)
        onnx.save(model, folder / "model.onnx")
        numpy.savez(folder / "inputs.npz", **fed)
        numpy.savez(folder / "expected.npz", **expected)


def parse_arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        prog="visir compare MODEL.onnx --against onnxruntime",
        description=(__doc__ or "").split("\n")[0],
    )
    parser.add_argument("model")
    parser.add_argument("--against", choices=["onnxruntime"],
                        default="onnxruntime")  # fmt: skip
    parser.add_argument("--inputs", help=".npz by name; random without it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", default="host")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--factor", type=float, default=1.0,
                        help="multiple of the permitted error")  # fmt: skip
    parser.add_argument("--shape", action="append", default=[])
    parser.add_argument("--bind", action="append", default=[])
    parser.add_argument("--reduce", metavar="FOLDER",
                        help="write the smallest part that differs")  # fmt: skip
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(words)


def bound_arrays(graph: Graph, texts: Sequence[str]) -> dict[str, Any]:
    """What --bind gives: numbers, lists or .npy files, in the input's type."""
    arrays = {}
    for text in texts:
        name, _, value = text.partition("=")
        if value.endswith(".npy"):
            arrays[name] = numpy.load(value)
            continue
        dtype, shape = graph.input_type(name)
        numbers = json.loads(f"[{value.strip('[]')}]")
        array = numpy.asarray(numbers, dtype)
        is_list = "," in value or "[" in value
        arrays[name] = array.reshape(
            shape if shape is not None else (-1,) if is_list else ()
        )
    return arrays


def make_inputs(
    arguments: argparse.Namespace, bound: Arrays
) -> dict[str, numpy.ndarray]:
    """The inputs as given or random, the bound ones included."""
    if arguments.inputs:
        with numpy.load(arguments.inputs) as stored:
            return {**stored, **bound}
    options = [w for text in arguments.shape for w in ("--shape", text)]
    artifact = visir.compile(
        arguments.model, arguments.target, bind=bound, options=options
    )
    with visir.load(artifact, threads=1) as module:
        return {**random_inputs(module.inputs, arguments.seed), **bound}


def judge(
    arguments: argparse.Namespace, progress: Callable[[str], None]
) -> dict[str, Any]:
    graph = Graph(arguments.model)
    bound = bound_arrays(graph, arguments.bind)
    inputs = make_inputs(arguments, bound)
    judge = Judge(graph, inputs, list(bound), arguments)
    outputs, wrong = judge.compare(graph.model, inputs)
    result: dict[str, Any] = {
        "model": arguments.model,
        "target": arguments.target,
        "against": arguments.against,
        "agrees": wrong is None,
        "outputs": outputs,
        "first": None,
    }
    found = judge.first_difference(progress) if wrong else None
    if found is None:
        return result
    number, difference = found
    node = graph.nodes[number]
    result["first"] = {
        "node": graph.node_name(number),
        "operator": node.op_type,
        "difference": difference,
    }
    if arguments.reduce:
        smallest = judge.smallest(number, progress)
        judge.write(graph.part(smallest), pathlib.Path(arguments.reduce))
        result["reduced"] = {
            "nodes": [graph.node_name(i) for i in smallest],
            "folder": arguments.reduce,
        }
    return result


def print_result(result: Mapping[str, Any]) -> None:
    for difference in result["outputs"]:
        print(f"{difference.name}: {difference.text()}")
    first = result["first"]
    if first:
        difference = first["difference"]
        print(
            f"first node that differs: {first['node']} ({first['operator']}), "
            f"value {difference.name}: {difference.text()}"
        )
    elif not result["agrees"]:
        print("no part of the model differs when it runs node by node")
    if "reduced" in result:
        folder = result["reduced"]["folder"]
        print(
            f"{len(result['reduced']['nodes'])} nodes in {folder}/model.onnx; "
            f"to run them:\n  visir compare {folder}/model.onnx --against "
            f"{result['against']} --inputs {folder}/inputs.npz"
        )


def main(words: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(sys.argv[1:] if words is None else words)

    def progress(text: str) -> None:
        print(text, file=sys.stderr)

    try:
        result, code = attempt(lambda: judge(arguments, progress))
    except (OSError, KeyError, TypeError, ValueError) as error:
        print(f"error: {os.path.basename(arguments.model)}: {error}",
              file=sys.stderr)  # fmt: skip
        return 1
    if result is None:
        return code
    if arguments.json:
        print(json.dumps(result, default=Difference.as_json))
    else:
        print_result(result)
    return 0 if result["agrees"] else 1


if __name__ == "__main__":
    sys.exit(main())
