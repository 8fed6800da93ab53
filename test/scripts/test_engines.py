# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The figures that scripts/compare-engines draws from measured times."""

import xml.etree.ElementTree as xml

import pytest

from scripts.lib.engines import __main__ as engines
from scripts.lib.engines import bars, chart, summary


def row(engine, ms, error=1e-6):
    return {"engine": engine, "version": "1", "ms": ms, "error": error}


RESULTS = [
    {
        "model": "a<b",
        "threads": 1,
        "rows": [
            row("visir", 10.0),
            row("onnxruntime", 15.0),
            row("mnn", 5.0, error=1e-2),
            {"engine": "ncnn", "version": "", "refused": "no such layer"},
        ],
    },
    {
        "model": "c",
        "threads": 1,
        "rows": [row("visir", 4.0), row("onnxruntime", 2.4), row("mnn", 8.0)],
    },
]


def test_wrong_and_refusing_engines_do_not_count():
    assert summary.ratio_to_best(RESULTS[0]) == pytest.approx(1.5)
    assert summary.ratio_to_best(RESULTS[1]) == pytest.approx(0.6)
    mean, count = summary.mean(map(summary.ratio_to_best, RESULTS))
    assert (mean, count) == (pytest.approx((1.5 * 0.6) ** 0.5), 2)


def test_no_ratio_where_visir_is_wrong():
    rows = [row("visir", 1.0, error=0.5), row("mnn", 2.0)]
    result = {"model": "d", "threads": 2, "rows": rows}
    assert summary.ratio_to_best(result) is None
    text = summary.markdown([result])
    assert "| d | 1.00 | 5e-01 | wrong | **** |  | 1.00 | 1.00 | short |" in text


def test_table():
    lines = summary.markdown(RESULTS).splitlines()
    assert lines[0] == "1 thread:"
    assert lines[4] == (
        "| a<b | 10.00 | 1e-06 | 1.50 | wrong | fails | **1.50** "
        "| 1.50 | 1.00 | 1.00 | goal |"
    )
    assert lines[5] == (
        "| c | 4.00 | 1e-06 | 0.60 | 2.00 |  | **0.60** "
        "| 0.60 | 1.00 | 1.00 | short |"
    )
    assert lines[6] == (
        "| geometric mean |  |  | 0.95 | 2.00 |  | **0.95** "
        "| 0.95 | 1.25 | 1.32 | short |"
    )


def result_of(model, threads, visir, other, **more):
    rows = [row("visir", visir), row("openvino", other)]
    return {"model": model, "threads": threads, "rows": rows, **more}


def test_bars():
    assert bars.bar_of(result_of("resnet18", 1, 1, 1)) == (1.3, 1.4)
    named = result_of("resnet18 (torchscript)", 1, 1, 1)
    assert bars.bar_of(named) == (1.3, 1.4)
    assert bars.bar_of(result_of("resnet18", 2, 1, 1)) == (1, 1)
    assert bars.bar_of(result_of("slow_r50", 1, 1, 1)) == (1.4, 1.5)
    assert bars.bar_of(result_of("slow_r50", 2, 1, 1)) == (1, 1)
    narrow = result_of("resnet18", 1, 1, 1, target="x86-64-v3")
    assert bars.bar_of(narrow) == (1, 1)
    assert bars.bar_of_mean(narrow) == (1.2, 1.2)
    assert bars.bar_of_mean(result_of("fan4", 2, 1, 1)) == (1.4, 1.5)
    for ratio, expected in (
        (None, "short"),
        (1.27, "short"),
        (1.28, "met"),
        (1.38, "goal"),
    ):
        assert bars.verdict(ratio, (1.3, 1.4)) == expected


def test_the_least_run_is_judged():
    runs = [result_of("resnet18", 1, 10, ms) for ms in (14, 12, 13.5)]
    result = summary.combine(runs)
    assert result["run_ratios"] == pytest.approx([1.4, 1.2, 1.35])
    assert summary.least_ratio(result) == pytest.approx(1.2)
    assert summary.row_of(result, "openvino")["ms"] == 13.5
    assert "| **1.35** | 1.20 | 1.30 | 1.40 | short |" in (
        summary.markdown([result])
    )
    runs[1]["rows"][0]["error"] = 1
    result = summary.combine(runs)
    assert summary.least_ratio(result) is None
    assert not summary.is_right(summary.row_of(result, "visir"))


def test_an_engine_that_fails_in_one_run_fails():
    runs = [result_of("c", 1, 10, 14) for _ in range(2)]
    runs[1]["rows"][1] = {"engine": "openvino", "refused": "no memory"}
    row = summary.row_of(summary.combine(runs), "openvino")
    assert row["refused"] == "no memory" and "ms" not in row


def test_scaling():
    results = [
        result_of("c", 1, 10, 14),
        result_of("c", 2, 5.5, 7),
        result_of("d", 1, 10, 14),
    ]
    assert summary.scaling(results) == {"c": pytest.approx(10 / 5.5)}
    assert "| c | 1.82 |" in summary.markdown(results)


def test_chart_is_well_formed_and_in_proportion():
    root = xml.fromstring(chart.draw(RESULTS, "a & b"))
    space = "{http://www.w3.org/2000/svg}"
    texts = [e.text for e in root.iter(f"{space}text")]
    assert "a & b" in texts and "a<b" in texts and "5.00 ms" not in texts
    bars = [
        float(e.get("width"))
        for e in root.iter(f"{space}rect")
        if e.get("height") == f"{chart.BAR:.1f}"
    ]
    # visir, onnxruntime; visir, onnxruntime, mnn
    assert bars[1] / bars[0] == pytest.approx(10 / 15, abs=1e-3)
    assert bars[3] / bars[2] == pytest.approx(4 / 2.4, abs=1e-3)
    assert bars[4] / bars[2] == pytest.approx(4 / 8, abs=1e-3)


def test_environment_belongs_to_one_engine():
    words = ["--models", "a", "--target", "x86-64-v3"]
    words += ["--environment", "openvino:ONEDNN_MAX_CPU_ISA=AVX2"]
    words += ["--environment", "visir:A=b=c"]
    arguments = engines.parse(words)
    assert arguments.target == "x86-64-v3"
    assert arguments.environment == [
        ("openvino", "ONEDNN_MAX_CPU_ISA", "AVX2"),
        ("visir", "A", "b=c"),
    ]


@pytest.mark.parametrize("text", ["A=1", "tvm:A=1", "visir:A", "visir:=1"])
def test_environment_of_another_form_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        engines.parse(["--models", "a", "--environment", text])
    wanted = f"environment is '{text}', expected ENGINE:NAME=VALUE"
    assert wanted in capsys.readouterr().err


def test_engines_far_behind_are_asked_once():
    assert not engines.is_hopeless([], 0.1)
    assert not engines.is_hopeless([0.9, 2.0], 0.1)
    assert engines.is_hopeless([1.1], 0.1)
