# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What runs on which target, as the strict lists of the tests say.

    python -m test.e2e.coverage    # writes docs/generated/coverage.md

The stages judge each case and fail where a list is wrong, so that the page
needs no run of its own. What a target does not pass has one of the classes of
reasons below; a line of a list without one is an error here.
"""

import collections
import dataclasses
import pathlib
import re

from scripts.lib import expectations
from test.e2e.ops.__main__ import VARIANTS, applies
from test.e2e.ops.__main__ import load as load_ops
from test.onnx_node import cases as nodes

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "docs" / "generated" / "coverage.md"
OUTCOMES = ("failed", "unsupported")
NODE_LIST = ROOT / "test" / "onnx_node" / "expected.txt"

# The closed list of reasons: a class, and what a reason of it says.
REFUSED = {
    "element type": r"element type of|attribute 'to' is",
    "opset": r"opset is \d+, expected",
    "size known at run time only": r"is computed at run time|"
    r"operator (NonMaxSuppression|Unique) ",
    "randomness": r"--noise is not given",
    "file format": r"operator ImageDecoder ",
}
OF_TARGET = {
    "driver": r"driver: ",
    "device": r"device: ",
    "rounding": r"rounding: ",
    "emulation": r"emulation: ",
}
MEANINGS = {
    "element type": "numbers of 2 and 4 bits and floats of 4 and 8 bits are "
    "no tensors of Visir's",
    "opset": "the file is older than the opsets that are read",
    "size known at run time only": "programs have static or bounded shapes; a "
    "shape that depends on data has no bound",
    "randomness": "random nodes need the option --noise, as programs give the "
    "same results for the same inputs",
    "file format": "pictures are decoded by tools, programs take numbers",
    "driver": "a fault of the device's driver",
    "device": "the device lacks what the case needs",
    "rounding": "the case has one order of roundings, the device another",
    "emulation": "too slow where no such device is and one is emulated",
}


@dataclasses.dataclass(frozen=True)
class Target:
    """ops: the end of its op cases' names and the list of those that do not
    pass; nodes: what its list of node tests adds to the common one."""

    name: str
    judged_on: str
    suffix: str
    ops: pathlib.Path
    nodes: pathlib.Path | None


E2E = ROOT / "test" / "e2e"
TARGETS = (
    Target("x86-64", "the processor", "cpu",
           E2E / "ops" / "expected.txt", None),
    Target("aarch64", "qemu's user emulator", "aarch64",
           E2E / "arm" / "expected.txt", None),
    Target("vulkan", "Mesa's lavapipe under Khronos' validation layer",
           "vulkan", E2E / "vulkan" / "expected.txt",
           NODE_LIST.with_name("vulkan.txt")),
    Target("cuda", "a stand-in for a GPU that carries out the PTX", "cuda",
           E2E / "cuda" / "expected.txt", NODE_LIST.with_name("cuda.txt")),
)  # fmt: skip


def read(path):
    """{test: (outcome, reason)}"""
    if path is None or not path.exists():
        return {}
    return expectations.read_reasons(path, OUTCOMES)


def class_of(reason, classes):
    for name, pattern in classes.items():
        if re.search(pattern, reason):
            return name
    raise ValueError(
        f"reason is '{reason}', expected one of {', '.join(classes)}"
    )


def operator_of(name, known):
    """The ONNX operator that a node test is about."""
    plain = known.get(re.sub(r"_expanded(_ver\d+)?$", "", name), known[name])
    for case in (plain, known[name]):
        kinds = {node.op_type for node in case.model.graph.node}
        kinds -= {"Constant"}
        if len(kinds) == 1:
            return kinds.pop()
    return case.model.graph.node[-1].op_type


def ir_op_of(case):
    return re.match(r"visir\.(\w+)", case.body)[1]


def op_misses(target, names):
    """{run: reason} of the op cases that a target does not pass."""
    misses = {}
    for run, (_, reason) in read(target.ops).items():
        case, _, rest = run.partition("/")
        if case in names and rest.endswith(target.suffix):
            misses[run] = reason
    return misses


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def share(passed, total):
    return str(total) if passed == total else f"{passed} of {total}"


def by_group(groups, misses):
    """Rows (group, passed of all on each target); groups is {case: group},
    misses has a set of cases for each target."""
    totals = collections.Counter(groups.values())
    for group in sorted(totals):
        lost = [sum(groups[n] == group for n in miss) for miss in misses]
        yield group, *(share(totals[group] - x, totals[group]) for x in lost)


def summary(ops, known, common, own, op_lost):
    imported = len(known) - len(common)
    for target in TARGETS:
        runs = sum(
            applies(case, variant, target.suffix)
            for case in ops.values()
            for variant in VARIANTS
        )
        passed = imported - len(own[target.name])
        lost = len(op_lost[target.name])
        yield (
            target.name,
            target.judged_on,
            share(runs - len(op_lost[target.name]), runs),
            f"{passed} of {imported} ({100 * passed / imported:.1f} %)",
        )


def reason_rows(common, own):
    counts = collections.Counter(class_of(r, REFUSED) for r in common.values())
    for name in REFUSED:
        yield name, MEANINGS[name], "all", counts[name]
    for target in TARGETS:
        counts = collections.Counter(
            class_of(r, OF_TARGET) for r in own[target.name].values()
        )
        for name in OF_TARGET:
            if counts[name]:
                yield name, MEANINGS[name], target.name, counts[name]


def page():
    known, ops = nodes.load(), load_ops()
    common = {n: r for n, (_, r) in read(NODE_LIST).items()}
    own, op_lost = {}, {}
    for target in TARGETS:
        own[target.name] = {n: r for n, (_, r) in read(target.nodes).items()}
        op_lost[target.name] = op_misses(target, ops)
    names = [target.name for target in TARGETS]
    operators = {n: operator_of(n, known) for n in known}
    ir_ops = {n: ir_op_of(case) for n, case in ops.items()}
    node_misses = [{*common, *own[name]} for name in names]
    op_cases = [{r.partition("/")[0] for r in op_lost[n]} for n in names]
    pairs = [
        (target, case, reason)
        for lost in (own, op_lost)
        for target in names
        for case, reason in sorted(lost[target].items())
    ]
    parts = [
        "# What runs on which target\n",
        "Written by `python -m test.e2e.coverage` from the strict lists of the "
        "tests.\n",
        table(
            ("target", "judged on", "runs of op cases", "node tests"),
            summary(ops, known, common, own, op_lost),
        ),
        "## What does not pass, by reason\n",
        f"Of {len(known)} node tests of the onnx package with numeric "
        f"tensors, {len(common)} do not pass on any target.\nThe classes of "
        "reasons are a closed list.\n",
        table(
            ("reason", "meaning", "target", "node tests"),
            reason_rows(common, own),
        ),
        "## Pairs of a case and a target\n",
        table(("target", "case", "reason"), pairs)
        if pairs
        else "No case that another target passes is left out on one.\n",
        "## Op cases by op of the dialect\n",
        table(("op", *names), by_group(ir_ops, op_cases)),
        "## Node tests by ONNX operator\n",
        "Tests of an operator's expansion count as its own.\n",
        table(("operator", *names), by_group(operators, node_misses)),
    ]
    return "\n".join(parts)


def main():
    text = page()
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text)
    print(text.partition("## Op cases")[0])
    print("1 passed, 0 failed, 0 skipped")


if __name__ == "__main__":
    main()
