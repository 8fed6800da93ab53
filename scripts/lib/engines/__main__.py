# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares engines on models of models/, or on any ONNX file with a golden.

Each engine runs in a process of its own, pinned to the same cores; rounds are
interleaved, and an engine that is not running is stopped. In each round the
least time of a run counts; the median of these over the rounds is reported,
with its ratio to the fastest engine whose answers are right.
"""

import argparse
import hashlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile

import numpy

ROOT = pathlib.Path(__file__).parents[3]
ENGINES = ("visir", "onnxruntime", "openvino", "ncnn", "mnn")
# Larger errors, relative to the output's largest value, are wrong answers.
RIGHT = 1e-4


def interpreter(engine):
    own = ROOT / (".venv" if engine == "visir" else ".venv-engines")
    return str(own / "bin/python")


class Worker:
    """The process of one engine; stopped except while it is asked."""

    def __init__(self, engine, model, golden, threads, cache):
        folder = cache / engine
        folder.mkdir(parents=True, exist_ok=True)
        cores = sorted(os.sched_getaffinity(0))[:threads]
        path = f"{ROOT}:{ROOT / 'bindings/python'}"
        self.engine = engine
        self.process = subprocess.Popen(
            [
                interpreter(engine),
                *("-m", "scripts.lib.engines.worker"),
                *(engine, str(model), str(golden), str(threads), str(folder)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        hello = self.read()
        self.version = hello.get("version", "")
        self.error = hello.get("error")
        if not self.error:
            self.process.send_signal(signal.SIGSTOP)

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            return {"error": f"ends with exit code {code}"}
        return json.loads(line)

    def ask(self, text):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        answer = self.read()
        self.process.send_signal(signal.SIGSTOP)
        return answer

    def close(self):
        self.process.kill()
        self.process.wait()


def largest_error(worker, golden):
    """Of all outputs, relative to the output's largest value."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "outputs.npz")
        worker.ask(f"save {path}")
        with numpy.load(path) as arrays:
            results = [arrays[f"arr_{i}"] for i in range(len(arrays.files))]
    with numpy.load(golden) as arrays:
        wanted = [arrays[n] for n in arrays.files if n.startswith("out:")]
    worst = 0.0
    for actual, expected in zip(results, wanted, strict=True):
        actual = actual.reshape(expected.shape)
        difference = numpy.abs(actual - expected).max()
        worst = max(worst, float(difference / numpy.abs(expected).max()))
    return worst


def compare(model, golden, threads, arguments):
    """Rows {engine, ms, ratio, error, ...} for one model."""
    digest = hashlib.sha256(model.read_bytes()).hexdigest()[:16]
    cache = arguments.cache / f"{model.stem}-{digest}"
    workers, rows = [], []
    for engine in arguments.engines:
        worker = Worker(engine, model, golden, threads, cache)
        row = {"engine": engine, "version": worker.version}
        rows.append(row)
        if worker.error:
            row["refused"] = worker.error
            worker.close()
        else:
            workers.append((worker, row, []))
    for _ in range(arguments.rounds):
        for worker, row, times in workers:
            answer = worker.ask(f"run {arguments.seconds}")
            times.append(answer.get("seconds", float("nan")))
    for worker, row, times in workers:
        row["ms"] = 1e3 * statistics.median(times)
        row["rounds_ms"] = [1e3 * t for t in times]
        row["error"] = largest_error(worker, golden)
        worker.close()
    right = [r["ms"] for r in rows if r.get("error", 1) <= RIGHT]
    for row in rows:
        if "ms" in row and right:
            row["ratio"] = row["ms"] / min(right)
    return rows


def print_rows(name, threads, rows):
    print(f"\n{name}, {threads} thread{'s' if threads > 1 else ''}")
    for row in rows:
        title = f"  {row['engine']} {row['version']}"
        if "refused" in row:
            print(f"{title:28} refused: {row['refused'][:90]}")
            continue
        wrong = "" if row["error"] <= RIGHT else "  WRONG"
        print(
            f"{title:28} {row['ms']:10.3f} ms  {row.get('ratio', 0):6.2f}x"
            f"  error {row['error']:.1e}{wrong}"
        )


def geometric_means(results):
    """Mean ratios to each engine over the models that both run rightly."""
    means = {}
    for engine in ENGINES:
        ratios = []
        for result in results:
            rows = {r["engine"]: r for r in result["rows"] if "ms" in r}
            pair = [rows.get("visir"), rows.get(engine)]
            if engine != "visir" and all(
                r and r["error"] <= RIGHT for r in pair
            ):
                ratios.append(pair[1]["ms"] / pair[0]["ms"])
        if ratios:
            means[engine] = statistics.geometric_mean(ratios), len(ratios)
    return means


def find_models(arguments):
    """(name, model path, golden path) of what was asked for."""
    for name in arguments.models:
        path = pathlib.Path(name)
        if path.suffix == ".onnx":
            yield (
                path.stem,
                path,
                path.with_name(path.stem.split(".")[0] + ".npz"),
            )
            continue
        folder = arguments.exports
        for exporter in arguments.exporter.split(","):
            yield (
                f"{name} ({exporter})",
                folder / f"{name}.{exporter}.onnx",
                folder / f"{name}.npz",
            )


def split(text):
    return text.split(",")


def parse():
    parser = argparse.ArgumentParser(
        prog="scripts/compare-engines", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "--models",
        type=split,
        required=True,
        help="names of models/, or ONNX files beside NAME.npz",
    )
    parser.add_argument("--exporter", default="torchscript")
    parser.add_argument(
        "--exports", type=pathlib.Path, default=ROOT / "build/models"
    )
    parser.add_argument("--engines", type=split, default=list(ENGINES))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds",
        type=float,
        default=0.5,
        help="of each engine in each round",
    )
    parser.add_argument(
        "--cache",
        type=pathlib.Path,
        default=ROOT / "build/engines",
        help="folder of converted models",
    )
    parser.add_argument("--json", type=pathlib.Path, help="write all figures")
    return parser.parse_args()


def main():
    arguments = parse()
    results = []
    for name, model, golden in find_models(arguments):
        for threads in map(int, split(arguments.threads)):
            rows = compare(
                model.resolve(), golden.resolve(), threads, arguments
            )
            print_rows(name, threads, rows)
            sys.stdout.flush()
            results.append({"model": name, "threads": threads, "rows": rows})
    print()
    for threads in map(int, split(arguments.threads)):
        part = [r for r in results if r["threads"] == threads]
        for engine, (mean, count) in geometric_means(part).items():
            print(
                f"{threads} thread{'s' if threads > 1 else ''}: visir is "
                f"{mean:.2f}x as fast as {engine} (geometric mean of {count})"
            )
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
