# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the onnx package's node tests and judges them by the committed list.

    python -m test.onnx_node [--engine visir] [--jobs 2] [--only PATTERN]

expected.txt lists every case that does not pass, as
'<case> <failed|unsupported>: <reason>'. A case that does worse, or better,
than listed fails. --update writes the list anew. Code for
aarch64 is judged by the same list, the reference by this list and what
reference.txt adds to it; other engines are not judged.
"""

import argparse
import collections
import fnmatch
import json
import pathlib
import selectors
import subprocess
import sys
import threading

from scripts.lib import expectations
from test.onnx_node import cases
from test.onnx_node.engines import ENGINES

LIST = pathlib.Path(__file__).with_name("expected.txt")
JUDGED_BY = {
    "visir": [LIST],
    "aarch64": [LIST],
    "reference": [LIST, LIST.with_name("reference.txt")],
}
ROOT = pathlib.Path(__file__).parents[2]
SECONDS_PER_CASE = 60
OUTCOMES = ("passed", "failed", "unsupported")


class Worker:
    """A process that runs one case at a time and may be replaced."""

    def __init__(self, engine):
        self.engine = engine
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "test.onnx_node.worker", self.engine],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        if self.process.stdout.readline() != '"ready"\n':
            raise RuntimeError("worker of the node tests does not start")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def run(self, name):
        """Returns [outcome, reason] of a case."""
        if self.process is None:
            self.start()
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            ready = selector.select(SECONDS_PER_CASE)
        answer = self.process.stdout.readline() if ready else ""
        if answer:
            return json.loads(answer)
        code = self.process.poll() if ready else None
        self.stop()
        if not ready:
            return ["failed", f"takes more than {SECONDS_PER_CASE} s"]
        return ["failed", f"ends the process with exit code {code}"]


def run_all(names, engine, jobs):
    """{name: (outcome, reason)}, by as many workers as jobs says."""
    waiting = collections.deque(names)
    results = {}

    def work():
        worker = Worker(engine)
        while True:
            try:
                name = waiting.popleft()
            except IndexError:
                break
            results[name] = tuple(worker.run(name))
        worker.stop()

    threads = [threading.Thread(target=work) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


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


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--engine", choices=ENGINES, default="visir")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="*", help="pattern of case names")
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
    names = [n for n in known if fnmatch.fnmatchcase(n, arguments.only)]
    results = run_all(names, arguments.engine, arguments.jobs)
    print_counts(results, known)
    if arguments.reasons:
        for name, (outcome, reason) in sorted(results.items()):
            if outcome != "passed":
                text = expectations.first_line(reason)
                print(f"{name} {outcome}: {text}")
    if arguments.update and arguments.engine == "visir":
        expectations.write(LIST, results)
    if arguments.engine not in JUDGED_BY:
        return 0
    listed = {}
    for path in JUDGED_BY[arguments.engine]:
        listed.update(expectations.read(path, OUTCOMES[1:]))
    problems = expectations.judge(results, listed)
    if len(known) != cases.NUMERIC_CASES:
        problems["the list of cases"] = (
            f"has {len(known)} cases, expected {cases.NUMERIC_CASES}"
        )
    for name in sorted(set(listed) - set(known)):
        problems[name] = "is listed, but no case has this name"
    return expectations.finish(results, problems)


if __name__ == "__main__":
    sys.exit(main())
