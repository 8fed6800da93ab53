# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Committed lists of tests that do not pass, with reasons.

A list has lines '<test> <outcome>: <reason>'. It is strict: a test that does
better than listed fails like one that does worse.
"""

REASON_LENGTH = 120


def read(path, outcomes):
    """{test: outcome} of a list; ValueError for a line without a reason."""
    listed = read_reasons(path, outcomes)
    return {name: outcome for name, (outcome, _) in listed.items()}


def read_reasons(path, outcomes):
    """{test: (outcome, reason)}, likewise."""
    listed = {}
    for line in path.read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        head, _, reason = line.partition(": ")
        name, _, outcome = head.partition(" ")
        if outcome not in outcomes or not reason.strip():
            raise ValueError(f"line of {path.name} is '{line}'")
        listed[name] = outcome, reason
    return listed


def first_line(reason):
    line = next(filter(None, reason.splitlines()), "no reason given")
    return line[:REASON_LENGTH].strip()


def write(path, results):
    """Replaces the entries of a list, keeping the comments at its head."""
    lines = [li for li in path.read_text().splitlines() if li.startswith("#")]
    for name, (outcome, reason) in sorted(results.items()):
        if outcome != "passed":
            lines.append(f"{name} {outcome}: {first_line(reason)}")
    path.write_text("\n".join(lines) + "\n")


def judge(results, listed):
    """{test: what is wrong} for results that the list does not say."""
    problems = {}
    for name, (outcome, reason) in sorted(results.items()):
        expected = listed.get(name, "passed")
        if outcome == expected:
            continue
        if outcome == "passed":
            problems[name] = f"passes, listed as {expected}"
        else:
            text = first_line(reason)
            problems[name] = f"{outcome}, expected {expected}: {text}"
    return problems


def finish(results, problems, left_out=0):
    """Prints the problems and the counts of a stage; returns its exit code.

    An expected failure counts as skipped, like those that were left out.
    Problems may be of tests that are not among the results."""
    for name, problem in problems.items():
        print(f"{name}: {problem}")
    excused = sum(
        outcome != "passed" and name not in problems
        for name, (outcome, _) in results.items()
    )
    passed = sum(
        outcome == "passed" and name not in problems
        for name, (outcome, _) in results.items()
    )
    print(f"{passed} passed, {len(problems)} failed, {excused + left_out} skipped")
    return 1 if problems or not passed else 0


def conclude(path, results, outcomes, *, reasons=False, update=False):
    """Judges the results by the list at `path` and returns the exit code.

    `reasons` prints every test that did not pass, `update` writes the list anew
    before that; the list admits `outcomes`."""
    if reasons:
        for name, (outcome, reason) in results.items():
            if outcome != "passed":
                print(f"{name} {outcome}: {reason}")
    if update:
        write(path, results)
    return finish(results, judge(results, read(path, outcomes)))
