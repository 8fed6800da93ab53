# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""scripts/test, with stages of its own."""

import pathlib
import shutil
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts" / "test"


@pytest.fixture
def run(tmp_path):
    """Runs a copy of the script with the stages {name: shell text}."""
    stages = tmp_path / "scripts" / "stages"
    stages.mkdir(parents=True)
    script = shutil.copy(SCRIPT, tmp_path / "scripts" / "test")

    def run_stages(*options, **texts):
        for index, (name, text) in enumerate(texts.items(), 10):
            path = stages / f"{index}-{name}"
            path.write_text(f"#!/bin/bash\n{text}\n")
            path.chmod(0o755)
        command = [script, "--no-setup", *options]
        env = {"PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, capture_output=True, text=True, env=env)
        return done.returncode, done.stdout.splitlines()

    return run_stages


def test_adds_the_counts(run):
    code, lines = run(
        a="echo 2 passed, 0 failed, 1 skipped",
        b="echo 3 passed, 0 failed, 0 skipped",
    )
    assert (code, lines[-1]) == (0, "5 passed, 0 failed, 1 skipped")


def test_goes_on_after_a_failure(run):
    code, lines = run(
        a="echo 2 passed, 3 failed, 0 skipped; exit 1",
        b="echo 3 passed, 0 failed, 0 skipped",
    )
    assert (code, lines[-1]) == (1, "5 passed, 3 failed, 0 skipped")


def test_a_stage_without_a_count_fails(run):
    code, lines = run(a="true", b="echo 1 passed, 0 failed, 0 skipped")
    assert (code, lines[-1]) == (1, "1 passed, 1 failed, 0 skipped")
    assert "a ended without a count (exit code 0)" in lines


def test_an_exit_code_counts(run):
    code, lines = run(a="echo 1 passed, 0 failed, 0 skipped; exit 3")
    assert (code, lines[-1]) == (1, "1 passed, 1 failed, 0 skipped")
    assert "a ended with exit code 3" in lines


def test_runs_only_what_is_asked(run):
    line = "echo 1 passed, 0 failed, 0 skipped"
    code, lines = run("--only", "a,c", a=line, b="exit 1", c=line)
    assert (code, lines[-1]) == (0, "2 passed, 0 failed, 0 skipped")


def test_no_test_is_no_success(run):
    code, lines = run("--only", "none", a="exit 1")
    assert (code, lines[-1]) == (1, "0 passed, 0 failed, 0 skipped")


def test_tells_the_stages_about_all(run):
    text = "echo $VISIR_TEST_ALL passed, 0 failed, 0 skipped"
    assert run("--all", a=text)[1][-1] == "1 passed, 0 failed, 0 skipped"
