# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every source file starts with the SPDX line."""

from tools.lint.tree import CXX, is_script, read, tracked_files

LINE = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
SUFFIXES = (*CXX, ".td", ".fbs", ".inc", ".def", ".py", ".cmake")


def needs_licence(path):
    return (
        path.suffix in SUFFIXES
        or path.name == "CMakeLists.txt"
        or is_script(path)
    )


def check():
    for path in tracked_files():
        if not needs_licence(path):
            continue
        text = read(path) or ""
        # An empty __init__.py holds nothing to license.
        if text.strip() and LINE not in "".join(text.splitlines()[:3]):
            yield f"{path}:1: SPDX line is missing"
