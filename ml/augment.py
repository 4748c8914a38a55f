"""Pictures turned a little while they are learnt from: whole batches, on the device, the mask with its picture.

Layers are (batch, views, layers, rows, columns): pictures, and their masks with them. What is drawn for a batch is
drawn on the CPU from the generator given, so that it is the same on every device and after a restart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ml.config import Config


@dataclass(frozen=True, eq=False)
class Views:
    """picture, mask: (batch, views, rows, columns), float32; mask None where the task has none.

    midlines: (batch, views), in columns. truth: (batch, targets).
    """

    picture: Tensor
    mask: Tensor | None
    midlines: Tensor
    truth: Tensor


def augment(views: Views, config: Config, drawn: torch.Generator) -> Views:
    """A batch flipped, turned, scaled and made brighter as the settings say; `drawn` is a generator on the CPU."""
    batch = len(views.picture)
    flips = torch.rand(batch, generator=drawn) < config.flip_chance
    degrees = (torch.rand(batch, generator=drawn) * 2 - 1) * config.rotation
    scales = 1 + (torch.rand(batch, generator=drawn) * 2 - 1) * config.scaling
    gains = torch.exp((torch.rand(batch, generator=drawn) * 2 - 1) * config.gain)
    device = views.picture.device
    layers = views.picture[:, :, None] if views.mask is None else torch.stack([views.picture, views.mask], 2)
    if config.rotation or config.scaling:
        layers = turned(layers, degrees.to(device), scales.to(device))
    if config.flip == "view":
        layers = flip_views(layers, views.midlines, flips.to(device))
    elif config.flip == "whole":
        layers = flip_whole(layers, flips.to(device))
    picture = layers[:, :, 0]
    if config.gain:
        picture = picture * gains.to(device)[:, None, None, None]
    return Views(picture, None if views.mask is None else layers[:, :, 1], views.midlines, views.truth)


def flip_views(layers: Tensor, midlines: Tensor, flips: Tensor) -> Tensor:
    """Each view mirrored about its own midline where `flips` (batch) says so; what comes from beyond its side is 0.

    The views stay where they are: an anterior view stays one, with left and right changed.
    """
    columns = layers.shape[-1]
    across = torch.arange(columns, device=layers.device)
    source = (2 * midlines).round().long()[..., None] - across
    source = torch.where(flips[:, None, None], source, across)[:, :, None, None]
    inside = (source >= 0) & (source < columns)
    return layers.gather(4, source.clamp(0, columns - 1).expand_as(layers)) * inside


def flip_whole(layers: Tensor, flips: Tensor) -> Tensor:
    """The views side by side mirrored as one picture, as the paper does it: anterior and posterior change places."""
    return torch.where(flips[:, None, None, None, None], layers.flip(4).flip(1), layers)


def turned(layers: Tensor, degrees: Tensor, scales: Tensor) -> Tensor:
    """Layers (batch, views, n, rows, columns) turned by `degrees` about their middles and made `scales` times as large.

    Bilinear; what comes from outside is 0.
    """
    batch, views, n, rows, columns = layers.shape
    radians = degrees * (math.pi / 180)
    cos, sin = torch.cos(radians) / scales, torch.sin(radians) / scales
    zero = torch.zeros_like(cos)
    # in units of half a side, so that a picture that is not square keeps its shape
    lines = [[cos, -sin * rows / columns, zero], [sin * columns / rows, cos, zero]]
    theta = torch.stack([torch.stack(line, -1) for line in lines], 1)
    grid = functional.affine_grid(theta, [batch, views * n, rows, columns], align_corners=False)
    moved = functional.grid_sample(layers.flatten(1, 2), grid, align_corners=False)
    return moved.reshape(layers.shape)
