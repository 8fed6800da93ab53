# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX files without their weights, and weights for them.

    python -m models.structure strip FULL.onnx STRUCTURE.onnx
    python -m models.structure fill STRUCTURE.onnx FULL.onnx [--seed 0]

A structure is a few kilobytes and can be committed; filling it needs no
PyTorch. The values are random, seeded, and of a size that keeps activations
from exploding or vanishing.
"""

import argparse
import math

import numpy
import onnx
import onnx.numpy_helper

# Smaller constants are shapes, axes and scales: they stay.
LEAST_ELEMENTS = 16


def strip(model):
    """Takes the values of all float weights out; shapes and names stay."""
    for tensor in model.graph.initializer:
        weight = tensor.data_type == onnx.TensorProto.FLOAT
        if weight and math.prod(tensor.dims) >= LEAST_ELEMENTS:
            tensor.ClearField("raw_data")
            tensor.ClearField("float_data")


def roles(graph):
    """{weight: (operator, which operand)} of each weight's first use."""
    found = {}
    for node in graph.node:
        for index, name in enumerate(node.input):
            found.setdefault(name, (node.op_type, index))
    return found


def draw(dims, role, random):
    """Values for a weight of the given shape and use."""
    operator, operand = role
    if operator == "BatchNormalization" and operand == 4:
        return random.uniform(0.6, 1.4, dims)
    if operator.endswith("Normalization") and operand == 1:
        return random.uniform(0.6, 1.4, dims)
    if len(dims) < 2:
        return random.normal(0, 0.1, dims)
    fan_in = math.prod(dims[1:])
    if operator == "MatMul" and operand == 1:
        fan_in = dims[-2]
    elif operator == "ConvTranspose":
        # Kernels that do not overlap: one tap for each output.
        fan_in = dims[1]
    return random.normal(0, 1 / math.sqrt(fan_in), dims)


def fill(model, seed):
    """Draws the weights that strip() took out."""
    random = numpy.random.default_rng(seed)
    uses = roles(model.graph)
    for tensor in model.graph.initializer:
        empty = not tensor.raw_data and not tensor.float_data
        if empty and tensor.data_type == onnx.TensorProto.FLOAT:
            values = draw(tuple(tensor.dims), uses[tensor.name], random)
            tensor.raw_data = values.astype("<f4").tobytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("action", choices=("strip", "fill"))
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    model = onnx.load(arguments.input)
    if arguments.action == "strip":
        strip(model)
    else:
        fill(model, arguments.seed)
    onnx.save(model, arguments.output)


if __name__ == "__main__":
    main()
