# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""FileCheck directives that test nothing: without a colon, or of a prefix
that no RUN line asks for."""

import re

from tools.lint.tree import read, tracked_files

SUFFIXES = (".mlir", ".test", ".ll", ".s", ".onnxtxt")
KINDS = r"(?:NEXT|SAME|DAG|NOT|LABEL|EMPTY|COUNT-\d+)"
DIRECTIVE = re.compile(
    rf"^\s*(?://|#|;)\s*([A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*?)(?:-({KINDS}))?(:|\s|$)"
)
PREFIXES = re.compile(r"-check-prefix(?:es)?[= ]([\w,-]+)")
# FileCheck reads these whatever the prefix.
COMMANDS = {"RUN", "REQUIRES", "UNSUPPORTED", "XFAIL", "COM", "DEFINE"}


def active_prefixes(lines):
    """The prefixes that the RUN lines of a test give to FileCheck."""
    runs = " ".join(line for line in lines if "RUN:" in line)
    runs = runs.replace("\\ ", " ")
    if "FileCheck" not in runs:
        return None
    prefixes = set()
    for group in PREFIXES.findall(runs):
        prefixes.update(group.split(","))
    calls = [call for call in runs.split("FileCheck")[1:]]
    if any("check-prefix" not in call.split("|")[0] for call in calls):
        prefixes.add("CHECK")
    return prefixes


def dead_directives(lines):
    prefixes = active_prefixes(lines)
    if prefixes is None:
        return
    for number, line in enumerate(lines, 1):
        match = DIRECTIVE.match(line)
        if not match or match[1] in COMMANDS:
            continue
        known = match[1] in prefixes
        if known and match[3] != ":":
            yield number, f"{match[1]} has no colon and checks nothing"
        elif not known and match[3] == ":" and "CHECK" in match[1]:
            yield number, f"no RUN line has the prefix {match[1]}"


def check():
    for path in tracked_files():
        if path.parts[0] != "test" or path.suffix not in SUFFIXES:
            continue
        for number, problem in dead_directives((read(path) or "").splitlines()):
            yield f"{path}:{number}: {problem}"
