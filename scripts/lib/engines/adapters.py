# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One class for each engine, with its settings for the fastest right float32.

An adapter is made from (model path, {input: array}, threads, cache folder), and
Visir's from its target besides; run() computes once, outputs() returns the last results in the model's order.
"""

import os
import pathlib
import subprocess
import sys

import numpy


def run_quietly(command):
    """Runs a converter; its output becomes the error's text."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        text = (done.stdout + done.stderr).strip().splitlines()
        raise RuntimeError(" ".join(text[-2:]) or "converter failed")


class Visir:
    def __init__(self, model, inputs, threads, cache, target="host"):
        import visir

        self.version = visir.runtime_version()
        # Another compiler makes another artifact.
        tool = os.stat(visir.locate.tool())
        end = f"-{target}.visir"
        artifact = cache / f"{tool.st_size:x}-{tool.st_mtime_ns:x}{end}"
        if not artifact.exists():
            for old in cache.glob(f"*{end}"):
                old.unlink()
            part = cache / "model.visir.part"
            visir.compile(model, target, output=part)
            part.rename(artifact)
        self.module = visir.load(artifact, threads=threads)
        entry = self.module.entry()
        # Inputs at the alignment that the runtime uses in place.
        from visir.module import empty_aligned

        self.inputs = {}
        for name, array in inputs.items():
            self.inputs[name] = empty_aligned(array.dtype, array.shape)
            self.inputs[name][...] = array
        self.names = [tensor.name for tensor in entry.outputs]

    def run(self):
        self.results = self.module.run(self.inputs)

    def outputs(self):
        return [self.results[name] for name in self.names]


class OnnxRuntime:
    def __init__(self, model, inputs, threads, cache):
        import onnxruntime

        self.version = onnxruntime.__version__
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(
            model, options, ["CPUExecutionProvider"]
        )
        self.inputs = inputs

    def run(self):
        self.results = self.session.run(None, self.inputs)

    def outputs(self):
        return self.results


class OpenVino:
    def __init__(self, model, inputs, threads, cache):
        import openvino

        self.version = openvino.__version__.split("-")[0]
        core = openvino.Core()
        network = core.read_model(model)
        network.reshape({n: list(a.shape) for n, a in inputs.items()})
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            # Without it some processors compute in bfloat16.
            "INFERENCE_PRECISION_HINT": "f32",
        }
        compiled = core.compile_model(network, "CPU", settings)
        self.request = compiled.create_infer_request()
        self.count = len(compiled.outputs)
        self.inputs = inputs

    def run(self):
        self.request.infer(self.inputs, share_inputs=True)

    def outputs(self):
        return [
            self.request.get_output_tensor(i).data.copy()
            for i in range(self.count)
        ]


class Ncnn:
    def __init__(self, model, inputs, threads, cache):
        import importlib.metadata

        import ncnn

        self.version = importlib.metadata.version("ncnn")
        if not (cache / "model.ncnn.param").exists():
            self.convert(model, inputs, cache)
        self.net = ncnn.Net()
        self.net.opt.num_threads = threads
        self.net.opt.use_vulkan_compute = False
        for name in dir(self.net.opt):
            if name.startswith(("use_fp16", "use_bf16")):
                setattr(self.net.opt, name, False)
        self.load(cache)
        # ncnn knows no batch axis.
        self.mats = [
            ncnn.Mat(numpy.ascontiguousarray(a[0])) for a in inputs.values()
        ]
        self.names = [f"out{i}" for i in range(len(self.net.output_names()))]

    def load(self, cache):
        for name, load in (
            ("param", self.net.load_param),
            ("bin", self.net.load_model),
        ):
            if load(str(cache / f"model.ncnn.{name}")):
                raise RuntimeError(f"ncnn cannot load the {name} file")

    @staticmethod
    def convert(model, inputs, cache):
        import importlib.util

        folder = importlib.util.find_spec("pnnx").submodule_search_locations[0]
        kinds = {"float32": "f32", "int64": "i64"}
        shapes = ",".join(
            f"[{','.join(map(str, a.shape))}]{kinds[a.dtype.name]}"
            for a in inputs.values()
        )
        local = cache / "model.onnx"
        local.unlink(missing_ok=True)
        local.symlink_to(os.path.abspath(model))
        run_quietly(
            [
                os.path.join(folder, "pnnx"),
                str(local),
                f"inputshape={shapes}",
                "fp16=0",
            ]
        )

    def run(self):
        extractor = self.net.create_extractor()
        for index, mat in enumerate(self.mats):
            extractor.input(f"in{index}", mat)
        self.results = []
        for name in self.names:
            code, mat = extractor.extract(name)
            if code:
                raise RuntimeError(f"ncnn ends with code {code}")
            self.results.append(mat)

    def outputs(self):
        return [numpy.array(mat)[None] for mat in self.results]


class Mnn:
    def __init__(self, model, inputs, threads, cache):
        import importlib.metadata

        import MNN

        self.version = importlib.metadata.version("MNN")
        converted = cache / "model.mnn"
        if not converted.exists():
            run_quietly(
                [
                    str(pathlib.Path(sys.executable).with_name("mnnconvert")),
                    *("-f", "ONNX", "--bizCode", "visir"),
                    *("--modelFile", model, "--MNNModel", str(converted)),
                ]
            )
        self.expr = MNN.expr
        config = {"backend": "CPU", "numThread": threads, "precision": "high"}
        manager = MNN.nn.create_runtime_manager((config,))
        import onnx

        graph = onnx.load(model, load_external_data=False).graph
        names = [output.name for output in graph.output]
        self.net = MNN.nn.load_module_from_file(
            str(converted), list(inputs), names, runtime_manager=manager
        )
        self.inputs = [self.variable(array) for array in inputs.values()]

    def variable(self, array):
        floats = array.dtype.kind == "f"
        kind = self.expr.float if floats else self.expr.int
        variable = self.expr.placeholder(
            list(array.shape), self.expr.NCHW, kind
        )
        # MNN has no 64-bit integers.
        variable.write(array.astype("f4" if floats else "i4"))
        return variable

    def run(self):
        self.results = [
            # Reading forces the computation.
            self.expr.convert(result, self.expr.NCHW).read()
            for result in self.net.onForward(self.inputs)
        ]

    def outputs(self):
        return [numpy.array(result) for result in self.results]


ENGINES = {
    "visir": Visir,
    "onnxruntime": OnnxRuntime,
    "openvino": OpenVino,
    "ncnn": Ncnn,
    "mnn": Mnn,
}
