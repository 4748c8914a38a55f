"""Paper B: has this patient metastases? One ResNet-50 sees both views; what either shows counts.

The paper says three pooling layers with different kernel sizes, and two fully connected layers; it prints neither the
sizes nor the hidden width. Here: maxima over 1 x 1, 2 x 2 and 4 x 4 cells, as spatial pyramid pooling has them (He
2014), which on the 24 x 8 maps of a 768 x 256 view are kernels of 24 x 8, 12 x 4 and 6 x 2; 512 hidden.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from ml.networks import backbones
from ml.networks.shapes import hold_to_shape, scaled

GRIDS = (1, 2, 4)
HIDDEN = 512


class PatientNetwork(nn.Module):
    """Views (batch, views, rows, columns), 768 x 256 in the paper, sides of 32 or more, to logits (batch, outputs).

    The maximum is taken over the views' maps, element by element, so their order does not matter.
    """

    def __init__(self, views: int = 2, outputs: int = 1, width: float = 1.0) -> None:
        super().__init__()
        self.views = views
        self.backbone = backbones.build("resnet50", 1, 0, width)
        hidden = scaled(HIDDEN, width)
        self.first = nn.Linear(self.backbone.map_channels * sum(grid * grid for grid in GRIDS), hidden)
        # Adam moves every weight about as far: 43,008 of them, on maxima that are all positive, move a hidden unit so
        # far in a step that it never fires again. Inputs divided by the root of their number, and weights larger by
        # as much, are the same function and move it by that much less.
        self.root = math.sqrt(self.first.in_features)
        with torch.no_grad():
            self.first.weight.mul_(self.root)
        self.relu = nn.ReLU(inplace=True)
        self.second = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        hold_to_shape(x, self.views, self.backbone.smallest)
        maps = self.backbone.maps(x.flatten(0, 1).unsqueeze(1))  # (batch * views, channels, r, c)
        together = maps.reshape(-1, self.views, *maps.shape[1:]).amax(1)
        pyramid = torch.cat([maxima(together, grid).flatten(1) for grid in GRIDS], 1)
        return cast(Tensor, self.second(self.relu(self.first(pyramid / self.root))))


def maxima(x: Tensor, grid: int) -> Tensor:
    """The maximum of each of grid x grid cells: (batch, channels, any, any) to (batch, channels, grid, grid).

    The cells of `adaptive_max_pool2d`, whose gradient has no deterministic form on CUDA.
    """
    for axis in (2, 3):
        size = x.shape[axis]
        cells = [(i * size // grid, -(-(i + 1) * size // grid)) for i in range(grid)]
        x = torch.stack([x.narrow(axis, start, stop - start).amax(axis) for start, stop in cells], axis)
    return x
