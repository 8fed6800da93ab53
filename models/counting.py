# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts of parameters and multiply-accumulate operations."""

import copy

import torch
from torch.utils.flop_counter import FlopCounterMode


def parameters(module):
    """The number of trainable scalars; BatchNorm statistics do not count."""
    return sum(p.numel() for p in module.parameters())


def gmacs(module, inputs):
    """Multiply-accumulates of the contractions of one forward pass, in 1e9."""
    # Nothing is computed on the meta device.
    module = copy.deepcopy(module).to("meta").eval()
    inputs = [x.to("meta") for x in inputs]
    counter = FlopCounterMode(display=False)
    # Gradients stay on: without them attention takes a fused path that the
    # counter does not see into.
    with torch.enable_grad(), counter:
        module(*inputs)
    return counter.get_total_flops() / 2e9
