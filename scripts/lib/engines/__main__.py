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
import platform
import signal
import statistics
import subprocess
import sys
import tempfile

import numpy

from scripts.lib.engines import bars, chart, summary
from scripts.lib.engines.summary import RIGHT

ROOT = pathlib.Path(__file__).parents[3]
HOPELESS = 10
ENGINES = ("visir", "onnxruntime", "openvino", "ncnn", "mnn")


def interpreter(engine):
    own = ROOT / (".venv" if engine == "visir" else ".venv-engines")
    return str(own / "bin/python")


class Worker:
    """The process of one engine; stopped except while it is asked."""

    def __init__(self, engine, model, golden, threads, cache, arguments):
        folder = cache / engine
        folder.mkdir(parents=True, exist_ok=True)
        cores = sorted(os.sched_getaffinity(0))[:threads]
        path = f"{ROOT}:{ROOT / 'bindings/python'}"
        target = [arguments.target] if engine == "visir" else []
        self.engine = engine
        self.process = subprocess.Popen(
            [
                interpreter(engine),
                *("-m", "scripts.lib.engines.worker"),
                *(engine, str(model), str(golden), str(threads), str(folder)),
                *target,
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": path,
                **{n: v for e, n, v in arguments.environment if e == engine},
            },
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


def is_hopeless(times, least):
    """Whether an engine took so much longer than the fastest one, in a round
    before, that more rounds change nothing but the time that they take."""
    return bool(times) and min(times) > HOPELESS * least


def compare(model, golden, threads, arguments):
    """Rows {engine, ms, ratio, error, ...} for one model."""
    digest = hashlib.sha256(model.read_bytes()).hexdigest()[:16]
    cache = arguments.cache / f"{model.stem}-{digest}"
    workers, rows = [], []
    for engine in arguments.engines:
        worker = Worker(engine, model, golden, threads, cache, arguments)
        row = {"engine": engine, "version": worker.version}
        rows.append(row)
        if worker.error:
            row["refused"] = worker.error
            worker.close()
        else:
            workers.append((worker, row, []))
    for _ in range(arguments.rounds):
        least = min((t for _, _, times in workers for t in times), default=0)
        for worker, row, times in workers:
            if is_hopeless(times, least):
                continue
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


def print_means(results, threads):
    part = [r for r in results if r["threads"] == threads]
    title = f"{threads} thread{'s' if threads > 1 else ''}"
    for engine in summary.engines_of(part):
        mean, count = summary.mean(
            summary.ratio(r, summary.row_of(r, engine)) for r in part
        )
        if count:
            print(
                f"{title}: visir is {mean:.2f}x as fast as {engine} "
                f"(geometric mean of {count})"
            )
    mean, count = summary.mean(map(summary.ratio_to_best, part))
    if count:
        print(
            f"{title}: visir is {mean:.2f}x as fast as the fastest other "
            f"engine that is right (geometric mean of {count})"
        )


def machine():
    """The processor's name, the cores in use and the system."""
    name = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    known = dict(
        (part.strip() for part in line.partition(":")[::2]) for line in lines
    )
    if "model name" in known:
        name = known["model name"]
    if "cpu family" in known:
        name += f" (family {known['cpu family']}, model {known['model']})"
    widest = "AVX-512" if "avx512f" in known.get("flags", "") else "no AVX-512"
    cores = len(os.sched_getaffinity(0))
    return f"{name}, {cores} cores, {widest}, {platform.system()}"


def write_chart(path, results, title):
    """One file for each number of threads; the first has the given name."""
    for index, threads in enumerate(sorted({r["threads"] for r in results})):
        part = [r for r in results if r["threads"] == threads]
        name = f"{path.stem}-{threads}{path.suffix}" if index else path.name
        words = f"speed relative to Visir, {threads} threads, {title}"
        if threads == 1:
            words = words.replace("1 threads", "1 thread")
        path.with_name(name).write_text(chart.draw(part, words))


def find_models(arguments):
    """(name, model path, golden path) of what was asked for."""
    names = []
    for name in arguments.models:
        names += bars.GROUPS.get(name, [name])
    for name in names:
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


def setting(text):
    """(engine, name, value) of a text ENGINE:NAME=VALUE."""
    engine, colon, rest = text.partition(":")
    name, equals, value = rest.partition("=")
    if not (engine in ENGINES and colon and equals and name):
        raise argparse.ArgumentTypeError(
            f"environment is '{text}', expected ENGINE:NAME=VALUE"
        )
    return engine, name, value


def parse(words=None):
    parser = argparse.ArgumentParser(
        prog="scripts/compare-engines", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "--models",
        type=split,
        required=True,
        help="names of models/, ONNX files beside NAME.npz, `bars` for all "
        "models that have a bar, or `systems` for those of published systems",
    )
    parser.add_argument("--exporter", default="torchscript")
    parser.add_argument(
        "--exports", type=pathlib.Path, default=ROOT / "build/models"
    )
    parser.add_argument("--engines", type=split, default=list(ENGINES))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument(
        "--target", default="host", help="what Visir compiles for"
    )
    parser.add_argument(
        "--environment",
        type=setting,
        action="append",
        default=[],
        metavar="ENGINE:NAME=VALUE",
        help="a variable of one engine's process; may be given again",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--runs",
        type=int,
        default=1,
        help="of everything, one after the other; the least ratio is judged",
    )
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
    parser.add_argument(
        "--chart",
        type=pathlib.Path,
        help="draw an SVG file; more threads get their number in its name",
    )
    parser.add_argument(
        "--markdown", type=pathlib.Path, help="write the tables of ratios"
    )
    return parser.parse_args(words)


def measure(arguments):
    """A result for each model and number of threads, of one run."""
    results = []
    for name, model, golden in find_models(arguments):
        for threads in map(int, split(arguments.threads)):
            rows = compare(
                model.resolve(), golden.resolve(), threads, arguments
            )
            print_rows(name, threads, rows)
            sys.stdout.flush()
            results.append(
                {
                    **{"model": name, "threads": threads, "rows": rows},
                    "target": arguments.target,
                }
            )
    return results


def print_verdicts(results):
    """Scaling and, beside the bars, the least ratio of all runs."""
    print()
    for threads, part in summary.by_threads(results):
        print_means(results, threads)
        for result in part:
            least = summary.least_ratio(result)
            bar = bars.bar_of(result)
            print(
                f"  {result['model']:34} least ratio "
                f"{summary.number(least):>5}, bar {bar[0]:.2f}, goal "
                f"{bar[1]:.2f}: {bars.verdict(least, bar)}"
            )
    for model, factor in summary.scaling(results).items():
        print(f"  {model:34} {factor:.2f}x as fast with two threads")


def main():
    arguments = parse()
    print(machine())
    runs = []
    for number in range(arguments.runs):
        if arguments.runs > 1:
            print(f"\nrun {number + 1} of {arguments.runs}")
        runs.append(measure(arguments))
    results = [summary.combine(same) for same in zip(*runs, strict=True)]
    print_verdicts(results)
    if arguments.json:
        figures = {"machine": machine(), "results": results, "runs": runs}
        arguments.json.write_text(json.dumps(figures, indent=1))
    if arguments.markdown:
        arguments.markdown.write_text(summary.markdown(results))
    if arguments.chart:
        write_chart(arguments.chart, results, machine())
    return 0


if __name__ == "__main__":
    sys.exit(main())
