# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The layer law: who may include whom, read from docs/architecture.md.

The law is a table with the columns 'folder' and 'may include'. A cell lists
folders, separated by commas; 'each other' are the folders of the row, 'all of
the above' those of all earlier rows. A folder may always include itself and
what is inside it; the longest folder that holds a file rules it.
"""

import re

from tools.lint.tree import CXX, ROOT, read, tracked_files

LAW = "docs/architecture.md"
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]')
HEADER = re.compile(r"^\|\s*folder\s*\|\s*may include\s*\|")


def split_cell(cell):
    names = (name.strip().strip("`") for name in cell.split(","))
    return [name for name in names if name]


def read_law(text):
    """Returns {folder: [folders that it may include]}."""
    lines = iter(text.splitlines())
    if not any(HEADER.match(line) for line in lines):
        raise ValueError(f"{LAW} has no table 'folder | may include'")
    next(lines)
    law = {}
    for line in lines:
        cells = line.strip().strip("|").split("|")
        if len(cells) < 2:
            break
        folders = split_cell(cells[0])
        allowed = []
        for name in split_cell(cells[1]):
            if name == "each other":
                allowed += folders
            elif name == "all of the above":
                allowed += law
            else:
                allowed.append(name)
        law.update({folder: [folder, *allowed] for folder in folders})
    return law


def is_inside(path, folder):
    return path.startswith(folder + "/")


def rule_of(law, path):
    """The longest folder of the law that holds the file, or None."""
    holders = [folder for folder in law if is_inside(path, folder)]
    return max(holders, key=len, default=None)


def violations(law, path, text, roots):
    """Yields (line, problem) for each include that the law forbids."""
    folder = rule_of(law, path)
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        root, slash, _ = match[1].partition("/") if match else ("", "", "")
        if not slash or root not in roots:
            continue
        if folder is None:
            yield number, f"{path} is in no folder of the layer law"
            return
        if not any(is_inside(match[1], name) for name in law[folder]):
            yield number, f"{folder} includes {match[1]}, the layer law forbids"


def check():
    law = read_law((ROOT / LAW).read_text())
    paths = tracked_files()
    roots = {path.parts[0] for path in paths if len(path.parts) > 1}
    for path in paths:
        if path.suffix in CXX and path.parts[0] not in ("test", "examples"):
            for number, problem in violations(
                law, str(path), read(path) or "", roots
            ):
                yield f"{path}:{number}: {problem}"
