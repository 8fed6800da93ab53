# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What tests of models that are exported twice share."""


def judge(name, exporters, check):
    """Prints a line for each exporter, whose largest error `check` returns, and
    the counts; returns an exit code."""
    passed = failed = 0
    for exporter in exporters:
        try:
            worst = check(exporter)
        except (AssertionError, RuntimeError) as problem:
            print(f"{name}.{exporter}: failed: {problem}")
            failed += 1
            continue
        print(f"{name}.{exporter}: largest error {worst:.3g}")
        passed += 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0
