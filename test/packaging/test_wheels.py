# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Installs the wheels into empty environments and uses them there."""

import hashlib
import os
import pathlib
import subprocess
import sys
import sysconfig

import pytest

ROOT = pathlib.Path(__file__).parents[2]
MODEL = ROOT / "models" / "edgevit_digits" / "edgevit_digits.onnx"
LLVM = pathlib.Path("/usr/lib/llvm-22")

COMPILE = """
import sys, visir
visir.compile(sys.argv[1], target="x86-64-v3", output=sys.argv[2])
"""
RUN = """
import sys, numpy, visir
module = visir.load(sys.argv[1], threads=1)
x = numpy.full((1, 1, 28, 28), 0.5, numpy.float32)
assert numpy.isfinite(module.run({"input": x})["logits"]).all()
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([ROOT / "scripts" / "wheels", folder], check=True)
    return {path.name.split("-")[0]: path for path in folder.iterdir()}


def environment(folder, wheel):
    """The interpreter of a fresh environment that holds the wheel; NumPy is
    this interpreter's own, so that nothing is downloaded."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    install = ["-m", "pip", "install", "-q", "--no-index", "--no-deps"]
    subprocess.run([python, *install, wheel], check=True)
    packages = pathlib.Path(sysconfig.get_path("purelib"))
    (own,) = (folder / "lib").glob("python3*/site-packages")
    for package in packages.glob("numpy*"):
        (own / package.name).symlink_to(package)
    return python


@pytest.fixture(scope="module")
def full(wheels, tmp_path_factory):
    return environment(tmp_path_factory.mktemp("full"), wheels["visir"])


@pytest.fixture(scope="module")
def small(wheels, tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    return environment(folder, wheels["visir_runtime"])


def run(python, program, *arguments, hide=None):
    """Runs a Python program; with `hide`, where that folder is empty."""
    command = [str(python), "-c", program, *map(str, arguments)]
    if hide:
        script = f'mount -t tmpfs none {hide} && exec "$@"'
        command = ["unshare", "-m", "sh", "-c", script, "sh", *command]
    clean = {"PATH": os.environ["PATH"]}
    subprocess.run(command, check=True, env=clean, cwd="/")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_compiles_without_llvm(full, small, tmp_path):
    """Both wheels together, and the same bytes as the checkout makes."""
    made, own = tmp_path / "wheel.visir", tmp_path / "checkout.visir"
    run(full, COMPILE, MODEL, made, hide=LLVM)
    run(full, RUN, made)
    run(small, RUN, made)
    import visir

    visir.compile(MODEL, target="x86-64-v3", output=own)
    assert digest(made) == digest(own)


def test_command_of_the_wheel(full):
    program = full.with_name("visir")
    done = subprocess.run(
        [program, "--version"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "0.1.0" in done.stdout


def test_small_wheel_is_small(wheels):
    assert wheels["visir_runtime"].stat().st_size < 1_000_000


def test_small_wheel_has_no_compiler(small):
    program = "import visir; visir.compile('a.onnx')"
    command = [small, "-c", program]
    done = subprocess.run(
        command, capture_output=True, text=True, env={"PATH": ""}, cwd="/"
    )
    assert "the program visir is not installed" in done.stderr
