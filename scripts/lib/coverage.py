# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads what `llvm-cov export -summary-only` prints and judges it.

Prints the share of branches that were taken, file by file, and ends with the
line of a stage: a test for each file that PATTERN names, failed where the
share is below the least one.
"""

import argparse
import fnmatch
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[2]


def shares(export):
    """{file relative to the root: (branches taken, branches)}."""
    found = {}
    for file in export["data"][0]["files"]:
        branches = file["summary"]["branches"]
        path = pathlib.Path(file["filename"])
        if path.is_relative_to(ROOT):
            path = path.relative_to(ROOT)
        found[str(path)] = (branches["covered"], branches["count"])
    return found


def judge(found, pattern, least):
    """The files named by the pattern, and those of them below `least` %."""
    named = sorted(fnmatch.filter(found, pattern))
    below = [name for name in named if percent(*found[name]) < least]
    return named, below


def percent(taken, count):
    return 100 * taken / count if count else 100.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pattern", metavar="PATTERN")
    parser.add_argument("--least", type=float, default=90, metavar="PERCENT")
    arguments = parser.parse_args()
    found = shares(json.load(sys.stdin))
    for name, (taken, count) in sorted(found.items()):
        if count:
            print(f"{percent(taken, count):5.1f} %  {taken:4}/{count:<4}  {name}")
    named, below = judge(found, arguments.pattern, arguments.least)
    for name in below:
        print(
            f"branches of {name} are {percent(*found[name]):.1f} % covered, "
            f"expected at least {arguments.least:g} %"
        )
    failed = len(below) if named else 1
    print(f"{len(named) - len(below)} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
