# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The registers and shared memory of each kernel of some models, by ptxas -v.

    python -m test.e2e.cuda.registers --exports FOLDER [--update]

registers.txt lists them. A model's kernels of one kind may not take more than
the largest of that kind in the list, and none may spill. Fewer is no failure;
--update writes the list anew.
"""

import argparse
import collections
import itertools
import pathlib
import re
import sys
import tempfile

from test.e2e.cuda.tools import VISIR, find_ptxas, run

LIST = pathlib.Path(__file__).with_name("registers.txt")
ARCH = "sm_90"
MODELS = ("edgevit_xxs", "resnet18", "mobilenet_v2", "vit_tiny")
PRECISIONS = ("fp32", "fp16")
HEAD = f"""\
# Registers and bytes of static shared memory of every kernel of some models
# (exports by torch.onnx's first exporter) for {ARCH}, as ptxas -v says:
# model/precision kernel registers shared. Written by test.e2e.cuda.registers
# --update.
"""
USE = re.compile(
    r"Function properties for (\w+)\s+"
    r"(\d+) bytes stack frame, (\d+) bytes spill stores, "
    r"(\d+) bytes spill loads\s+"
    r"ptxas info\s+: Used (\d+) registers([^\n]*)"
)
SHARED = re.compile(r"(\d+) bytes smem")


def parse_report(text):
    """{kernel: (registers, shared, stack and spills)} of ptxas' report."""
    kernels = {}
    for name, stack, stores, loads, registers, rest in USE.findall(text):
        shared = SHARED.search(rest)
        kernels[name] = (
            int(registers),
            int(shared[1]) if shared else 0,
            int(stack) + int(stores) + int(loads),
        )
    return kernels


def measure(source, precision, ptxas):
    """What ptxas says of a model's kernels."""
    with tempfile.TemporaryDirectory() as path:
        text = pathlib.Path(path, "k.ptx")
        for command in (
            [VISIR, "compile", "-q", source, "--target", f"cuda:{ARCH}"]
            + ["--precision", precision, "--emit", "asm", "-o", text],
            [ptxas, "-v", f"-arch={ARCH}", "-o", "/dev/null", text],
        ):
            done = run(command)
            if done.returncode:
                raise RuntimeError(done.stderr)
    return parse_report(done.stderr)


def read():
    rows = {}
    for line in LIST.read_text().splitlines():
        if line and not line.startswith("#"):
            model, kernel, registers, shared = line.split()
            rows[model, kernel] = int(registers), int(shared)
    return rows


def kind(kernel):
    """Of k12_contract: contract."""
    return kernel.partition("_")[2]


def largest(rows):
    """{(model, kind): (registers, shared)}, the largest of each."""
    most = collections.defaultdict(lambda: (0, 0))
    for (model, kernel), use in rows.items():
        key = model, kind(kernel)
        most[key] = tuple(map(max, most[key], use))
    return most


def judge(rows, listed, spills):
    """What is wrong, a text each."""
    wrong = [
        f"{model} {kernel}: spills or stack are {count} bytes, expected 0"
        for (model, kernel), count in spills.items()
        if count
    ]
    most = largest(listed)
    for (model, name), use in largest(rows).items():
        if (model, name) not in most:
            wrong.append(f"{model} {name}: kind is not in the list")
            continue
        for what, have, limit in zip(
            ("registers", "bytes of shared memory"), use, most[model, name]
        ):
            if have > limit:
                wrong.append(
                    f"{model} {name}: {what} are {have}, expected <= {limit}"
                )
    return wrong


def source_of(exports, model):
    return exports / f"{model}.torchscript.onnx"


def measure_all(exports, ptxas):
    """{(model, kernel): (registers, shared)}, and bytes of spills and stack."""
    rows, spills = {}, {}
    for model, precision in itertools.product(MODELS, PRECISIONS):
        used = measure(source_of(exports, model), precision, ptxas)
        for kernel, (*use, spilled) in used.items():
            key = f"{model}/{precision}", kernel
            rows[key], spills[key] = tuple(use), spilled
    return rows, spills


def outcome(exports, ptxas):
    """{name: (outcome, reason)} for the stage."""
    sources = (source_of(exports, model) for model in MODELS)
    wrong = [f"{s} is missing, expected it" for s in sources if not s.exists()]
    if not wrong:
        rows, spills = measure_all(exports, ptxas)
        wrong = judge(rows, read(), spills)
    kind_of = "failed" if wrong else "passed"
    return {f"registers/{ARCH}": (kind_of, "; ".join(wrong))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--exports", type=pathlib.Path, default="build/models")
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    ptxas = find_ptxas()
    if not ptxas:
        sys.exit("ptxas is missing, expected in PATH or CUDA_HOME/bin")
    rows, spills = measure_all(arguments.exports, ptxas)
    if arguments.update:
        LIST.write_text(
            HEAD
            + "".join(
                f"{model} {kernel} {registers} {shared}\n"
                for (model, kernel), (registers, shared) in rows.items()
            )
        )
    wrong = judge(rows, read(), spills)
    print(f"{len(rows)} kernels", *wrong, sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
