# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The files that the lints look at."""

import functools
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).parents[2]
CXX = (".h", ".c", ".cc", ".cpp")


@functools.cache
def tracked_files():
    """Paths relative to the root of all files that git tracks or would."""
    command = ["git", "ls-files", "-z", "-co", "--exclude-standard"]
    listing = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    names = sorted(set(listing.split("\0")) - {""})
    paths = [pathlib.PurePosixPath(name) for name in names]
    return [path for path in paths if (ROOT / path).is_file()]


@functools.cache
def read(path):
    """The text of a tracked file, or None if it is not text."""
    data = (ROOT / path).read_bytes()
    if b"\0" in data:
        return None
    return data.decode("utf-8", errors="replace")


def is_script(path):
    """True for files without a suffix that start with '#!'."""
    text = read(path) if not path.suffix else None
    return bool(text) and text.startswith("#!")
