# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from scripts.lib import coverage


def export(**branches):
    files = [
        {
            "filename": str(coverage.ROOT / name.replace("_", "/")),
            "summary": {"branches": {"covered": taken, "count": count}},
        }
        for name, (taken, count) in branches.items()
    ]
    return {"data": [{"files": files}]}


def test_files_below_the_least_share():
    found = coverage.shares(export(a_one=(9, 10), a_two=(8, 10), b_one=(0, 9)))
    assert found == {"a/one": (9, 10), "a/two": (8, 10), "b/one": (0, 9)}
    assert coverage.judge(found, "a/*", 90) == (["a/one", "a/two"], ["a/two"])


def test_file_without_branches_is_covered():
    found = coverage.shares(export(a_one=(0, 0)))
    assert coverage.judge(found, "a/*", 90) == (["a/one"], [])
