# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What docs/generated/coverage.md is made of."""

import pytest

from test.e2e import coverage


def test_reasons_are_a_closed_list():
    reason = "driver: leaves a loop too early"
    assert coverage.class_of(reason, coverage.OF_TARGET) == "driver"
    with pytest.raises(ValueError, match="reason is 'not implemented'"):
        coverage.class_of("not implemented", coverage.OF_TARGET)


def test_cases_that_do_not_pass_are_taken_off():
    groups = {"add_f32": "add", "add_f64": "add", "conv": "conv"}
    rows = list(coverage.by_group(groups, [set(), {"add_f64"}]))
    assert rows == [("add", "2", "1 of 2"), ("conv", "1", "1")]
