# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs all lints; the last line counts them, as for every stage of the tests."""

import sys

from tools.lint import (
    cmake,
    constraints,
    filecheck,
    layers,
    licence,
    names,
    sizes,
    words,
)

LINTS = (cmake, layers, licence, sizes, filecheck, constraints, names, words)


def main():
    failed = 0
    for lint in LINTS:
        try:
            problems = list(lint.check())
        except (OSError, ValueError) as error:
            problems = [str(error)]
        for problem in problems:
            print(problem)
        failed += bool(problems)
    print(f"{len(LINTS) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
