# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times a caption of 20 tokens with three beams beside ONNX Runtime.

    PYTHONPATH=bindings/python .venv/bin/python -m models.rest.bench \\
        --variant 224 --exports FOLDER --threads 1

ONNX Runtime runs the same exports, which are well made for it, too: keys and
values of the past are inputs and outputs of a step, those of cross attention
are computed once, and all beams are rows of one cache that is never reordered.
Its tensors stay in its own memory between runs (values of OrtValue), or are
NumPy arrays; the faster of the two ways counts. Both run the same rules. Rounds
take turns; the medians of rounds are compared.
"""

import argparse
import json
import pathlib
import statistics
import tempfile
import time

import numpy
import onnxruntime
import visir

from models.rest.build import build
from models.rest.config import VARIANTS

ENTRIES = ("encode", "prefill", "step")
PREFIX = "present_"


class Engine:
    """ONNX Runtime with the caches handed from run to run."""

    def __init__(self, folder, exporter, config, threads, bound):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.config, self.bound = config, bound
        self.sessions = {
            name: onnxruntime.InferenceSession(
                str(folder / f"{name}.{exporter}.onnx"),
                options,
                providers=["CPUExecutionProvider"],
            )
            for name in ENTRIES
        }

    def run(self, name, feeds):
        """{output: value}; feeds of both kinds are taken as they are."""
        session = self.sessions[name]
        names = [output.name for output in session.get_outputs()]
        if not self.bound:
            return dict(zip(names, session.run(names, feeds)))
        values = {
            key: value
            if isinstance(value, onnxruntime.OrtValue)
            else onnxruntime.OrtValue.ortvalue_from_numpy(value)
            for key, value in feeds.items()
        }
        return dict(zip(names, session.run_with_ort_values(names, values)))

    def encode(self, frames):
        made = self.run("encode", {"frames": frames})
        self.cross = {k.removeprefix(PREFIX): v for k, v in made.items()}

    def scores(self, name, feeds):
        """Logarithms of probability of the next token; keeps the caches."""
        made = self.run(name, feeds | self.cross)
        logits = made.pop("logits")
        self.past = {k.removeprefix(PREFIX): v for k, v in made.items()}
        if self.bound:
            logits = logits.numpy()
        most = logits.max(-1, keepdims=True)
        shifted = logits - most
        return shifted - numpy.log(numpy.exp(shifted).sum(-1, keepdims=True))

    def write(self):
        """The likeliest of the texts without an end: all are as long."""
        c = self.config
        prompt = numpy.array([c.prompt])
        scores = self.scores("prefill", {"tokens": prompt})
        texts, sums = [list(c.prompt)], numpy.zeros(1, "f4")
        while True:
            totals = (sums[:, None] + scores).ravel()
            best = numpy.argpartition(-totals, 2 * c.beams)[: 2 * c.beams]
            best = best[numpy.argsort(-totals[best])][: c.beams]
            parents, tokens = numpy.divmod(best, c.vocabulary)
            sums = totals[best]
            texts = [[*texts[p], int(t)] for p, t in zip(parents, tokens)]
            if len(texts[0]) == c.longest:
                return texts[0]
            feeds = {
                "tokens": tokens,
                "parents": parents,
                "position": numpy.array([len(texts[0]) - 1]),
            }
            scores = self.scores("step", feeds | self.past)


class Own:
    def __init__(self, artifact, config, threads):
        self.config = config
        self.module = visir.load(
            artifact, threads=threads, copy_constants=True
        )
        self.module.warmup()

    def encode(self, frames):
        self.module.run({"frames": frames}, entry="encode")

    def write(self):
        c = self.config
        return visir.generate(
            self.module, c.prompt, max_length=c.longest, beams=c.beams
        ).tokens


def time_once(engine, frames):
    """(ms of reading the picture, ms of writing, the text)."""
    start = time.perf_counter()
    engine.encode(frames)
    middle = time.perf_counter()
    text = engine.write()
    end = time.perf_counter()
    return 1e3 * (middle - start), 1e3 * (end - middle), text


def measure(engines, frames, rounds):
    """{name: (ms, ms)} of medians; all must write the same text."""
    times = {name: [] for name in engines}
    for i in range(rounds + 1):
        texts = {}
        for name, engine in engines.items():
            *spent, texts[name] = time_once(engine, frames)
            if i > 0:
                times[name].append(spent)
        first = next(iter(texts.values()))
        for name, text in texts.items():
            if text != first:
                raise SystemExit(f"text of {name} is {text}, expected {first}")
    return {
        name: tuple(statistics.median(part) for part in zip(*spent))
        for name, spent in times.items()
    }


def report(medians):
    print("                     encode     write     total  ms")
    for name, (encode, write) in medians.items():
        print(f"{name:16} {encode:10.1f}{write:10.1f}{encode + write:10.1f}")
    own = medians.pop("visir")
    best = min(medians.values(), key=sum)
    ratios = [b / o for b, o in zip((*best, sum(best)), (*own, sum(own)))]
    print(f"{'times as fast':16} " + "".join(f"{r:10.2f}" for r in ratios))
    return ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--variant", choices=VARIANTS, default="224")
    parser.add_argument("--exports", type=pathlib.Path, required=True)
    parser.add_argument("--exporter", default="torchscript")
    parser.add_argument("--artifact", help="instead of compiling")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    config = VARIANTS[given.variant]
    shape = (config.frames, 3, config.image, config.image)
    frames = numpy.random.default_rng(0).normal(0, 1, shape).astype("f4")
    with tempfile.TemporaryDirectory() as place:
        artifact = given.artifact or build(
            given.variant, given.exports, given.exporter,
            pathlib.Path(place) / "captioner.visir", models=ENTRIES,
        )  # fmt: skip
        engines = {"visir": Own(artifact, config, given.threads)}
        for name, bound in (("ort values", True), ("ort arrays", False)):
            engines[name] = Engine(
                given.exports, given.exporter, config, given.threads, bound
            )
        medians = measure(engines, frames, given.rounds)
    ratios = report(dict(medians))
    if given.json:
        print(json.dumps({"medians": medians, "ratios": ratios}))


if __name__ == "__main__":
    main()
