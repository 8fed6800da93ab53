# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the onnx package's node tests and judges them by the committed list.

    python -m test.onnx_node [--engine visir] [--jobs 2] [--only PATTERN]

expected.txt lists every case that does not pass, as
'<case> <failed|unsupported>: <reason>'. A case that does worse, or better,
than listed fails. Code for aarch64 is judged by the same list; the reference,
Vulkan and CUDA by this list and by one of their own (reference.txt ...) that
adds to it; other engines are not judged. Vulkan runs under Khronos' validation
layer, CUDA on the stand-in for a GPU. --update writes the list of an engine
anew. --every takes a part of the cases; the others count as skipped.
"""

import argparse
import collections
import fnmatch
import pathlib
import sys
import zlib

from scripts.lib import expectations
from scripts.lib.skip import is_listed
from test.onnx_node import cases
from test.onnx_node.engines import ENGINES
from test.onnx_node.processes import run_all

LIST = pathlib.Path(__file__).with_name("expected.txt")
OWN_LISTS = {
    name: LIST.with_name(f"{name}.txt")
    for name in ("reference", "vulkan", "cuda")
}
JUDGED_BY = {
    "visir": [LIST],
    "aarch64": [LIST],
    **{name: [LIST, own] for name, own in OWN_LISTS.items()},
}
OUTCOMES = ("passed", "failed", "unsupported")


def print_counts(results, known):
    groups = {"plain": [], "bound": []}
    for name, (outcome, _) in results.items():
        groups["bound" if known[name].bound else "plain"].append(outcome)
    groups["all"] = groups["plain"] + groups["bound"]
    for group, outcomes in groups.items():
        counts = collections.Counter(outcomes)
        text = ", ".join(f"{counts[o]} {o}" for o in OUTCOMES)
        share = 100 * counts["passed"] / max(len(outcomes), 1)
        print(f"{group:>6}: {len(outcomes)} cases, {text} ({share:.1f} % pass)")


def print_reason(name, outcome, reason):
    if outcome != "passed":
        text = expectations.first_line(reason)
        print(f"{name} {outcome}: {text}", flush=True)


def read_lists(paths):
    """{case: outcome}; what a later list says of a case counts."""
    listed = {}
    for path in paths:
        listed.update(expectations.read(path, OUTCOMES[1:]))
    return listed


def update(engine, results):
    """Writes the list of an engine anew."""
    if engine == "visir":
        expectations.write(LIST, results)
    elif engine in OWN_LISTS:
        common = read_lists([LIST])
        expectations.write(
            OWN_LISTS[engine],
            {n: r for n, r in results.items() if r[0] != common.get(n)},
        )


def part_of(names, every):
    """One name of `every`, chosen by what it is called."""
    return [n for n in names if zlib.crc32(n.encode()) % every == 0]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--engine", choices=ENGINES, default="visir")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="*", help="pattern of case names")
    parser.add_argument(
        "--every",
        type=int,
        default=1,
        metavar="N",
        help="one case of N, the same each time",
    )
    parser.add_argument("--update", action="store_true")
    parser.add_argument(
        "--reasons",
        action="store_true",
        help="print every case that does not pass",
    )
    return parser.parse_args()


def main():
    arguments = parse()
    known = cases.load()
    matching = [n for n in known if fnmatch.fnmatchcase(n, arguments.only)]
    names = part_of(matching, arguments.every)
    results = run_all(
        names,
        arguments.engine,
        arguments.jobs,
        print_reason if arguments.reasons else None,
    )
    print_counts(results, known)
    if arguments.update:
        update(arguments.engine, results)
    if arguments.engine not in JUDGED_BY:
        return 0
    listed = read_lists(JUDGED_BY[arguments.engine])
    problems = expectations.judge(results, listed)
    if len(known) != cases.NUMERIC_CASES:
        problems["the list of cases"] = (
            f"has {len(known)} cases, expected {cases.NUMERIC_CASES}"
        )
    for name in sorted(set(listed) - set(known)):
        problems[name] = "is listed, but no case has this name"
    skipped = len(matching) - len(names)
    if skipped and not is_listed("node.every"):
        problems["node.every"] = "is not listed in test/skips.txt"
    return expectations.finish(results, problems, skipped)


if __name__ == "__main__":
    sys.exit(main())
