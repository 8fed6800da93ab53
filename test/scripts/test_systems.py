# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of systems, and what scripts/systems makes of figures."""

import pathlib

import pytest

from models.rest.config import VARIANTS
from scripts.lib.systems import __main__ as systems
from scripts.lib.systems import agreement, page, recognition, speed, table

ROOT = pathlib.Path(__file__).parents[2]
GOOD = {"compile_s": 1.25, "error": 3e-7, "same_bits": True, "ms": 0.5}


def row(engine, ms, error=1e-6):
    return {"engine": engine, "version": "1", "ms": ms, "error": error}


def result(model, own, other, threads=1, error=1e-6):
    rows = [row("visir", own, error), row("mnn", other), row("x", 0.1, 1)]
    return {"model": model, "threads": threads, "rows": rows}


def test_every_system_has_models_and_a_page():
    names = [system.name for system in table.SYSTEMS]
    assert len(set(names)) == len(names) == 11
    for system in table.SYSTEMS:
        assert system.small and system.timed
        assert (ROOT / "docs/generated" / system.page).resolve().exists()
        for model in filter(table.is_captioner, system.small + system.timed):
            assert table.variant(model) in VARIANTS


def test_select():
    assert table.select("all") == table.SYSTEMS
    assert [s.name for s in table.select("rest,gsf")] == ["rest", "gsf"]
    assert table.select("all,-edgevit") == table.SYSTEMS[1:]
    with pytest.raises(ValueError, match="system is gfs, expected one of edg"):
        table.select("gfs")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--systems", "gfs"], "system is gfs, expected one of edgevit"),
        (["--targets", "arm"], "target is arm, expected one of x86"),
        (["--targets", "none"], "targets are none, expected some without"),
    ],
)
def test_what_is_refused(words, text, capsys):
    with pytest.raises(SystemExit):
        systems.parse(words)
    assert text in capsys.readouterr().err


@pytest.mark.parametrize(
    ("report", "outcome", "reason"),
    [
        (GOOD, "passed", ""),
        ({**GOOD, "error": 1e-3}, "failed", "error is 0.001, expected <="),
        ({**GOOD, "error": float("nan")}, "failed", "error is nan"),
        ({**GOOD, "same_bits": False}, "failed", "runs differ in their bits"),
        ({"unsupported": "op X"}, "unsupported", "op X"),
        ({**GOOD, "failure": "hazard"}, "failed", "hazard"),
    ],
)
def test_outcomes(report, outcome, reason):
    found = agreement.outcome_of(report)
    assert found[0] == outcome
    assert found[1].startswith(reason)


@pytest.mark.parametrize(
    ("report", "text"),
    [
        (GOOD, "1.2 s / 3e-07 / 0.50 ms"),
        ({**GOOD, "same_bits": False}, "1.2 s / 3e-07 **wrong** / 0.50 ms"),
        ({"compile_s": 2, "failure": "?"}, "2.0 s / does not run"),
        ({"unsupported": "?"}, "does not compile"),
    ],
)
def test_cells(report, text):
    assert page.cell(report) == text


def test_amounts():
    assert page.amount({"instructions": 2_500_000}) == "2.5 M instructions"
    assert page.amount({}) == "–"


def test_numbers_of_systems():
    """Wrong engines do not count, and no ratio counts as more than four."""
    assert speed.number_of([result("a", 1, 3)]) == pytest.approx(3)
    assert speed.number_of([result("a", 1, 9)]) == 4
    both = [result("a", 1, 9), result("b", 1, 1)]
    assert speed.number_of(both) == pytest.approx(2)
    assert speed.number_of([*both, result("c", 1, 2, error=1)]) is None
    assert speed.number_of([]) is None


def test_verdict():
    assert speed.verdict([2, 2]) == (2, 2, True)
    assert speed.verdict([4, 0.9])[1:] == (0.9, False)
    assert speed.verdict([1.5, 1.6])[2] is False
    assert speed.verdict([4, None]) == (4, 4, False)
    assert speed.verdict([None]) == (None, None, False)


def test_captions_take_the_faster_way_of_the_other_engine():
    figures = {
        "medians": {
            "visir": [30, 70],
            "ort values": [50, 90],
            "ort arrays": [50, 80],
        }
    }
    made = speed.captions_result("captions:small", 2, figures)
    assert speed.fastest_other(made)["ms"] == 130
    assert speed.number_of([made]) == pytest.approx(1.3)


def test_page():
    chosen = table.select("gsf,rest")
    reports = {
        (system.name, model, "x86"): GOOD
        for system in chosen
        for model in system.small
    }
    reports["rest", "captions:small", "x86"] = {"unsupported": "states\nmore"}
    results = {
        "gsf": [result("g", 1, 9), result("h", 1, 1)],
        "rest": [result("r", 1, 2)],
    }
    text = page.write(
        "a machine", chosen, ("x86",), reports, ["| lines |"], results
    )
    assert "On a machine." in text
    assert "| lines |" in text
    assert "| [GSF](../systems/gsf.md) | `gsf_small` | 1.2 s / 3e-07" in text
    assert "|  | `gsm_small` | 1.2 s" in text
    assert "- `captions:small/x86` unsupported: states\n" in text
    assert "| GSF | `g` | 1.00 | 9.00 (mnn) | 9.00 | 4.00 |" in text
    assert "| GSF | geometric mean |  |  |  | **2.00** |" in text
    assert (
        "Of 2 systems, each model counted at no more than 4: geometric mean "
        "2.00 (bar 1.70), least 2.00 (bar 1.00): met." in text
    )
    assert "Speed" not in page.write(
        "m", chosen, ("x86",), reports, [], None
    )


def test_row_of_recognition():
    before = {"ops": 9, "tensor_passes": 20, "megabytes": 2, "million_macs": 5}
    after = {
        "ops": 2, "tensor_passes": 5, "megabytes": 0.5, "million_macs": 1,
        "million_sign_products": 4,
    }  # fmt: skip
    report = {
        "entries": [{"before": before, "after": after}],
        "recognised": [
            {"text": "gelu", "places": ["a"]},
            {"text": "attention", "places": ["b", "c"]},
        ],
    }
    assert recognition.row("m", report) == [
        "`m`",
        "9 → 2",
        "20 → 5",
        "2.00 → 0.50",
        "5.00 → 1.00 and 4.00 of signs",
        "attention (2), gelu (1)",
    ]
    report["recognised"] = []
    after["million_sign_products"] = 0
    assert recognition.row("m", report)[-2:] == ["5.00 → 1.00", ""]


def test_what_cannot_be_inspected_is_told(tmp_path):
    with pytest.raises(RuntimeError, match="error: "):
        recognition.inspect(tmp_path / "none.onnx")
