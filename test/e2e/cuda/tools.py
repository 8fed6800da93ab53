# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The programs that the tests of CUDA call."""

import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).parents[3]
BUILD = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
VISIR = BUILD / "bin" / "visir"
SECONDS = 300


def find_ptxas():
    home = os.environ.get("CUDA_HOME")
    return shutil.which("ptxas") or (
        home and shutil.which(pathlib.Path(home, "bin", "ptxas"))
    )


def run(command):
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
