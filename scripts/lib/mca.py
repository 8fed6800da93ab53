# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Judges the kernels of a model by LLVM's models of ARM's cores.

    scripts/mca model.onnx [--core NAME]... [--precision fp16] [--markdown]

Compiles the model for each core and finds, in each kernel of products, the
loop with the most multiply-adds and no other arithmetic on vectors: the inner
loop of the full register tile.
llvm-mca then says how many cycles its iterations take, in a steady state and
with all loads in the first cache. The share is that of the most multiply-adds
that the same model of the core can start. A loop that loads as many vectors as
it multiplies (one row, such as a classifier of one image) waits for memory, not
for multiply-adds, and is left out. The last line says how many kernels
are below --least; then the exit code is 1.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[2]
CORES = ("cortex-a76", "neoverse-n1", "neoverse-v2")
# Kernels whose time is products'; others have multiply-adds in polynomials.
PRODUCTS = ("contract", "attention")
LLVM_MCA = "llvm-mca-22"
ITERATIONS = 200

LABEL = re.compile(r"^(\.?[\w.$\"]+):")
BRANCH = re.compile(r"^\s+(?:b\.\w+|cbnz?|cbz|tbnz?|tbz|b)\s.*?(\.LBB\w+)")
MULTIPLY_ADD = re.compile(r"^\s+fml[as]\s+v\d+\.(?:4s|2d|8h)")
OTHER = re.compile(r"^\s+(?!fml[as])f\w+\s+v|^\s+(?:shl|bsl|bi[tf])\s+v")
LOAD = re.compile(r"^\s+(ldp|ldu?r|ld1r?)\s+(?:q|\{)")
INSTRUCTION = re.compile(r"^\s+[a-z]")


@dataclasses.dataclass(frozen=True)
class Loop:
    """A block that branches to its own start."""

    kernel: str
    lines: tuple

    @property
    def multiply_adds(self):
        return sum(bool(MULTIPLY_ADD.match(line)) for line in self.lines)

    @property
    def loads(self):
        """Vectors that are loaded."""
        kinds = [m[1] for m in map(LOAD.match, self.lines) if m]
        return len(kinds) + kinds.count("ldp")

    @property
    def only_products(self):
        return not any(OTHER.match(line) for line in self.lines)

    @property
    def instructions(self):
        return len(self.lines)


def clean(line):
    """Without comments; empty for directives."""
    line = line.split("//")[0].rstrip()
    return "" if line.strip().startswith(".") and ":" not in line else line


def loops_of(text):
    """All loops of one block in assembly, in order."""
    kernel, label, lines, found = "", "", [], []
    for line in filter(None, map(clean, text.splitlines())):
        start = LABEL.match(line)
        if start:
            label, lines = start[1], []
            if not label.startswith(".L"):
                kernel = label.strip('"').removesuffix(".body")
            continue
        if not INSTRUCTION.match(line):
            continue
        lines.append(line)
        branch = BRANCH.match(line)
        if branch:
            if branch[1] == label:
                found.append(Loop(kernel, tuple(lines)))
            label, lines = "", []
    return found


def inner_loops(text):
    """{kernel: its loop with the most multiply-adds} of kernels of products."""
    best = {}
    for loop in loops_of(text):
        root = loop.kernel.partition("_")[2]
        if not root.startswith(PRODUCTS) or not loop.only_products:
            continue
        known = best.get(loop.kernel)
        if loop.multiply_adds and (
            not known or loop.multiply_adds > known.multiply_adds
        ):
            best[loop.kernel] = loop
    return {k: l for k, l in best.items() if l.loads < l.multiply_adds}


def cycles(blocks, core):
    """Cycles per iteration of each block of lines, on a core."""
    text = ""
    for i, lines in enumerate(blocks):
        body = "\n".join(lines)
        text += f"// LLVM-MCA-BEGIN {i}\n{body}\n// LLVM-MCA-END\n"
    command = [LLVM_MCA, "-mtriple=aarch64-linux-gnu", f"-mcpu={core}"]
    command += [f"-iterations={ITERATIONS}", "-json"]
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=True
    )
    regions = json.loads(done.stdout)["CodeRegions"]
    return [r["SummaryView"]["TotalCycles"] / ITERATIONS for r in regions]


def multiply_adds_per_cycle(core, precision):
    """The most that the model of a core starts in a cycle."""
    count = 14
    lanes, lane = ("8h", "h") if precision == "fp16" else ("4s", "s")
    block = [
        f"  fmla v{i + 16}.{lanes}, v15.{lanes}, v14.{lane}[0]"
        for i in range(count)
    ]
    return round(count / cycles([block], core)[0], 1)


def assembly(visir, model, target, precision):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.s"
        command = [visir, "compile", model, "--target", target]
        command += ["--precision", precision, "--emit", "asm", "-o", path]
        subprocess.run(list(map(str, command)), check=True)
        return path.read_text()


@dataclasses.dataclass(frozen=True)
class Row:
    core: str
    loop: Loop
    cycles: float  # per multiply-add
    share: float  # of the most multiply-adds of the core


def rows_of(loops, core, precision="fp32"):
    """A row for each of {kernel: loop}."""
    if not loops:
        return []
    peak = multiply_adds_per_cycle(core, precision)
    taken = cycles([loop.lines for loop in loops.values()], core)
    rows = []
    for loop, each in zip(loops.values(), taken, strict=True):
        each /= loop.multiply_adds
        rows.append(Row(core, loop, each, 1 / (each * peak)))
    return rows


def print_rows(rows, markdown):
    heads = ("core", "kernel", "multiply-adds", "instructions per",
             "cycles per", "share of peak")  # fmt: skip
    texts = [
        (
            row.core,
            row.loop.kernel,
            str(row.loop.multiply_adds),
            f"{row.loop.instructions / row.loop.multiply_adds:.2f}",
            f"{row.cycles:.3f}",
            f"{row.share:.2f}",
        )
        for row in rows
    ]
    if markdown:
        print("| " + " | ".join(heads) + " |")
        print("|---" * len(heads) + "|")
        for text in texts:
            print("| " + " | ".join(text) + " |")
        return
    print("%-12s %-22s %13s %16s %10s %13s" % heads)
    for text in texts:
        print("%-12s %-22s %13s %16s %10s %13s" % text)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", help="ONNX file")
    parser.add_argument("--core", action="append", help=f"of {CORES}")
    parser.add_argument("--precision", default="fp32", help="fp32 or fp16")
    parser.add_argument("--least", type=float, default=0.8, metavar="SHARE")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    build = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
    rows = []
    for core in options.core or CORES:
        text = assembly(
            build / "bin" / "visir",
            options.model,
            f"aarch64:{core}",
            options.precision,
        )
        rows += rows_of(inner_loops(text), core, options.precision)
    print_rows(rows, options.markdown)
    low = [row for row in rows if row.share < options.least]
    print(
        f"{len(rows)} loops of products, {len(low)} below "
        f"{options.least:.0%} of the core's multiply-adds"
    )
    return 1 if low or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
