# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `visir inspect` says of the small models."""

import json
import subprocess

from visir import locate

from scripts.lib.engines.summary import table_row
from scripts.lib.systems import table

HEAD = (
    "model", "ops", "tensor passes", "MB", "million MACs", "recognised",
)  # fmt: skip


def inspect(path):
    """The report; raises RuntimeError with what the tool says."""
    done = subprocess.run(
        [locate.tool(), "inspect", str(path), "--json"],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


def change(entry, key, form):
    return form.format(entry["before"][key]) + " → " + form.format(entry["after"][key])


def found(report):
    """How often each thing was recognised, most first."""
    counts = {}
    for finding in report["recognised"]:
        text = finding["text"]
        counts[text] = counts.get(text, 0) + len(finding["places"])
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{text} ({count})" for text, count in ordered)


def row(model, report):
    """Of a model with one entry."""
    (entry,) = report["entries"]
    products = change(entry, "million_macs", "{:.2f}")
    signs = entry["after"]["million_sign_products"]
    if signs:
        products += f" and {signs:.2f} of signs"
    return [
        f"`{model}`",
        change(entry, "ops", "{:.0f}"),
        change(entry, "tensor_passes", "{:.0f}"),
        change(entry, "megabytes", "{:.2f}"),
        products,
        found(report),
    ]


def section(systems, exports, exporter):
    """Lines of the page. Captioners are left out: their models have sizes that
    options of the compiler tell."""
    lines = ["", "## What is recognised", ""]
    lines += ["As imported → as fused, by `visir inspect`.", ""]
    lines += [table_row(HEAD), "|" + "---|" * len(HEAD)]
    for system in systems:
        for model in system.small:
            if not table.is_captioner(model):
                report = inspect(exports / f"{model}.{exporter}.onnx")
                lines.append(table_row(row(model, report)))
    return lines
