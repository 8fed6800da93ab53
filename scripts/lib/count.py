# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts the tests of a JUnit file and ends with the line of a stage.

A skipped test must be listed in test/skips.txt, else it counts as failed: a
test that silently stops running must not look like success.
"""

import fnmatch
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

SKIPS = pathlib.Path(__file__).parents[2] / "test" / "skips.txt"


def listed_skips(text):
    """The patterns of a list with lines `<pattern>: <reason>`."""
    lines = (line.strip() for line in text.splitlines())
    lines = [line for line in lines if line and not line.startswith("#")]
    for line in lines:
        if not line.partition(": ")[2].strip():
            raise ValueError(f"skip has no reason: {line}")
    return [line.partition(": ")[0] for line in lines]


def outcomes(root):
    """Yields (name, 'passed' | 'failed' | 'skipped') of every test case."""
    for case in root.iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}"
        if case.find("failure") is not None or case.find("error") is not None:
            yield name, "failed"
        elif case.find("skipped") is not None:
            yield name, "skipped"
        elif case.get("status") in ("fail", "disabled", "notrun"):
            yield name, "failed" if case.get("status") == "fail" else "skipped"
        else:
            yield name, "passed"


def count(root, patterns):
    """Returns the counts and the lines that explain what is not a pass."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    notes = []
    for name, outcome in outcomes(root):
        if outcome == "skipped" and not any(
            fnmatch.fnmatchcase(name, pattern) for pattern in patterns
        ):
            outcome = "failed"
            notes.append(f"skipped, but not listed in test/skips.txt: {name}")
        elif outcome != "passed":
            notes.append(f"{outcome}: {name}")
        counts[outcome] += 1
    return counts, notes


def main():
    root = ElementTree.parse(sys.argv[1]).getroot()
    counts, notes = count(root, listed_skips(SKIPS.read_text()))
    for note in notes:
        print(note)
    if not sum(counts.values()):
        counts["failed"] = 1
        print(f"{sys.argv[1]} has no tests")
    print(", ".join(f"{number} {name}" for name, number in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
