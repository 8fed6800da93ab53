# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the figures of a comparison say: ratios, means and a table.

A result is {"model", "threads", "rows"}; a row is {"engine", "version", "ms",
"error"} or {"engine", "refused"}. All ratios are times of the other engine
over Visir's: above 1, Visir is faster.
"""

import statistics

from scripts.lib.engines.bars import bar_of, bar_of_mean, verdict

# Larger errors, relative to the output's largest value, are wrong answers.
RIGHT = 1e-3


def is_right(row):
    return "ms" in row and row["error"] <= RIGHT


def row_of(result, engine):
    for row in result["rows"]:
        if row["engine"] == engine:
            return row
    return {}


def others(result):
    return [row for row in result["rows"] if row["engine"] != "visir"]


def ratio(result, row):
    """How many times as fast as `row` Visir is; None if either is wrong."""
    visir = row_of(result, "visir")
    if not is_right(visir) or not is_right(row):
        return None
    return row["ms"] / visir["ms"]


def ratio_to_best(result):
    """The ratio to the fastest other engine that is right, or None."""
    ratios = [ratio(result, row) for row in others(result)]
    return min((r for r in ratios if r is not None), default=None)


def mean(ratios):
    """(geometric mean, number) of the ratios that are not None."""
    known = [r for r in ratios if r is not None]
    return (statistics.geometric_mean(known) if known else None), len(known)


def engines_of(results):
    names = {}
    for result in results:
        for row in others(result):
            names.setdefault(row["engine"], row.get("version", ""))
            names[row["engine"]] = names[row["engine"]] or row.get(
                "version", ""
            )
    return names


def cell(result, row):
    if not row:
        return ""
    if "refused" in row:
        return "fails"
    known = ratio(result, row)
    return "wrong" if known is None else f"{known:.2f}"


def number(value):
    return "" if value is None else f"{value:.2f}"


def combine(runs):
    """One result of several runs of the same model and number of threads.

    A row holds the median of its times and its largest error; `run_ratios`
    are the runs' ratios to the best other engine, None where a run has none.
    """
    first = runs[0]
    rows = []
    for row in first["rows"]:
        parts = [row_of(run, row["engine"]) for run in runs]
        refused = [part for part in parts if "ms" not in part]
        rows.append(dict((refused or [row])[0]))
        if not refused:
            rows[-1]["ms"] = statistics.median(p["ms"] for p in parts)
            rows[-1]["error"] = max(part["error"] for part in parts)
    return {
        **first,
        "rows": rows,
        "run_ratios": [ratio_to_best(run) for run in runs],
    }


def least_ratio(result):
    """The smallest ratio to the best other engine among a result's runs."""
    ratios = result.get("run_ratios", [ratio_to_best(result)])
    return None if None in ratios else min(ratios)


def by_threads(results):
    counts = sorted({result["threads"] for result in results})
    return [(n, [r for r in results if r["threads"] == n]) for n in counts]


def scaling(results):
    """{model: Visir's time on one thread over that on two}."""
    times = {}
    for result in results:
        visir = row_of(result, "visir")
        if is_right(visir):
            times[result["model"], result["threads"]] = visir["ms"]
    return {
        model: ms / times[model, 2]
        for (model, threads), ms in times.items()
        if threads == 1 and (model, 2) in times
    }


def times_and_ratios(result, names):
    """The cells of a row before those of the bar."""
    visir = row_of(result, "visir")
    known = "ms" in visir
    return [
        result["model"],
        f"{visir['ms']:.2f}" if known else "fails",
        f"{visir['error']:.0e}" if known else "",
        *(cell(result, row_of(result, name)) for name in names),
        f"**{number(ratio_to_best(result))}**",
    ]


def bar_cells(ratio, bar):
    least, goal = bar
    return [number(ratio), f"{least:.2f}", f"{goal:.2f}", verdict(ratio, bar)]


def means(part, names):
    """The last row of a table."""
    engines = [
        number(mean([ratio(r, row_of(r, name)) for r in part])[0])
        for name in names
    ]
    best = number(mean([ratio_to_best(r) for r in part])[0])
    # A model without a right answer of Visir leaves no mean to judge.
    least = [least_ratio(result) for result in part]
    lowest = None if None in least else mean(least)[0]
    return ["geometric mean", "", "", *engines, f"**{best}**"] + bar_cells(
        lowest, bar_of_mean(part[0])
    )


def table_row(cells):
    return "| " + " | ".join(cells) + " |"


def markdown(results):
    """Tables of ratios, one for each number of threads, then the scaling."""
    names = engines_of(results)
    titles = [f"{name} {version}".strip() for name, version in names.items()]
    head = [
        *("model", "Visir, ms", "error", *titles, "best other"),
        *("least run", "bar", "goal", "verdict"),
    ]
    lines = []
    for threads, part in by_threads(results):
        lines += [
            f"{threads} thread{'s' if threads > 1 else ''}:",
            "",
            table_row(head),
            "|" + "---|" * len(head),
        ]
        for result in part:
            cells = bar_cells(least_ratio(result), bar_of(result))
            lines.append(table_row(times_and_ratios(result, names) + cells))
        lines += [table_row(means(part, names)), ""]
    factors = scaling(results)
    if factors:
        lines += [
            "Visir's time on one thread over that on two:",
            "",
            table_row(["model", "scaling"]),
            "|---|---|",
            *(table_row([m, number(factor)]) for m, factor in factors.items()),
            "",
        ]
    return "\n".join(lines)
