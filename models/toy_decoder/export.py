# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports the decoder and the answers that are expected of it.

    .venv-torch/bin/python -m models.toy_decoder.export --out FOLDER

writes prefill.EXPORTER.onnx, step.EXPORTER.onnx, and decoder.npz: `prompt`
and `tokens` (one after the other), and `logits` after the prompt and after
each of the tokens, by PyTorch in float64 without any cache.
"""

import argparse
import copy
import pathlib

import numpy
import torch

from models.toy_decoder import net

PROMPT, STEPS, MOST_PROMPT = 23, 12, 64


def export(module, arguments, path, inputs, sizes, exporter):
    """`sizes` names the bounded dimension of each input, as exporters want."""
    outputs = ["logits"] + [f"present_{name}" for name in net.CACHED]
    common = {
        "input_names": inputs,
        "output_names": outputs,
        "external_data": False,
    }
    if exporter == "torchscript":
        axes = dict(zip(inputs, sizes))
        axes |= {name: {2: "all"} for name in outputs[1:]}
        torch.onnx.export(
            module, arguments, path, dynamo=False, opset_version=17,
            dynamic_axes={k: v for k, v in axes.items() if v}, **common,
        )
        return
    dims = {
        "T": torch.export.Dim("T", min=1, max=MOST_PROMPT),
        "P": torch.export.Dim("P", min=1, max=net.POSITIONS - 1),
    }
    shapes = [{axis: dims[name] for axis, name in s.items()} for s in sizes]
    if len(shapes) > 1:
        shapes = [shapes[0], tuple(shapes[1:])]
    torch.onnx.export(
        module, arguments, path, dynamo=True, opset_version=18,
        dynamic_shapes=tuple(shapes), **common,
    )


def write_models(decoder, folder):
    token = torch.zeros((1, 1), dtype=torch.int64)
    prompt = torch.zeros((1, 9), dtype=torch.int64)
    head = net.SIZE // net.HEADS
    past = [torch.zeros((1, net.HEADS, 9, head)) for _ in net.CACHED]
    names = [f"past_{name}" for name in net.CACHED]
    for exporter in ("torchscript", "dynamo"):
        export(
            net.Prefill(decoder), (prompt,),
            folder / f"prefill.{exporter}.onnx", ["tokens"], [{1: "T"}],
            exporter,
        )
        export(
            net.Step(decoder), (token, tuple(past)),
            folder / f"step.{exporter}.onnx", ["token", *names],
            [{}] + [{2: "P"} for _ in names], exporter,
        )


def write_golden(decoder, folder):
    generator = numpy.random.default_rng(1)
    tokens = generator.integers(0, net.VOCABULARY, PROMPT + STEPS)
    wide = copy.deepcopy(decoder).double()
    with torch.no_grad():
        logits = [
            wide(torch.from_numpy(tokens[None, :count]))[0].numpy()
            for count in range(PROMPT, PROMPT + STEPS + 1)
        ]
    numpy.savez(
        folder / "decoder.npz",
        prompt=tokens[None, :PROMPT],
        tokens=tokens[PROMPT:],
        logits=numpy.concatenate(logits),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    decoder = net.seeded()
    write_models(decoder, folder)
    write_golden(decoder, folder)


if __name__ == "__main__":
    main()
