# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds the parts of Visir that are not Python."""

from __future__ import annotations

import os
import pathlib
import shutil
import sys
from collections.abc import Iterator

PACKAGE = pathlib.Path(__file__).parent
CHECKOUT = PACKAGE.parents[2]


def candidates(
    variable: str, installed: str, built: str
) -> Iterator[pathlib.Path]:
    """Where a file may be, best first: named by an environment variable,
    inside the package, in the build folder of a checkout."""
    if os.environ.get(variable):
        yield pathlib.Path(os.environ[variable])
        return
    yield PACKAGE / installed
    build = os.environ.get("VISIR_BUILD", CHECKOUT / "build")
    yield pathlib.Path(build) / built


def runtime_library() -> str:
    """The path of libvisir-runtime, or its name for the system's loader."""
    name = "libvisir-runtime.so"
    for path in candidates("VISIR_RUNTIME", f"lib/{name}", f"lib/{name}"):
        if path.is_file():
            return str(path)
    return name


def tool(name: str = "visir") -> str:
    """The path of a program of Visir's; FileNotFoundError if there is none.

    VISIR_TOOL names another `visir`, beside which the others are looked for.
    """
    for path in candidates("VISIR_TOOL", "bin/visir", "bin/visir"):
        if path.with_name(name).is_file():
            return str(path.with_name(name))
    found = shutil.which(name)
    if not found:
        raise FileNotFoundError(
            f"the program {name} is not installed; set VISIR_TOOL to its path"
        )
    return found


def tool_environment() -> dict[str, str] | None:
    """The environment for the program: a wheel has its libraries inside."""
    libraries = PACKAGE / "lib"
    if not libraries.is_dir():
        return None
    before = os.environ.get("LD_LIBRARY_PATH")
    paths = [str(libraries), *([before] if before else [])]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(paths)}


def run_tool() -> None:
    """The command `visir` of an installed wheel. Its commands that are
    written in Python run in this interpreter."""
    program = tool()
    environment = {**(tool_environment() or os.environ)}
    environment.setdefault("VISIR_PYTHON", sys.executable)
    os.execve(program, [program, *sys.argv[1:]], environment)
