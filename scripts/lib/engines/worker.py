# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One engine with one model on fixed cores, driven through pipes.

    python -m scripts.lib.engines.worker \
        ENGINE MODEL INPUTS.npz THREADS CACHE [TARGET]

TARGET is what Visir compiles for. It
prints a JSON line when ready, then one for each line read: 'run SECONDS'
repeats the model and answers with the least time of a run, in seconds;
'save PATH' writes the last outputs.
"""

import json
import os
import pathlib
import sys
import time

import numpy

from scripts.lib.engines.adapters import ENGINES


def fastest(adapter, seconds):
    """The least time of a run among those that fit, at least one."""
    best = float("inf")
    end = time.perf_counter() + seconds
    while True:
        start = time.perf_counter()
        adapter.run()
        stop = time.perf_counter()
        best = min(best, stop - start)
        if stop >= end:
            return best


def save(adapter, path):
    arrays = [numpy.asarray(array) for array in adapter.outputs()]
    numpy.savez(path, *arrays)


def main():
    # Answers keep the pipe to themselves: engines print what they like.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**fields):
        print(json.dumps(fields), file=answers, flush=True)

    engine, model, inputs, threads, cache, *target = sys.argv[1:]
    try:
        with numpy.load(inputs) as arrays:
            given = {
                name.removeprefix("in:"): arrays[name]
                for name in arrays.files
                if name.startswith("in:")
            }
        adapter = ENGINES[engine](
            model, given, int(threads), pathlib.Path(cache), *target
        )
        adapter.run()
    except Exception as error:
        text = f"{type(error).__name__}: {error}".splitlines()[0]
        answer(error=text[:200])
        return 1
    answer(version=adapter.version)
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        if command == "run":
            answer(seconds=fastest(adapter, float(argument)))
        elif command == "save":
            save(adapter, argument)
            answer()
    return 0


if __name__ == "__main__":
    sys.exit(main())
