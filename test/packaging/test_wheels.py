# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Installs the wheels into empty environments and uses them there."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile

import pytest
import wheel_backend

ROOT = pathlib.Path(__file__).parents[2]
MODEL = ROOT / "models" / "edgevit_digits" / "edgevit_digits.onnx"
LLVM = pathlib.Path("/usr/lib/llvm-22")
SYSTEM = pathlib.Path(f"/usr/lib/{os.uname().machine}-linux-gnu")
BASE_PYTHON = pathlib.Path(sys._base_executable).resolve()

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


def libraries_of(paths):
    listing = subprocess.run(
        ["ldd", *map(str, paths)], capture_output=True, text=True, check=True
    ).stdout
    return set(re.findall(r" => (/\S+)", listing))


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A folder of shared libraries that any machine with Python has, and no
    others: what the interpreter and its modules need, and the C++ library."""
    folder = tmp_path_factory.mktemp("bare")
    modules = pathlib.Path(os.__file__).parent / "lib-dynload"
    needed = libraries_of([BASE_PYTHON, *modules.glob("*.so")])
    needed |= {
        str(path)
        for path in SYSTEM.glob("*.so.*")
        if wheel_backend.OF_THE_SYSTEM.fullmatch(path.name)
    }
    for path in needed:
        shutil.copy(path, folder)
    return folder


def run(python, program, *arguments, bare=None):
    """Runs a Python program; with `bare`, where that folder stands in for the
    system's libraries and LLVM's folder is empty."""
    command = [str(python), "-c", program, *map(str, arguments)]
    if bare:
        script = (
            f"mount -t tmpfs none {LLVM} && mount --bind {bare} {SYSTEM} "
            '&& exec "$@"'
        )
        command = ["unshare", "-m", "sh", "-c", script, "sh", *command]
    clean = {"PATH": os.environ["PATH"]}
    subprocess.run(command, check=True, env=clean, cwd="/")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_compiles_without_llvm(full, small, bare, tmp_path):
    """Both wheels where no library of LLVM, protobuf or pictures is, and the
    same bytes as the checkout makes."""
    made, own = tmp_path / "wheel.visir", tmp_path / "checkout.visir"
    run(full, COMPILE, MODEL, made, bare=bare)
    run(full, RUN, made, bare=bare)
    run(small, RUN, made, bare=bare)
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


def test_command_finds_its_python(full):
    """`bench` of a model is a module of the package."""
    done = subprocess.run(
        [full.with_name("visir"), "bench", MODEL, "--rounds=1", "--json"],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ms"]["visir"] > 0


def test_wheels_are_small(wheels):
    assert wheels["visir_runtime"].stat().st_size < 1_000_000
    assert wheels["visir"].stat().st_size < 30_000_000


def test_compiler_holds_no_shared_llvm(wheels):
    names = zipfile.ZipFile(wheels["visir"]).namelist()
    assert "visir/py.typed" in names
    assert not [name for name in names if "LLVM" in name or "MLIR" in name]


def test_pip_installs_a_checkout(tmp_path):
    """`pip install .`, with the build that is there already."""
    folder = tmp_path / "env"
    environment(folder, ROOT)
    done = subprocess.run(
        [folder / "bin" / "visir", "targets"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "x86-64-v3" in done.stdout


def test_small_wheel_has_no_compiler(small):
    program = "import visir; visir.compile('a.onnx')"
    command = [small, "-c", program]
    done = subprocess.run(
        command, capture_output=True, text=True, env={"PATH": ""}, cwd="/"
    )
    assert "the program visir is not installed" in done.stderr
