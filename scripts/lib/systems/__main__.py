# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes docs/generated/systems.md: what each published system does on each
target, and with --bench its time beside other engines.

Small models of each system are exported, compiled for x86, aarch64 (run by
qemu), Vulkan (by Mesa's lavapipe) and CUDA (run on a stand-in for a GPU), and
judged by PyTorch in float64. What does not pass must stand in expected.txt.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

from scripts.lib import expectations
from scripts.lib.engines.__main__ import machine
from scripts.lib.systems import agreement, page, recognition, speed, table
from scripts.lib.systems.worker import TARGETS

LIST = pathlib.Path(__file__).with_name("expected.txt")
ROOT = pathlib.Path(__file__).parents[3]
BUILD = pathlib.Path(os.environ.get("VISIR_BUILD", ROOT / "build"))
NONE = "none"


def run(*command, **more):
    subprocess.run([*map(str, command)], cwd=ROOT, check=True, **more)


def export(models, exporter, folder, jobs):
    """Makes the exports that are missing, by PyTorch's environment."""
    python = ROOT / ".venv-torch/bin/python"
    plain = [m for m in models if not table.is_captioner(m)]
    if plain:
        run(
            *(python, "-m", "models.export", "--model", ",".join(plain)),
            *("--exporter", exporter, "--out", folder, "--jobs", jobs),
        )
    for model in filter(table.is_captioner, models):
        out = folder / f"rest_{table.variant(model)}"
        if not (out / f"encode.{exporter}.onnx").exists():
            run(
                *(python, "-m", "models.rest.export", "--out", out),
                *("--variant", table.variant(model), "--exporter", exporter),
                *("--clips", "1"),
            )


def prepare(arguments, systems, targets):
    """Installs what targets need, builds the board's tool, exports models."""
    setup = ["--torch"]
    setup += ["--aarch64"] * ("aarch64" in targets)
    setup += ["--vulkan"] * ("vulkan" in targets)
    setup += ["--engines"] * arguments.bench
    run("scripts/setup", *setup)
    if "aarch64" in targets:
        board = BUILD / "arm64"
        quiet = {"stdout": subprocess.DEVNULL}
        run("cmake", "--preset", "cross-arm64", "-B", board, **quiet)
        run("cmake", "--build", board, "-j", arguments.jobs, **quiet)
    models = [m for s in systems for m in s.small] if targets else []
    if arguments.bench:
        models += [m for s in systems for m in s.timed]
    models = list(dict.fromkeys(models))
    export(models, arguments.exporter, arguments.exports, arguments.jobs)


def parse_systems(text):
    try:
        return table.select(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(error) from error


def parse_targets(text):
    names = () if text == NONE else tuple(text.split(","))
    for name in names:
        if name not in TARGETS:
            raise argparse.ArgumentTypeError(
                f"target is {name}, expected one of {', '.join(TARGETS)}, none"
            )
    return names


def parse(words=None):
    parser = argparse.ArgumentParser(
        prog="scripts/systems", description=__doc__.partition("\n\n")[0]
    )
    parser.add_argument(
        "--systems",
        type=parse_systems,
        default="all",
        help="names, separated by commas; all,-NAME leaves one out: "
        + ", ".join(system.name for system in table.SYSTEMS),
    )
    parser.add_argument(
        "--targets",
        type=parse_targets,
        default=",".join(TARGETS),
        help=f"some of {','.join(TARGETS)} (all), or none with --bench",
    )
    parser.add_argument(
        "--bench",
        action="store_true",
        help="time the models of published size beside other engines",
    )
    parser.add_argument(
        "--engines", default="visir,onnxruntime,openvino,mnn,ncnn"
    )
    parser.add_argument("--threads", default="1,2", help="of --bench")
    parser.add_argument("--rounds", type=int, default=5, help="of --bench")
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="of an engine in a round"
    )
    parser.add_argument("--exporter", default="torchscript")
    parser.add_argument(
        "--exports", type=pathlib.Path, default=BUILD / "models"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--no-setup",
        action="store_true",
        help="install, build and export nothing",
    )
    parser.add_argument(
        "--out", type=pathlib.Path, default=ROOT / "docs/generated/systems.md"
    )
    parser.add_argument("--json", type=pathlib.Path, help="write all figures")
    parser.add_argument(
        "--update", action="store_true", help="write expected.txt anew"
    )
    arguments = parser.parse_args(words)
    if not arguments.targets and not arguments.bench:
        parser.error("targets are none, expected some without --bench")
    return arguments


def write_json(path, reports, results):
    rows = [
        {"system": system, "model": model, "target": target, **report}
        for (system, model, target), report in reports.items()
    ]
    path.write_text(
        json.dumps({"machine": machine(), "rows": rows, "speed": results}, indent=1)
    )


def judge(reports, update):
    """The exit code by expected.txt, of what was run."""
    outcomes = agreement.results_of(reports)
    if update:
        expectations.write(LIST, outcomes)
    listed = expectations.read(LIST, agreement.OUTCOMES)
    return expectations.finish(outcomes, expectations.judge(outcomes, listed))


def main():
    arguments = parse()
    systems, targets = arguments.systems, arguments.targets
    if not arguments.no_setup:
        prepare(arguments, systems, targets)
    reports = agreement.measure(
        systems, targets, arguments.exports, arguments.exporter, arguments.jobs
    )
    recognised = (
        recognition.section(systems, arguments.exports, arguments.exporter)
        if targets
        else []
    )
    results = speed.measure(systems, arguments) if arguments.bench else None
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(
        page.write(machine(), systems, targets, reports, recognised, results)
    )
    if arguments.json:
        write_json(arguments.json, reports, results)
    print(f"wrote {arguments.out}")
    return judge(reports, arguments.update) if targets else 0


if __name__ == "__main__":
    sys.exit(main())
