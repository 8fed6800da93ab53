# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import xml.etree.ElementTree as ElementTree

import pytest

from scripts.lib import count, expectations

REPORT = """
<testsuite>
  <testcase classname="a" name="one"/>
  <testcase classname="a" name="two"><failure/></testcase>
  <testcase classname="a" name="three"><skipped/></testcase>
  <testcase classname="b" name="four"><skipped/></testcase>
  <testcase classname="b" name="five" status="fail"/>
  <testcase classname="b" name="six" status="notrun"/>
</testsuite>
"""


def test_unlisted_skips_fail():
    patterns = count.listed_skips("# why\na.*: needs a GPU\n")
    counts, notes = count.count(ElementTree.fromstring(REPORT), patterns)
    assert counts == {"passed": 1, "failed": 4, "skipped": 1}
    assert "skipped, but not listed in test/skips.txt: b.four" in notes


def test_skips_need_a_reason():
    with pytest.raises(ValueError, match="skip has no reason"):
        count.listed_skips("a.*:\n")


@pytest.fixture
def listed(tmp_path):
    path = tmp_path / "expected.txt"
    path.write_text("# head\nslow failed: it is slow\n")
    return path


def test_lists_are_strict(listed):
    expected = expectations.read(listed, ("failed", "unsupported"))
    results = {
        "slow": ("passed", ""),
        "new": ("unsupported", "no\nsuch operator"),
        "good": ("passed", ""),
    }
    assert expectations.judge(results, expected) == {
        "slow": "passes, listed as failed",
        "new": "unsupported, expected passed: no",
    }
    assert expectations.judge({"slow": ("failed", "x")}, expected) == {}


def test_lists_can_be_written(listed):
    results = {"b": ("failed", "first\nsecond"), "a": ("passed", "")}
    expectations.write(listed, results)
    assert listed.read_text() == "# head\nb failed: first\n"


def test_lists_need_reasons(listed):
    listed.write_text("slow failed:\n")
    with pytest.raises(ValueError, match="line of expected.txt is"):
        expectations.read(listed, ("failed",))


def test_conclusions_tell_reasons_and_update(listed, capsys):
    results = {"a": ("passed", ""), "b": ("failed", "first")}
    outcomes = ("failed",)
    assert expectations.conclude(listed, results, outcomes, reasons=True) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "b failed: first"
    assert lines[-1] == "1 passed, 1 failed, 0 skipped"
    assert expectations.conclude(listed, results, outcomes, update=True) == 0
    assert listed.read_text() == "# head\nb failed: first\n"


def test_counts_of_a_stage(capsys):
    results = {"a": ("passed", ""), "b": ("failed", "x"), "c": ("passed", "")}
    assert expectations.finish(results, {"c": "passes, listed as failed"}) == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        "1 passed, 1 failed, 1 skipped"
    )
    assert expectations.finish({}, {}) == 1
