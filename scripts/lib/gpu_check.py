# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the bundle of scripts/gpu-check: programs, golden results, tools.

Op cases are judged by the reference in f64, models by PyTorch in float64
(models/export.py). A model whose export would make the bundle larger than
64 MiB is left out, and said so.
"""

import argparse
import fnmatch
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

import numpy

from test.e2e.ops.__main__ import load
from test.e2e.ops.evaluator import evaluator, storable

ROOT = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
TOOL = BUILD / "bin" / "visir"
ARCHITECTURES = "sm_75,sm_80,sm_90,sm_100,sm_120"
LIMIT = 64 << 20
CHUNK = 48  # op cases of one artifact
MODEL_TOLERANCE = 2e-5  # relative to an output's largest value
# Weights hardly shrink; this pays for a model's machine code.
MODEL_CODE = 1 << 20


def run(*command):
    subprocess.run([str(part) for part in command], check=True)


def save(folder, name, array):
    """A .npy file that the tools read: bf16 as its bits."""
    array = storable(array)
    if array.dtype.kind == "V":
        array = array.view("u2")
    numpy.save(folder / name, array)
    return name


def saved(folder, prefix, arrays):
    names = [
        save(folder, f"{prefix}{i}.npy", array)
        for i, array in enumerate(arrays)
    ]
    return ",".join(names) or "-"


def compile_for(source, output, target):
    run(TOOL, "compile", "-q", source, "--target", target, "-o", output)


def add_cases(folder, names, number, target):
    """Lines of the list for some op cases, which become one artifact."""
    cases = load()
    files, lines, functions = f"c{number}", [], []
    (folder / files).mkdir()
    for i, name in enumerate(names):
        case = cases[name]
        arrays = case.arrays()
        text = case.module(arrays)
        answer = evaluator().run(
            text, {f"a{a}": array for a, array in enumerate(arrays)}
        )
        if answer.text:
            raise RuntimeError(f"reference of {name}: {answer.text}")
        golden = [answer.outputs[f"r{r}"] for r in range(len(case.results))]
        functions.append(text.replace("@main(", f'@"{name}"('))
        lines.append(
            "\t".join(
                ["case", name, name]
                + [repr(float(case.tolerance.relative))]
                + [repr(float(case.tolerance.scaled))]
                + [saved(folder, f"{files}/{i}_in", arrays)]
                + [saved(folder, f"{files}/{i}_out", golden)]
            )
        )
    with tempfile.TemporaryDirectory() as path:
        source = pathlib.Path(path, "cases.mlir")
        source.write_text("\n".join(functions))
        compile_for(source, folder / f"{files}.visir", target)
    return [f"artifact\t{files}.visir", *lines]


def add_ops(folder, pattern, target):
    names = [n for n in load() if fnmatch.fnmatchcase(n, pattern)]
    lines = []
    for at in range(0, len(names), CHUNK):
        lines += add_cases(folder, names[at : at + CHUNK], at, target)
    (folder / "ops.txt").write_text("".join(f"{line}\n" for line in lines))
    return len(names)


def add_models(folder, exports, pattern, target, room):
    """Names of the models in the bundle, which have so many bytes, and of
    those left out."""
    lines, taken, left = [], [], []
    # The smallest first, so that many fit.
    sizes = {path: path.stat().st_size for path in exports.glob("*.onnx")}
    for source in sorted(sizes, key=lambda path: (sizes[path], path)):
        name = source.stem
        if not fnmatch.fnmatchcase(name, pattern):
            continue
        size = sizes[source] + MODEL_CODE
        if size > room:
            left.append(name)
            continue
        room -= size
        artifact = f"{name}.model.visir"
        compile_for(source, folder / artifact, target)
        golden = source.with_name(name.split(".")[0] + ".npz")
        with numpy.load(golden) as arrays:
            given = [arrays[n] for n in arrays.files if n[:3] == "in:"]
            made = [arrays[n] for n in arrays.files if n[:4] == "out:"]
        lines += [
            f"artifact\t{artifact}",
            "\t".join(
                ["case", name, "main", "0", repr(MODEL_TOLERANCE)]
                + [saved(folder, f"{name}.in", given)]
                + [saved(folder, f"{name}.out", made)]
            ),
        ]
        taken.append(name)
    (folder / "models.txt").write_text("".join(f"{line}\n" for line in lines))
    return taken, left


def add_tools(folder):
    """visir-rt with as few libraries as can be, the runtime for Python, and
    what compares with PyTorch."""
    build = BUILD / "gpu-check"
    run(
        *["cmake", "-S", ROOT, "-B", build, "-G", "Ninja"],
        *["-DCMAKE_BUILD_TYPE=Release", "-DVISIR_BUILD_COMPILER=OFF"],
        *["-DVISIR_BUILD_TESTS=OFF", "-DVISIR_VULKAN_DRIVER=OFF"],
        *["-DCMAKE_DISABLE_FIND_PACKAGE_JPEG=ON"],
        *["-DCMAKE_DISABLE_FIND_PACKAGE_PNG=ON"],
        "-DCMAKE_EXE_LINKER_FLAGS=-static-libstdc++ -static-libgcc",
        "--log-level=WARNING",
    )
    run("cmake", "--build", build, "--target", "visir-rt")
    run("cmake", "--build", build, "--target", "visir_runtime_shared")
    for part in ("bin/visir-rt", "lib/libvisir-runtime.so"):
        to = folder / pathlib.Path(part).name
        shutil.copy(build / part, to)
        run("strip", to)
    shutil.copy(ROOT / "scripts" / "gpu-check", folder)
    shutil.copy(ROOT / "scripts" / "lib" / "compare_torch.py", folder)
    skip = shutil.ignore_patterns("__pycache__", "*.onnx", "*.npz", "*.jpg")
    package = ROOT / "bindings" / "python" / "visir"
    shutil.copytree(package, folder / "visir", ignore=skip)
    shutil.copytree(ROOT / "models", folder / "models", ignore=skip)


def pack(folder, output):
    with tarfile.open(output, "w:xz") as archive:
        archive.add(folder, arcname="gpu-check")
    size = output.stat().st_size
    if size > LIMIT:
        output.unlink()
        raise RuntimeError(f"bundle is {size} bytes, expected at most {LIMIT}")
    return size


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundle", type=pathlib.Path, required=True)
    parser.add_argument(
        "--exports", type=pathlib.Path, default=BUILD / "models"
    )
    parser.add_argument("--models", default="*.torchscript")
    parser.add_argument("--only", default="*", help="pattern of op cases")
    parser.add_argument("--arch", default=ARCHITECTURES)
    return parser.parse_args()


def main():
    arguments = parse()
    target = f"cuda:{arguments.arch}"
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        add_tools(folder)
        cases = add_ops(folder, arguments.only, target)
        room = LIMIT - pack(folder, arguments.bundle)
        taken, left = add_models(
            folder, arguments.exports, arguments.models, target, room
        )
        size = pack(folder, arguments.bundle)
    print(f"{arguments.bundle}: {size / 2**20:.1f} MiB, {cases} op cases")
    print("models:", ", ".join(taken) or "none")
    if left:
        print("left out, for want of room:", ", ".join(left))
    return 0


if __name__ == "__main__":
    sys.exit(main())
