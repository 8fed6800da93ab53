# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles and runs the exports of models/ and judges the answers.

    python -m test.e2e.models [--all] [--only PATTERN] [--jobs 2]

A model passes when the largest error, relative to the output's largest value,
against PyTorch in float64 is at most max(1e-5, twice ONNX Runtime's); when
ONNX Runtime and the reference interpreter agree with PyTorch; when all runs
with 1, 2 and 4 threads give the same bits; and when no dispatch inside does
nothing but change a layout. expected.txt lists what does
not pass.
"""

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys

from scripts.lib import expectations
from test.e2e.models.exports import find

LIST = pathlib.Path(__file__).with_name("expected.txt")
ROOT = pathlib.Path(__file__).parents[3]
OUTCOMES = ("failed", "unsupported")
LEAST_LIMIT = 1e-5
# The exporters fold batch norms in float32; anything above is another meaning.
REFERENCE_LIMIT = 1e-5
ONNXRUNTIME_LIMIT = 1e-4
MEGABYTES = 4096
# Of the text's last row alone, 2 KB, in front of its residual.
LAYOUT_CHANGES = {"clip_vit_b32_text": 1}
SECONDS = 900


def outcome_of(name, report):
    """(outcome, reason) of a worker's report."""
    if "unsupported" in report:
        return "unsupported", report["unsupported"]
    if "failure" in report:
        return "failed", report["failure"]
    limit = max(LEAST_LIMIT, 2 * report["onnxruntime"])
    checks = [
        (report["error"], limit, "error"),
        (report["onnxruntime"], ONNXRUNTIME_LIMIT, "ONNX Runtime's error"),
        (report.get("reference", 0), REFERENCE_LIMIT, "the reference's error"),
        (report["compile_mb"], MEGABYTES, "megabytes to compile"),
        (
            report["layout_changes"],
            LAYOUT_CHANGES.get(name.partition(".")[0], 0),
            "number of layout changes inside",
        ),
    ]
    for value, most, what in checks:
        if not value <= most:
            return "failed", f"{what} is {value:.3g}, expected <= {most:.3g}"
    if not report["same_bits"]:
        return "failed", "runs differ in their bits"
    return "passed", ""


def run_worker(path, golden, runs, with_reference):
    command = [sys.executable, "-m", "test.e2e.models.worker"]
    command += [str(path), str(golden), str(runs), str(int(with_reference))]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return {"failure": f"takes more than {SECONDS} s"}
    if done.returncode or not done.stdout.strip():
        return {"failure": f"ends with exit code {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def describe(name, report):
    if "compile_s" not in report:
        return f"{name}: not run"
    reference = report.get("reference")
    return (
        f"{name}: compile {report['compile_s']:.1f} s, "
        f"{report['compile_mb']:.0f} MB; artifact "
        f"{report['artifact_mb']:.1f} MB; error {report['error']:.1e}, "
        f"ONNX Runtime {report['onnxruntime']:.1e}"
        + (f", reference {reference:.1e}" if reference is not None else "")
    )


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--exports", type=pathlib.Path, default=ROOT / "build/models"
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="100 runs on each number of threads, not 20",
    )
    parser.add_argument("--only", default="*", help="pattern of names")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-reference", action="store_true")
    parser.add_argument(
        "--update", action="store_true", help="write expected.txt anew"
    )
    return parser.parse_args()


def main():
    arguments = parse()
    found, results = find(arguments.exports, arguments.only)
    runs = 100 if arguments.all else 20
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        waiting = {
            pool.submit(
                run_worker, path, golden, runs, not arguments.no_reference
            ): name
            for name, (path, golden) in found.items()
        }
        for future in concurrent.futures.as_completed(waiting):
            name = waiting[future]
            report = future.result()
            results[name] = outcome_of(name, report)
            print(describe(name, report), flush=True)
    return expectations.conclude(
        LIST, results, OUTCOMES, update=arguments.update
    )


if __name__ == "__main__":
    sys.exit(main())
