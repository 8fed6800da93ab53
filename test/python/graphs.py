# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writing ONNX files from lists of nodes."""

import onnx
from onnx import TensorProto, helper


def save(path, nodes, constants, input_shape, output):
    """One float input 'x' of that shape and one float output, opset 17; shapes
    are inferred."""
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        constants,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    )
    onnx.save(onnx.shape_inference.infer_shapes(model), path)
