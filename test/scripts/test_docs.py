# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The documents that scripts/docs makes."""

import json

import pytest

from scripts.lib import docs


@pytest.fixture(scope="module")
def made():
    return docs.documents()


def test_nothing_is_undescribed(made):
    assert list(docs.problems(made)) == []


def test_every_operator_has_a_row(made):
    rows = json.loads(docs.output_of(docs.tool(), "ops", "--json"))
    assert len(rows["operators"]) > 150
    for row in rows["operators"]:
        line = f"| {row['op']} | {row['first_opset']} |"
        assert line in made["onnx-operators.md"].splitlines()


def test_every_dialect_has_its_operations(made):
    assert "### `visir.dispatch`" in made["visir-dialect.md"]
    assert "### `visir_exec." in made["visir-exec-dialect.md"]
    assert "### `-visir-" in made["passes.md"]


def test_every_command_tells_its_exit_codes(made):
    for name in docs.COMMANDS:
        part = made["commands.md"].split(f"## visir {name}\n")[1]
        assert "64 wrong command line" in part.split("\n## ")[0], name


def test_finds_what_is_not_described():
    text = "### `a.b` (::B)\n\n_Sums up_\n\n### `a.c` (::C)\n\nSyntax:\n"
    assert list(docs.undescribed(text)) == ["a.c"]


def test_writes_the_folder(tmp_path, capsys):
    assert docs.main([str(tmp_path)]) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {*docs.TABLES, "onnx-operators.md", "commands.md"}
    assert str(tmp_path / "passes.md") in capsys.readouterr().out
