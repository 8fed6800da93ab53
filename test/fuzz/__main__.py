# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs every fuzz target of the build folder for some seconds.

    VISIR_BUILD=build/asan python -m test.fuzz [--seconds 5] [--only PATTERN]

The inputs that each starts from are made first (fuzz_seeds; for fuzz_onnx,
the models of the node tests). An input that crashes a target, takes more than
10 s or 2 GB, is kept in BUILD/fuzz/found; give it to the program to run it
again.
"""

import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build-asan"))
PICTURE = ROOT / "models" / "photos" / "flower.jpg"
LARGEST_SEED = 4096
TARGETS = {
    # name: largest input in bytes
    "artifact": 32768,
    "loader": 1 << 18,
    "picture": 65536,
    "npy": 4096,
    "command_line": 512,
    "onnx": 65536,
}
# Those that need the whole compiler.
COMPILER_TARGETS = {
    "numpy": 4096,
    "compile_command": 512,
}


def make_seeds(folder):
    """A folder of inputs for each target."""
    import numpy
    from PIL import Image

    from test.onnx_node import cases

    folder.mkdir(parents=True, exist_ok=True)
    small = Image.new("RGB", (9, 5), (1, 2, 3))
    pictures = [PICTURE, folder / "small.png", folder / "small.jpg"]
    for path in pictures[1:]:
        small.save(path)
    subprocess.run(
        [BUILD / "bin" / "fuzz_seeds", folder, *pictures], check=True, timeout=60
    )
    arrays = folder / "numpy"
    arrays.mkdir(exist_ok=True)
    values = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
    numpy.save(arrays / "columns.npy", numpy.asfortranarray(values))
    numpy.savez(arrays / "two.npz", a=values, b=numpy.int64(7))
    models = folder / "onnx"
    models.mkdir(exist_ok=True)
    for name, case in cases.load().items():
        data = case.model.SerializeToString()
        if len(data) <= LARGEST_SEED:
            (models / name).write_bytes(data)


def fuzz(name, seconds):
    """(name, exit code, what the program printed)."""
    work = BUILD / "fuzz"
    found, corpus = work / "found", work / "corpus" / name
    for folder in (found, corpus):
        folder.mkdir(parents=True, exist_ok=True)
    command = [
        BUILD / "bin" / f"fuzz_{name}",
        corpus,
        work / "seeds" / name,
        f"-max_total_time={seconds}",
        f"-max_len={(TARGETS | COMPILER_TARGETS)[name]}",
        f"-artifact_prefix={found}/{name}-",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-close_fd_mask=3",
        "-print_final_stats=1",
        "-seed=1",
    ]
    if (words := ROOT / "test" / "fuzz" / f"{name}.dict").is_file():
        command.append(f"-dict={words}")
    done = subprocess.run(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        timeout=seconds + 300,
        check=False,
    )
    return name, done.returncode, done.stderr


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    seconds = os.environ.get("VISIR_FUZZ_SECONDS", "5")
    parser.add_argument("--seconds", type=int, default=int(seconds))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--compiler",
        action="store_true",
        help="also the targets that need the whole compiler",
    )
    parser.add_argument("--only", default="*", help="pattern of targets")
    return parser.parse_args()


def main():
    arguments = parse()
    make_seeds(BUILD / "fuzz" / "seeds")
    targets = TARGETS | (COMPILER_TARGETS if arguments.compiler else {})
    names = fnmatch.filter(targets, arguments.only)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        runs = [pool.submit(fuzz, name, arguments.seconds) for name in names]
        for run in runs:
            name, code, text = run.result()
            units = re.search(r"number_of_executed_units: (\d+)", text)
            print(f"{name}: {units[1] if units else 'unknown'} inputs")
            if code or not units:
                failed += 1
                print(f"{name} ended with exit code {code}:\n{text[-6000:]}")
    print(f"{len(names) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
