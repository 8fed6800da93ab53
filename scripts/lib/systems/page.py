# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The page docs/generated/systems.md."""

from scripts.lib import expectations
from scripts.lib.engines import summary
from scripts.lib.systems import agreement, speed, table

HEAD = """\
# Systems

Made by `scripts/systems`. On {machine}.

Each cell: whether the model compiles (seconds), whether it agrees (the largest
error against PyTorch in float64, relative to the output's largest value, at
most {limit:.0e}; the same bits in two runs, where threads count with one and
two), and the least time of a run: on x86 with one thread, on Vulkan by
Mesa's lavapipe under the validation layer. For aarch64, which qemu carries out,
the instructions of the kernels stand instead; CUDA runs on a stand-in for a
GPU, whose time says nothing.
"""


def amount(report):
    if "ms" in report:
        return f"{report['ms']:.2f} ms"
    if "instructions" in report:
        return f"{report['instructions'] / 1e6:.1f} M instructions"
    return "–"


def cell(report):
    """compiles / agrees / time"""
    outcome, _ = agreement.outcome_of(report)
    if "compile_s" not in report:
        return "does not compile"
    compiles = f"{report['compile_s']:.1f} s"
    if "error" not in report:
        return f"{compiles} / does not run"
    agrees = f"{report['error']:.0e}"
    if outcome != agreement.PASSED:
        agrees += " **wrong**"
    return f"{compiles} / {agrees} / {amount(report)}"


def agreement_table(reports, systems, targets):
    lines = [
        summary.table_row(["system", "model", *targets]),
        "|" + "---|" * (2 + len(targets)),
    ]
    for system in systems:
        for number, model in enumerate(system.small):
            cells = [reports[system.name, model, t] for t in targets]
            title = f"[{system.title}]({system.page})" if not number else ""
            lines.append(
                summary.table_row([title, f"`{model}`", *map(cell, cells)])
            )
    return lines


def reasons(reports):
    """A line for each that does not pass."""
    lines = []
    for name, (outcome, reason) in agreement.results_of(reports).items():
        if outcome != agreement.PASSED:
            text = expectations.first_line(reason)
            lines.append(f"- `{name}` {outcome}: {text}")
    return ["", "What does not pass:", "", *lines] if lines else []


def speed_row(title, result):
    visir = summary.row_of(result, "visir")
    other = speed.fastest_other(result)
    ratio = summary.ratio_to_best(result)
    return [
        title,
        f"`{result['model']}`",
        f"{visir['ms']:.2f}" if "ms" in visir else "fails",
        f"{other['ms']:.2f} ({other['engine']})" if other else "none is right",
        summary.number(ratio),
        summary.number(speed.counted(ratio)),
    ]


def speed_table(results, systems, threads):
    plural = "s" if threads > 1 else ""
    lines = [
        "",
        f"## Speed, {threads} thread{plural}",
        "",
        summary.table_row(
            ["system", "model", "Visir, ms", "best other, ms", "ratio"]
            + ["counted"]
        ),
        "|" + "---|" * 6,
    ]
    numbers = speed.numbers(results, threads)
    for system in systems:
        made = [r for r in results[system.name] if r["threads"] == threads]
        for result in made:
            lines.append(summary.table_row(speed_row(system.title, result)))
        if len(made) > 1:
            value = summary.number(numbers[system.name])
            row = [system.title, "geometric mean", "", "", "", f"**{value}**"]
            lines.append(summary.table_row(row))
    mean, least, reached = speed.verdict(list(numbers.values()))
    return [
        *lines,
        "",
        f"Of {len(numbers)} systems, each model counted at no more than "
        f"{table.MOST:.0f}: geometric mean {summary.number(mean) or 'none'} "
        f"(bar {table.MEAN_BAR:.2f}), least {summary.number(least) or 'none'} "
        f"(bar {table.LEAST_BAR:.2f}): {'met' if reached else 'short'}.",
    ]


def write(machine, systems, targets, reports, recognised, results):
    """The text; `recognised` are lines, `results` is None without --bench."""
    lines = [HEAD.format(machine=machine, limit=agreement.LIMIT_FP32)]
    lines += agreement_table(reports, systems, targets) if targets else []
    lines += [*reasons(reports), *recognised]
    if results is not None:
        counts = sorted(
            {r["threads"] for made in results.values() for r in made}
        )
        for threads in counts:
            lines += speed_table(results, systems, threads)
    return "\n".join(lines) + "\n"
