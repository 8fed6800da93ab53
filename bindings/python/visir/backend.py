# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The backend interface of the onnx package:

representation = visir.backend.prepare(model)
outputs = representation.run([array, ...])
"""

import onnx
from onnx.backend.base import Backend, BackendRep, namedtupledict

from visir.compiler import compile
from visir.module import load


class Representation(BackendRep):
    """A compiled model; run() takes arrays in the graph's order of inputs, or
    {name: array}."""

    def __init__(self, module, inputs, outputs):
        self.module = module
        self.input_names = inputs
        self.output_names = outputs

    def run(self, inputs, **kwargs):
        if not isinstance(inputs, dict):
            inputs = dict(zip(self.input_names, inputs, strict=True))
        results = self.module.run(inputs)
        ordered = [results[name] for name in self.output_names]
        return namedtupledict("Outputs", self.output_names)(*ordered)


class VisirBackend(Backend):
    """Compiles for this machine's processor."""

    @classmethod
    def prepare(cls, model, device="CPU", *, threads=0, bind=None, **kwargs):
        """bind: {input: array} for inputs that become constants."""
        bind = bind or {}
        artifact = compile(model, bind=bind, **kwargs)
        stored = {tensor.name for tensor in model.graph.initializer}
        inputs = [
            value.name
            for value in model.graph.input
            if value.name not in stored and value.name not in bind
        ]
        outputs = [value.name for value in model.graph.output]
        return Representation(load(artifact, threads), inputs, outputs)

    @classmethod
    def run_model(cls, model, inputs, device="CPU", **kwargs):
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(cls, node, inputs, device="CPU", outputs_info=None, **kwargs):
        raise NotImplementedError("run_node is not offered, make a model")

    @classmethod
    def supports_device(cls, device):
        return (
            onnx.backend.base.Device(device).type
            == onnx.backend.base.DeviceType.CPU
        )


is_compatible = VisirBackend.is_compatible
prepare = VisirBackend.prepare
run_model = VisirBackend.run_model
run_node = VisirBackend.run_node
supports_device = VisirBackend.supports_device
