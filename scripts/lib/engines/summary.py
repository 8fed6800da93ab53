# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the figures of a comparison say: ratios, means and a table.

A result is {"model", "threads", "rows"}; a row is {"engine", "version", "ms",
"error"} or {"engine", "refused"}. All ratios are times of the other engine
over Visir's: above 1, Visir is faster.
"""

import statistics

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


def markdown(results):
    """Tables of ratios, one for each number of threads."""
    names = engines_of(results)
    titles = [f"{name} {version}".strip() for name, version in names.items()]
    lines = []
    for threads in sorted({result["threads"] for result in results}):
        part = [r for r in results if r["threads"] == threads]
        lines += [
            f"{threads} thread{'s' if threads > 1 else ''}:",
            "",
            "| model | Visir, ms | error | "
            + " | ".join(titles)
            + " | best other |",
            "|" + "---|" * (len(names) + 4),
        ]
        for result in part:
            visir = row_of(result, "visir")
            cells = [cell(result, row_of(result, name)) for name in names]
            known = "ms" in visir
            lines.append(
                f"| {result['model']} "
                f"| {visir['ms']:.2f} | {visir['error']:.0e} | "
                if known
                else f"| {result['model']} | fails | | "
            )
            lines[-1] += " | ".join(cells)
            lines[-1] += f" | **{number(ratio_to_best(result))}** |"
        means = [
            number(mean([ratio(r, row_of(r, name)) for r in part])[0])
            for name in names
        ]
        best = number(mean([ratio_to_best(r) for r in part])[0])
        lines += [
            "| geometric mean | | | " + " | ".join(means) + f" | **{best}** |",
            "",
        ]
    return "\n".join(lines)
