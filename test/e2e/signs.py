# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Judges a binary net layer by layer on the reference's signs.

    python -m test.e2e.signs MODEL.onnx [--inputs MODEL.npz] [--target host]

In the net that is compiled each Sign reads an input of its own, which holds
what the reference, in float64, has there; what it read before is an output. So
no sign that differs is carried on. A sign may differ only where the value is
less than 4 ulp of float32 of the largest of its layer. Prints how many do, and
the largest error of any layer, relative to its largest value.
"""

import argparse
import pathlib
import sys

import numpy
import onnx
import visir
from onnx import helper

ULPS = 4


def cut(graph, signs):
    """Gives each of the nodes `signs` an input `cut:N`; returns their names and
    the tensors that the nodes read."""
    shapes = {
        value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in [*graph.value_info, *graph.input, *graph.output]
    }
    names, read = [], []
    for number, node in enumerate(graph.node[i] for i in signs):
        names.append(f"cut:{number}")
        read.append(node.input[0])
        graph.input.append(
            helper.make_tensor_value_info(
                names[-1], onnx.TensorProto.FLOAT, shapes[read[-1]]
            )
        )
        node.input[0] = names[-1]
    show(graph, read)
    return names, read


def show(graph, tensors):
    """Makes tensors outputs of the graph."""
    known = {value.name for value in graph.output}
    for tensor in dict.fromkeys(tensors):
        if tensor not in known:
            graph.output.append(
                helper.make_tensor_value_info(
                    tensor, onnx.TensorProto.FLOAT, None
                )
            )


def is_folded(graph, node):
    """Whether the node computes on weights alone."""
    made = {name: n for n in graph.node for name in n.output}
    given = {value.name for value in graph.input}
    given -= {value.name for value in graph.initializer}
    todo, seen = list(node.input), set()
    while todo:
        name = todo.pop()
        if name in given:
            return False
        if name in made and name not in seen:
            seen.add(name)
            todo.extend(made[name].input)
    return True


def judge(path, inputs, target):
    """(signs, those that differ, those too large, worst error)."""
    whole = onnx.shape_inference.infer_shapes(onnx.load(path))
    signs = [
        i
        for i, node in enumerate(whole.graph.node)
        if node.op_type == "Sign" and not is_folded(whole.graph, node)
    ]
    pieces = onnx.ModelProto()
    pieces.CopyFrom(whole)
    names, read = cut(pieces.graph, signs)
    show(whole.graph, read)
    reference = visir.evaluate(whole, inputs)
    given = dict(inputs)
    for name, tensor in zip(names, read):
        given[name] = numpy.sign(reference[tensor]).astype("float32")
    with visir.load(visir.compile(pieces, target=target)) as module:
        results = module.run(given)
    count = different = large = 0
    worst = 0.0
    for tensor in dict.fromkeys(read):
        wanted, made = reference[tensor], results[tensor]
        largest = numpy.abs(wanted).max()
        worst = max(worst, float(numpy.abs(made - wanted).max() / largest))
        unequal = numpy.sign(made) != numpy.sign(wanted)
        count += wanted.size
        different += int(unequal.sum())
        limit = ULPS * numpy.spacing(numpy.float32(largest))
        large += int((unequal & (numpy.abs(wanted) >= limit)).sum())
    return count, different, large, worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--inputs", type=pathlib.Path)
    parser.add_argument("--target", default="host")
    arguments = parser.parse_args()
    golden = arguments.inputs or arguments.model.with_name(
        arguments.model.name.split(".")[0] + ".npz"
    )
    with numpy.load(golden) as arrays:
        inputs = {k[3:]: v for k, v in arrays.items() if k.startswith("in:")}
    count, different, large, worst = judge(
        arguments.model, inputs, arguments.target
    )
    print(
        f"{arguments.model.name}: {different} of {count} signs differ, {large} "
        f"of them where the value is {ULPS} ulp or more; worst error {worst:.1e}"
    )
    return large > 0


if __name__ == "__main__":
    sys.exit(main())
