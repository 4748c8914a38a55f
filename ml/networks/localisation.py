"""Paper C: at which sites are the metastases? Picture and segmentation map stacked, six logits.

Sites: spine, pelvis, scapula, rib, femur, other. The residual blocks of the segmentation, down to 2 x 2 x 1024, which
from 1024 x 1024 takes nine halvings and from 4 channels eight doublings: nine blocks, each followed by a pooling.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from ml.networks import backbones
from ml.networks.backbone import Backbone
from ml.networks.residual import ResidualBlock
from ml.networks.shapes import hold_to_shape, scaled

WIDTHS = tuple(4 << level for level in range(9))  # 4 to 1024


class Localiser(nn.Module):
    """Pictures (batch, 2, rows, columns), sides of 32 or more, to logits (batch, 6).

    A side is halved after each block while it is longer than 3: powers of two up to 1024 end at 2, other sides at 2 or
    3, longer ones at more. Weights by Xavier, as the paper has it.
    """

    def __init__(self, channels: int = 2, outputs: int = 6, width: float = 1.0) -> None:
        super().__init__()
        self.channels = channels
        widths = [scaled(wide, width) for wide in WIDTHS]
        self.blocks = nn.ModuleList(ResidualBlock(a, b) for a, b in zip((channels, *widths), widths, strict=False))
        self.last = nn.Linear(widths[-1], outputs)
        for part in self.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(part.weight)
                if part.bias is not None:
                    nn.init.zeros_(part.bias)

    def maps(self, x: Tensor) -> Tensor:
        """The last maps: (batch, 1024, 2, 2) where sides are powers of two."""
        for block in self.blocks:
            x = block(x)
            step = (2 if x.shape[2] > 3 else 1, 2 if x.shape[3] > 3 else 1)
            if step != (1, 1):
                x = functional.max_pool2d(x, step)
        return x

    def forward(self, x: Tensor) -> Tensor:
        hold_to_shape(x, self.channels, 32)
        return cast(Tensor, self.last(self.maps(x).mean((2, 3))))


def resnet34(channels: int = 2, outputs: int = 6, width: float = 1.0) -> Backbone:
    """What it is compared with: pictures (batch, 2, rows, columns), sides of 32 or more, to logits (batch, 6)."""
    return backbones.build("resnet34", channels, outputs, width)
