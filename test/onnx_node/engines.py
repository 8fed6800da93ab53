# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the node tests can be run on.

An engine is a function (case) that yields, for each data set, {name: array},
and raises Unsupported with the reason when it refuses the model.
"""


class Unsupported(Exception):
    """The engine refuses the model."""


def bindings(case, index):
    inputs = case.inputs[index]
    return {name: inputs[name] for name in case.bound if name in inputs}


def visir(case):
    """Compiles for this machine's processor and runs."""
    import visir as package

    for index, inputs in enumerate(case.inputs):
        bound = bindings(case, index)
        try:
            artifact = package.compile(case.model, bind=bound)
        except package.UnsupportedError as error:
            raise Unsupported(str(error)) from error
        module = package.load(artifact, threads=1)
        yield module.run({n: a for n, a in inputs.items() if n not in bound})


def reference(case):
    """The reference interpreter."""
    import visir as package

    for index, inputs in enumerate(case.inputs):
        bound = bindings(case, index)
        free = {n: a for n, a in inputs.items() if n not in bound}
        try:
            yield package.evaluate(case.model, free, bind=bound)
        except package.UnsupportedError as error:
            raise Unsupported(str(error)) from error


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
    "reference": reference,
    "onnxruntime": onnxruntime,
    "evaluator": evaluator,
}
