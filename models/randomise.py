# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Seeded random weights and inputs under which mistakes show.

Fresh initialisations hide compiler bugs: norms are the identity, biases are
zero, layer scales vanish. Here every parameter matters, while activations
neither explode nor vanish.
"""

import math

import torch
from torch import nn

NORMS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase)
CONTRACTIONS = (nn.Linear, nn.modules.conv._ConvNd)
# Weights are drawn for unit variance after a rectifier at the most.
GAIN = math.sqrt(1.5)
END_OF_TEXT = 49407


def uniform_(tensor, low, high, generator):
    return tensor.uniform_(low, high, generator=generator)


def normal_(tensor, deviation, generator):
    return tensor.normal_(0, deviation, generator=generator)


def randomise_norm(module, generator):
    if module.weight is not None:
        uniform_(module.weight, 0.6, 1.4, generator)
        normal_(module.bias, 0.2, generator)


def randomise_contraction(module, generator):
    weight = module.weight
    fan_in = weight[0].numel()
    if isinstance(module, nn.modules.conv._ConvTransposeNd):
        # Stride equals kernel in all models: each output has one tap.
        fan_in = weight.shape[0] // module.groups
    normal_(weight, GAIN / math.sqrt(fan_in), generator)
    if module.bias is not None:
        normal_(module.bias, 0.1, generator)


def randomise_parameter(name, parameter, generator):
    """A parameter that belongs to no known layer, recognised by its use."""
    if "scale" in name or "gamma" in name:
        uniform_(parameter, 0.3, 0.7, generator)
    elif parameter.dim() >= 2 and "embed" not in name and "token" not in name:
        normal_(parameter, 1 / math.sqrt(parameter.shape[-1]), generator)
    else:
        normal_(parameter, 0.3, generator)


@torch.no_grad()
def randomise(model, inputs, seed):
    """Draws all parameters of `model`, then sets BatchNorm statistics to what
    `inputs` produce, disturbed, so that they fit the data but not exactly."""
    generator = torch.Generator().manual_seed(seed)
    known = set()
    for module in model.modules():
        if isinstance(module, NORMS):
            randomise_norm(module, generator)
        elif isinstance(module, CONTRACTIONS):
            randomise_contraction(module, generator)
        else:
            continue
        known.update(map(id, module.parameters(recurse=False)))
    for name, parameter in model.named_parameters():
        if id(parameter) not in known:
            randomise_parameter(name, parameter, generator)
    calibrate_batch_norms(model, inputs, generator)
    return model.eval()


def calibrate_batch_norms(model, inputs, generator):
    """Layer by layer in order of execution, so that each sees what the
    disturbed statistics before it let through."""

    def set_statistics(module, arguments):
        x = arguments[0]
        axes = [0, *range(2, x.dim())]
        deviation = x.std(axes, unbiased=False)
        # A channel that is almost constant must not be blown up.
        deviation = deviation.clamp(min=0.1 * deviation.mean().item() + 1e-3)
        draw = torch.empty_like(deviation)
        shift = normal_(draw.clone(), 0.2, generator)
        factor = uniform_(draw.clone(), 0.7, 1.4, generator)
        module.running_mean.copy_(x.mean(axes) + shift * deviation)
        module.running_var.copy_((factor * deviation) ** 2)

    handles = [
        module.register_forward_pre_hook(set_statistics)
        for module in model.modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
    ]
    model.eval()(*inputs)
    for handle in handles:
        handle.remove()


def smooth_noise(shape, generator):
    """Noise with structure at every scale, of unit variance, like pictures."""
    *lead, height, width = shape
    x = torch.zeros(shape)
    size = 2
    while size <= max(height, width):
        small = (min(size, height), min(size, width))
        noise = torch.randn((math.prod(lead), 1, *small), generator=generator)
        noise = nn.functional.interpolate(
            noise, (height, width), mode="bilinear", align_corners=False
        )
        x += noise.reshape(shape)
        size *= 2
    x += torch.randn(shape, generator=generator)
    return (x - x.mean()) / x.std()


def peaked_maps(shape, generator):
    """A Gaussian of two elements' width in each map, its centre between
    elements, some close to or beyond the border, in faint noise."""
    *lead, height, width = shape
    count = math.prod(lead)

    def along(size):
        center = torch.rand((count, 1), generator=generator) * (size + 1) - 1
        return ((torch.arange(size) - center) / 2) ** 2

    rows, columns = along(height), along(width)
    heights = 0.5 + 0.5 * torch.rand((count, 1, 1), generator=generator)
    maps = heights * torch.exp(-0.5 * (rows[:, :, None] + columns[:, None, :]))
    return maps.reshape(shape) + 0.02 * smooth_noise(shape, generator)


def draw_input(description, generator):
    """A tensor for a models.model.Input."""
    if description.kind == "image":
        return smooth_noise(description.shape, generator)
    if description.kind == "heatmaps":
        return peaked_maps(description.shape, generator)
    if description.kind == "tokens":
        tokens = torch.zeros(description.shape, dtype=torch.int64)
        length = description.shape[-1]
        for row in tokens.view(-1, length):
            used = length // 2
            row[:used] = torch.randint(
                1, END_OF_TEXT - 1, (used,), generator=generator
            )
            row[0] = END_OF_TEXT - 1
            row[used] = END_OF_TEXT
        return tokens
    raise ValueError(
        f"input kind is {description.kind}, expected image, heatmaps or tokens"
    )


def draw_batch(model, seed, count):
    """The inputs of `count` draws, joined along the batch axis."""
    draws = [draw_inputs(model, seed + i).values() for i in range(count)]
    return [torch.cat(same) for same in zip(*draws)]


def draw_inputs(model, seed):
    """{name: tensor} for a models.model.Model."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: draw_input(description, generator)
        for name, description in model.inputs.items()
    }
