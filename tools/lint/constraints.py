# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Constraints of the dialect: every check that refuses an op carries a label,
`// family_c1`, in the line before, and a negative test carries the same."""

import re

from tools.lint.tree import read, tracked_files

SOURCE = ("dialects", "visir")
TESTS = ("test", "dialects", "visir")
REFUSAL = re.compile(
    r"return (?:mismatch\(loc|emitOptionalError\(|emitError\(\)"
    r"|(?:\w+(?:\.|->))?(?:emitOpError|emitError)\()"
)
LABEL = re.compile(r"// ([a-z]+_c\d+)\s*$")


def labels(lines):
    """{label: number of its line}; raises ValueError for one that is twice."""
    found = {}
    for number, line in enumerate(lines, 1):
        match = LABEL.search(line)
        if match and found.setdefault(match[1], number) != number:
            raise ValueError(f"label {match[1]} is given twice")
    return found


def unlabelled(lines):
    """Numbers of the lines that refuse without a label before them."""
    for number, line in enumerate(lines, 1):
        before = lines[number - 2] if number > 1 else ""
        if REFUSAL.search(line) and not LABEL.search(before):
            yield number


def check():
    checked, tested = {}, {}
    for path in tracked_files():
        lines = (read(path) or "").splitlines()
        if path.parts[:2] == SOURCE and path.suffix == ".cpp":
            for number in unlabelled(lines):
                # The helper that all families report through.
                if "what, " not in lines[number - 1]:
                    yield f"{path}:{number}: a constraint without a label"
            checked.update({label: path for label in labels(lines)})
        elif path.parts[:3] == TESTS and path.suffix == ".mlir":
            tested.update({label: path for label in labels(lines)})
    for label in sorted(checked.keys() - tested.keys()):
        yield f"{checked[label]}: {label} has no negative test"
    for label in sorted(tested.keys() - checked.keys()):
        yield f"{tested[label]}: {label} is the label of no constraint"
