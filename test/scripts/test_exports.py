# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports that are not there must not pass for judged ones."""

import pytest

from test.e2e.models.exports import find


@pytest.fixture
def folder(tmp_path):
    for name in ("a.npz", "a.dynamo.onnx", "b.torchscript.onnx", "c.npz"):
        (tmp_path / name).touch()
    return tmp_path


def test_finds_exports_with_golden_answers(folder):
    found, missing = find(folder, "*")
    assert found == {"a.dynamo": (folder / "a.dynamo.onnx", folder / "a.npz")}
    assert missing == {}


def test_a_pattern_without_export_is_a_failed_test(folder):
    found, missing = find(folder, "a.*,b.*")
    assert list(found) == ["a.dynamo"]
    assert list(missing) == ["models/b.*"]
    assert missing["models/b.*"][0] == "failed"


def test_no_models_are_wanted(folder):
    assert find(folder, "none") == ({}, {})
