# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""scripts/gpu-check: what it bundles, run on a stand-in for a GPU."""

import pathlib
import shutil
import subprocess

import numpy
import pytest

from scripts.lib import gpu_check

ROOT = pathlib.Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "gpu-check"
STAND_IN = gpu_check.BUILD / "lib" / "libvisir_null_cuda.so"


def run(folder, *arguments):
    return subprocess.run(
        [folder / "gpu-check", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={
            "PATH": "/usr/bin:/bin",
            "VISIR_CUDA_LIBRARY": str(STAND_IN),
            "VISIR_NULL_CUDA": "sm=90",
        },
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    shutil.copy(SCRIPT, folder)
    shutil.copy(gpu_check.BUILD / "bin" / "visir-rt", folder)
    assert gpu_check.add_ops(folder, "softmax_*f*", "cuda:sm_75") > 2
    return folder


def test_all_is_well(bundle):
    done = run(bundle, "--ops")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "c0.visir on cuda: 0, Null GPU A (sm_90)" in done.stdout
    assert " passed, 0 failed" in done.stdout
    assert "gpu-check: all is well" in done.stdout


def test_a_difference_fails(bundle, tmp_path):
    folder = shutil.copytree(bundle, tmp_path / "damaged")
    golden = sorted((folder / "c0").glob("0_out0.npy"))[0]
    array = numpy.load(golden)
    array.flat[3] += 1
    numpy.save(golden, array)
    done = run(folder, "--ops")
    assert done.returncode == 1
    assert "FAILED softmax_" in done.stdout
    assert "element 3 is " in done.stdout
    assert "something failed" in done.stdout


def test_wrong_architecture_fails(bundle):
    done = run(bundle, "--ops", "--device", "cuda:7")
    assert done.returncode == 1
    assert "device is cuda:7, expected cuda:0..0" in done.stdout


def test_sanitizer_is_asked_for(bundle):
    done = run(bundle, "--sanitize")
    assert done.returncode == 1
    assert "compute-sanitizer is missing, expected in PATH" in done.stderr


def test_wrong_words_are_refused(bundle, tmp_path):
    assert "usage: " in run(bundle, "--help").stdout
    assert run(bundle, "--frobnicate").returncode == 64
    shutil.copy(SCRIPT, tmp_path)
    done = run(tmp_path)
    assert done.returncode == 1
    assert "has no visir-rt, expected a bundle" in done.stderr


def test_large_bundles_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_check, "LIMIT", 100)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "noise").write_bytes(numpy.random.default_rng(0).bytes(1000))
    output = tmp_path / "out.tar.xz"
    with pytest.raises(RuntimeError, match="bytes, expected at most 100"):
        gpu_check.pack(folder, output)
    assert not output.exists()
