# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the node tests can be run on.

An engine is a function (case) that yields, for each data set, {name: array},
and raises Unsupported with the reason when it refuses the model.
"""

import functools
import os
import pathlib
import re
import subprocess
import tempfile

import numpy


class Unsupported(Exception):
    """The engine refuses the model."""


def bindings(case, index):
    inputs = case.inputs[index]
    return {name: inputs[name] for name in case.bound if name in inputs}


# What the import says of a file that it refuses as a whole.
REFUSED_FILE = re.compile(r"element type of input|opset is \d+, expected")


def compile_case(case, bound, **options):
    """The artifact; raises Unsupported where the import refuses."""
    import visir as package

    try:
        return package.compile(case.model, bind=bound, **options)
    except package.UnsupportedError as error:
        raise Unsupported(str(error)) from error
    except package.CompileError as error:
        if REFUSED_FILE.search(str(error)):
            raise Unsupported(str(error)) from error
        raise


def run_case(case, target=None, **where):
    """Compiles for a target of this machine and runs."""
    import visir as package

    options = {"target": target} if target else {}
    for index, inputs in enumerate(case.inputs):
        bound = bindings(case, index)
        artifact = compile_case(case, bound, **options)
        module = package.load(artifact, **where)
        yield module.run({n: a for n, a in inputs.items() if n not in bound})


def visir(case):
    """This machine's processor."""
    yield from run_case(case, threads=1)


def vulkan(case):
    """The first device that speaks Vulkan."""
    yield from run_case(case, "vulkan", device="vulkan")


def cuda(case):
    """The first CUDA device, or what stands in for it."""
    yield from run_case(case, "cuda:sm_90", device="cuda")


def aarch64(case):
    """Compiles for ARM and runs under qemu."""
    from test.e2e.arm import board

    for index, inputs in enumerate(case.inputs):
        bound = bindings(case, index)
        with tempfile.TemporaryDirectory() as folder:
            artifact = os.path.join(folder, "model.visir")
            compile_case(case, bound, target="aarch64", output=artifact)
            given = {n: a for n, a in inputs.items() if n not in bound}
            results = board.run(artifact, given)
        yield {
            name: as_dtype(results[file_name(name)], like.dtype)
            for name, like in case.outputs[index].items()
        }


def file_name(tensor):
    return tensor.replace("/", "_")


def as_dtype(array, dtype):
    """Dtypes that NumPy lacks come as their bits."""
    foreign = dtype.kind == "V" or dtype.name == "bfloat16"
    return array.view(dtype) if foreign else array


@functools.cache
def reference_process():
    """The interpreter, which takes one case a line."""
    from visir import locate

    return subprocess.Popen(
        [locate.tool("visir-evaluate"), "--batch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


def reference(case):
    """The reference interpreter."""
    if reference_process().poll() is not None:
        reference_process.cache_clear()  # the last case ended it
    process = reference_process()
    for index, inputs in enumerate(case.inputs):
        with tempfile.TemporaryDirectory() as folder:
            model, given, made = (
                os.path.join(folder, name)
                for name in ("model.onnx", "inputs.npz", "outputs.npz")
            )
            pathlib.Path(model).write_bytes(case.model.SerializeToString())
            numpy.savez(given, **inputs)
            bound = ",".join(bindings(case, index))
            process.stdin.write(f"{model}\t{given}\t{made}\t{bound}\n")
            process.stdin.flush()
            answer, _, text = process.stdout.readline().strip().partition(" ")
            if answer == "refused":
                raise Unsupported(text)
            if answer != "done":
                raise RuntimeError(text or "the interpreter ended")
            with numpy.load(made) as arrays:
                yield restore(arrays, case.outputs[index])


def restore(arrays, like):
    """{name: array}; .npz files hold NumPy's own types only, others come back
    as plain bytes."""
    return {
        name: arrays[name].view(like[name].dtype)
        if arrays[name].dtype.kind == "V"
        else arrays[name]
        for name in arrays.files
    }


def onnxruntime(case):
    """ONNX Runtime, to judge the harness itself."""
    import onnxruntime as package

    options = package.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = package.InferenceSession(
            case.model.SerializeToString(), options, ["CPUExecutionProvider"]
        )
    except Exception as error:
        raise Unsupported(str(error)) from error
    names = [output.name for output in session.get_outputs()]
    for inputs in case.inputs:
        yield dict(zip(names, session.run(None, inputs), strict=True))


def evaluator(case):
    """The reference evaluator of the onnx package."""
    from onnx.reference import ReferenceEvaluator

    session = ReferenceEvaluator(case.model)
    names = [output.name for output in case.model.graph.output]
    for inputs in case.inputs:
        yield dict(zip(names, session.run(None, inputs), strict=True))


ENGINES = {
    "visir": visir,
    "aarch64": aarch64,
    "vulkan": vulkan,
    "cuda": cuda,
    "reference": reference,
    "onnxruntime": onnxruntime,
    "evaluator": evaluator,
}
