# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every C++ source is named in a CMakeLists.txt of its folder or one above,
found there by a glob, or named in cmake/: a file that nobody builds is dead.
"""

import posixpath
import re

from tools.lint.tree import read, tracked_files

SUFFIXES = (".c", ".cc", ".cpp")
GLOB = re.compile(r"file\(\s*GLOB")


def is_built(path, lists, modules):
    """lists: {folder: text of its CMakeLists.txt}, modules: texts of *.cmake.
    The root's own list does not count, it only adds folders."""
    word = re.compile(rf"(?<![\w.-]){re.escape(path.stem)}(\.\w+)?(?![\w.-])")
    if any(str(path) in text for text in modules):
        return True
    siblings = (
        posixpath.relpath(path, folder) in text
        for folder, text in lists.items()
        if folder.parts
    )
    if any(siblings):
        return True
    for folder in path.parents:
        text = lists.get(folder)
        if text is None or not folder.parts:
            continue
        if word.search(text) or GLOB.search(text):
            return True
    return False


def check():
    paths = tracked_files()
    lists = {p.parent: read(p) for p in paths if p.name == "CMakeLists.txt"}
    modules = [read(p) for p in paths if p.suffix == ".cmake"]
    for path in paths:
        if path.suffix in SUFFIXES and path.parts[0] != "examples":
            if not is_built(path, lists, modules):
                yield f"{path}: is in no CMakeLists.txt"
