# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the cases whose names come in, one a line; answers with JSON lines.

A process of its own, so that a crash costs one case.
"""

import json
import os
import sys

from test.onnx_node import cases, engines


def run(case, engine):
    """Returns (outcome, reason)."""
    try:
        count = 0
        for results, expected in zip(engine(case), case.outputs, strict=True):
            for name, array in expected.items():
                cases.compare(name, results[name], array)
            count += 1
        if not count:
            return "failed", "the case has no data"
        return "passed", ""
    except engines.Unsupported as error:
        return "unsupported", str(error)
    except AssertionError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        return "failed", "wrong: " + " ".join(filter(None, lines))[:200]
    except Exception as error:
        return "failed", f"{type(error).__name__}: {error}"


def main():
    engine = engines.ENGINES[sys.argv[1]]
    # Answers keep the pipe to themselves; the engine prints to stderr.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    known = cases.load()
    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        outcome, reason = run(known[line.strip()], engine)
        print(json.dumps([outcome, reason]), file=answers, flush=True)


if __name__ == "__main__":
    main()
