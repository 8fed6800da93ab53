# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One number for each system: how many times as fast as the fastest other
right engine Visir is, end to end."""

import json
import os
import statistics
import subprocess
import sys

from scripts.lib.engines import __main__ as engines
from scripts.lib.engines import summary
from scripts.lib.systems import table

# Of a captioner: beside the same exports in this engine, see models/rest/bench.
CAPTIONS_ENGINE = "onnxruntime"


def arguments_of(models, given):
    """As scripts/compare-engines takes them."""
    return engines.parse(
        [
            *("--models", ",".join(models), "--threads", given.threads),
            *("--exports", str(given.exports), "--engines", given.engines),
            *("--rounds", str(given.rounds), "--seconds", str(given.seconds)),
        ]
    )


def captions_result(model, threads, figures):
    """A result as of scripts/compare-engines, of models.rest.bench's JSON. The
    bench itself ends with an error where two engines write other texts."""
    times = {name: sum(parts) for name, parts in figures["medians"].items()}
    own = times.pop("visir")
    return {
        "model": model,
        "threads": threads,
        "rows": [
            {"engine": "visir", "version": "", "ms": own, "error": 0.0},
            {
                "engine": CAPTIONS_ENGINE,
                "version": "",
                "ms": min(times.values()),
                "error": 0.0,
            },
        ],
    }


def run_captions(model, threads, given):
    """A result, whose row of Visir says why there is none."""
    cores = sorted(os.sched_getaffinity(0))[:threads]
    done = subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-m", "models.rest.bench"),
            *("--variant", table.variant(model), "--json"),
            *("--exports", str(given.exports / f"rest_{table.variant(model)}")),
            *("--threads", str(threads), "--rounds", str(given.rounds)),
        ],
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    if done.returncode:
        reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
        rows = [{"engine": "visir", "version": "", "refused": reason}]
        return {"model": model, "threads": threads, "rows": rows}
    return captions_result(
        model, threads, json.loads(done.stdout.splitlines()[-1])
    )


def measure(systems, given):
    """{system: [result]}, all in one run."""
    results = {}
    for system in systems:
        plain = [m for m in system.timed if not table.is_captioner(m)]
        made = engines.measure(arguments_of(plain, given)) if plain else []
        for model in filter(table.is_captioner, system.timed):
            for threads in map(int, given.threads.split(",")):
                made.append(run_captions(model, threads, given))
                row = made[-1]
                engines.print_rows(model, threads, row["rows"])
        results[system.name] = made
    return results


def counted(ratio):
    """A ratio of two times, at no more than MOST; None stays None."""
    return None if ratio is None else min(ratio, table.MOST)


def number_of(results):
    """A system's number of its results with one number of threads: the
    geometric mean of what counts, None where one has no right answer."""
    ratios = [counted(summary.ratio_to_best(result)) for result in results]
    if not ratios or None in ratios:
        return None
    return statistics.geometric_mean(ratios)


def numbers(results, threads):
    """{system: number or None}"""
    return {
        name: number_of([r for r in made if r["threads"] == threads])
        for name, made in results.items()
    }


def verdict(values):
    """(geometric mean, least, whether both reach their bars) of systems'
    numbers; one that is None is short."""
    known = [value for value in values if value is not None]
    if not known:
        return None, None, False
    mean, least = statistics.geometric_mean(known), min(known)
    reached = mean >= table.MEAN_BAR and least >= table.LEAST_BAR
    return mean, least, reached and len(known) == len(values)


def fastest_other(result):
    """The row of the fastest other engine that is right, or {}."""
    right = [row for row in summary.others(result) if summary.is_right(row)]
    return min(right, key=lambda row: row["ms"], default={})
