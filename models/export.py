# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports models to ONNX with their inputs and float64 reference outputs.

    python -m models.export --model all --exporter torchscript,dynamo

writes, for each model,

    NAME.torchscript.onnx, NAME.dynamo.onnx    float32, random seeded weights
    NAME.npz    'in:<input>' and 'out:<output>'; outputs are float64, computed
                by PyTorch in float64 from the same weights and inputs

What is there already from the same sources is not made again.
"""

import argparse
import copy
import hashlib
import json
import logging
import pathlib
import subprocess
import sys
import time
import warnings

FOLDER = pathlib.Path(__file__).parent
SEEDS = {"weights": 3, "calibration": 10, "inputs": 1}
OPSETS = {"torchscript": 17, "dynamo": 18}
# The central 90 % of an output's values span at least this part of the
# largest: less would hide errors that are relative to the largest.
LEAST_SPREAD = 0.1


def source_digest(model):
    """Changes when the model's definition or its randomisation does."""
    digest = hashlib.sha256()
    folder = FOLDER / model.family
    for path in [*sorted(FOLDER.glob("*.py")), *sorted(folder.glob("*.py"))]:
        digest.update(path.read_bytes())
    digest.update((FOLDER / "../scripts/requirements/torch.txt").read_bytes())
    return digest.hexdigest()


def as_tuple(outputs):
    return tuple(outputs) if isinstance(outputs, (tuple, list)) else (outputs,)


def check_spread(name, array):
    """Raises unless the values of a reference output are finite and spread."""
    import numpy

    low, high = numpy.quantile(array, (0.05, 0.95))
    spread = (high - low) / numpy.abs(array).max()
    if not spread > LEAST_SPREAD:
        raise ValueError(
            f"spread of output {name} is {spread:.3g}, "
            f"expected more than {LEAST_SPREAD}"
        )


def prepare(model):
    """Returns the randomised module and its {name: tensor} inputs."""
    import torch

    from models.randomise import draw_batch, draw_inputs, randomise

    torch.manual_seed(0)
    module = model.build()
    calibration = draw_batch(model, SEEDS["calibration"], 4)
    randomise(module, calibration, SEEDS["weights"])
    return module, draw_inputs(model, SEEDS["inputs"])


def write_golden(model, module, inputs, path):
    """Runs the module in float64 and stores inputs and outputs."""
    import numpy
    import torch

    wide = copy.deepcopy(module).double()
    arguments = [
        x.double() if x.is_floating_point() else x for x in inputs.values()
    ]
    with torch.no_grad():
        outputs = as_tuple(wide(*arguments))
    arrays = {f"in:{name}": x.numpy() for name, x in inputs.items()}
    for name, output in zip(model.outputs, outputs, strict=True):
        if output.dtype not in (torch.float64, torch.int64):
            raise TypeError(f"reference of {name} is {output.dtype}")
        check_spread(name, output.numpy())
        arrays[f"out:{name}"] = output.numpy()
    numpy.savez(path, **arrays)


def export(model, module, inputs, exporter, path):
    """Writes one ONNX file, weights inside."""
    import torch

    options = {
        "opset_version": OPSETS[exporter],
        "input_names": list(model.inputs),
        "output_names": list(model.outputs),
        "dynamo": exporter == "dynamo",
    }
    if exporter == "dynamo":
        options["external_data"] = False
        options["verbose"] = False
    else:
        # Keeps BatchNormalization nodes, which the other exporter folds: both
        # kinds of files are met in the field.
        options["training"] = torch.onnx.TrainingMode.PRESERVE
    with torch.no_grad():
        torch.onnx.export(module, tuple(inputs.values()), str(path), **options)


def export_model(model, exporters, out):
    """Makes the files of one model that are missing or out of date."""
    stamp_path = out / f"{model.name}.json"
    digest = source_digest(model)
    stamp = json.loads(stamp_path.read_text()) if stamp_path.exists() else {}
    if stamp.get("digest") != digest:
        stamp = {"digest": digest, "done": []}
    todo = [e for e in ("golden", *exporters) if e not in stamp["done"]]
    if not todo:
        return
    start = time.monotonic()
    module, inputs = prepare(model)
    for step in todo:
        if step == "golden":
            write_golden(model, module, inputs, out / f"{model.name}.npz")
        else:
            path = out / f"{model.name}.{step}.onnx"
            export(model, module, inputs, step, path)
        stamp["done"].append(step)
        stamp_path.write_text(json.dumps(stamp))
    print(f"{model.name}: {', '.join(todo)}, {time.monotonic() - start:.0f} s")


def select(models, names):
    """The models that a comma-separated list asks for."""
    chosen = []
    for name in names.split(","):
        if name == "all":
            chosen += models
        elif name == "standard":
            chosen += [n for n, model in models.items() if not model.extra]
        elif name in models:
            chosen.append(name)
        else:
            raise SystemExit(
                f"model is {name}, expected one of "
                f"{', '.join(models)}, standard, all"
            )
    return list(dict.fromkeys(chosen))


def run_workers(names, arguments):
    """One process per model: PyTorch's exporters keep global state, and
    memory is given back. Returns the names of the models that failed."""
    failed, running, waiting = [], {}, list(names)
    while waiting or running:
        while waiting and len(running) < arguments.jobs:
            name = waiting.pop(0)
            command = [
                sys.executable,
                "-m",
                "models.export",
                "--worker",
                "--model",
                name,
                "--exporter",
                arguments.exporter,
                "--out",
                str(arguments.out),
            ]
            running[name] = subprocess.Popen(command)
        for name, process in list(running.items()):
            if process.poll() is not None:
                del running[name]
                if process.returncode:
                    failed.append(name)
        time.sleep(0.05)
    return failed


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--model",
        default="standard",
        help="comma-separated names, or standard, or all",
    )
    parser.add_argument("--exporter", default=",".join(OPSETS))
    parser.add_argument("--out", type=pathlib.Path, default="build/models")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="print the names")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    arguments = parse()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    import torch

    from models.registry import all_models

    torch.set_num_threads(1)
    # The exporters do not know the fused attention operator.
    torch.backends.mha.set_fastpath_enabled(False)
    models = all_models()
    names = select(models, arguments.model)
    if arguments.list:
        print("\n".join(names))
        return 0
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.worker:
        exporters = arguments.exporter.split(",")
        export_model(models[names[0]], exporters, arguments.out)
        return 0
    failed = run_workers(names, arguments)
    for name in failed:
        print(f"export of {name} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
