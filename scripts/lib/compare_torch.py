# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times the models of a gpu-check bundle beside torch.compile.

    python3 compare_torch.py [--device cuda] [--rounds 20]

Both get tensors in the GPU's memory and one CUDA graph per run: PyTorch by
torch.compile(mode="max-autotune"), in channels-last layout, Visir by `enqueue`
in PyTorch's stream. Rounds take turns; the least time of each counts. Results
are compared with each other.
"""

import argparse
import pathlib
import sys

import torch
import visir

from models.export import as_tuple, prepare
from models.registry import all_models

RUNS = 20  # of a round
LIMIT = 2e-3  # PyTorch may use TF32 or other orders of sums


def milliseconds(run, stream):
    """The mean time of a run in a round."""
    begin = torch.cuda.Event(enable_timing=True)
    end = torch.cuda.Event(enable_timing=True)
    begin.record(stream)
    for _ in range(RUNS):
        run()
    end.record(stream)
    end.synchronize()
    return begin.elapsed_time(end) / RUNS


def difference(result, expected):
    expected = expected.float()
    return float((result - expected).abs().max() / expected.abs().max())


def compare(model, artifact, device, rounds):
    module, given = prepare(model)
    inputs = {name: tensor.cuda().contiguous() for name, tensor in given.items()}
    compiled = torch.compile(
        module.eval().cuda().to(memory_format=torch.channels_last),
        mode="max-autotune",
    )
    last = [
        x.to(memory_format=torch.channels_last) if x.ndim == 4 else x
        for x in inputs.values()
    ]
    opened = visir.load(artifact, device=device)
    stream = torch.cuda.Stream()
    with torch.no_grad(), torch.cuda.stream(stream):
        expected = [x.clone() for x in as_tuple(compiled(*last))]
        results = {
            tensor.name: torch.empty(tensor.shape, device="cuda")
            for tensor in opened.outputs
        }

        def run_visir():
            opened.enqueue(inputs, results, stream=stream.cuda_stream)

        def run_torch():
            compiled(*last)

        times = {run_visir: [], run_torch: []}
        for _ in range(rounds):
            for run, measured in times.items():
                measured.append(milliseconds(run, stream))
        opened.wait()
    wrong = max(
        difference(results[name], value)
        for name, value in zip(model.outputs, expected)
    )
    return min(times[run_visir]), min(times[run_torch]), wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    models = all_models()
    failed = False
    print(f"{'model':28} {'visir, ms':>10} {'torch, ms':>10} {'ratio':>6}")
    for artifact in sorted(pathlib.Path().glob("*.model.visir")):
        model = models[artifact.name.split(".")[0]]
        ours, theirs, wrong = compare(
            model, artifact, arguments.device, arguments.rounds
        )
        bad = not wrong <= LIMIT
        failed |= bad
        print(
            f"{model.name:28} {ours:10.3f} {theirs:10.3f} {theirs / ours:6.2f}"
            + (f"  DIFFERS by {wrong:.1e}" if bad else "")
        )
    return failed


if __name__ == "__main__":
    sys.exit(main())
