# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which graph inputs of a node test decide shapes.

Visir compiles for static shapes, so such inputs (shapes, axes, k, trip counts)
are bound to the values that the case gives them.
"""

import onnx

# Operator: the inputs that its output's shape depends on by value. None
# stands for all of them.
OPERANDS = {
    "AffineGrid": (1,),
    "CenterCropPad": (1,),
    "Col2Im": (1, 2),
    "Compress": (1,),
    "ConstantOfShape": (0,),
    "CumProd": (1,),
    "CumSum": (1,),
    "DFT": (1, 2),
    # Whether it drops anything is a mode, not data.
    "Dropout": (2,),
    "Expand": (1,),
    "If": (0,),
    "Loop": (0, 1),
    "MaxUnpool": (2,),
    "OneHot": (1,),
    "Pad": (1, 3),
    "Range": None,
    "Reshape": (1,),
    "Resize": (1, 2, 3),
    "STFT": (1, 3),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "SplitToSequence": (1,),
    "Squeeze": (1,),
    "Tile": (1, 2),
    "TopK": (1,),
    "Trilu": (1,),
    "Unsqueeze": (1,),
    "Upsample": (1,),
    **dict.fromkeys(("BlackmanWindow", "HammingWindow", "HannWindow"), (0,)),
    "MelWeightMatrix": None,
    **dict.fromkeys(
        (
            "ReduceL1",
            "ReduceL2",
            "ReduceLogSum",
            "ReduceLogSumExp",
            "ReduceMax",
            "ReduceMean",
            "ReduceMin",
            "ReduceProd",
            "ReduceSum",
            "ReduceSumSquare",
        ),
        (1,),
    ),
}

# Operators that compute shapes from shapes. Shape and Size are not among
# them: they need no values.
ARITHMETIC = {
    "Abs", "Add", "And", "Cast", "CastLike", "Ceil", "Clip", "Concat", "Div",
    "Equal", "Expand", "Flatten", "Floor", "Gather", "GatherElements",
    "Greater", "GreaterOrEqual", "Identity", "Less", "LessOrEqual", "Max",
    "Min", "Mod", "Mul", "Neg", "Not", "Or", "Pow", "Range", "ReduceMax",
    "ReduceMin", "ReduceProd", "ReduceSum", "Reshape", "Round", "ScatterND",
    "Slice", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tile", "Transpose",
    "Unsqueeze", "Where",
}  # fmt: skip


def all_nodes(graph):
    """The nodes of a graph and of the graphs inside it."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from all_nodes(attribute.g)


def operands(node):
    """The inputs of a node whose values its output's shape depends on."""
    if node.op_type not in OPERANDS:
        return []
    places = OPERANDS[node.op_type]
    if places is None:
        return list(node.input)
    return [node.input[i] for i in places if i < len(node.input)]


def shape_inputs(model):
    """The names of the graph inputs that decide shapes, in order."""
    nodes = list(all_nodes(model.graph))
    producer = {name: node for node in nodes for name in node.output}
    waiting = [name for node in nodes for name in operands(node)]
    reached = set()
    while waiting:
        name = waiting.pop()
        if not name or name in reached:
            continue
        reached.add(name)
        node = producer.get(name)
        if node is not None and node.op_type in ARITHMETIC:
            waiting += node.input
    return [i.name for i in model.graph.input if i.name in reached]
