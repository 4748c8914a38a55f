"""Paper C: which pixels are metastasis, or bladder? A U-Net of residual blocks, a plain one, and MONAI's DynUNet.

The paper prints 1-4-8-16 channels on the way down and 16-8-4-1 up: `PRINTED`. `WIDE` goes deeper and wider; the plain
U-Net has the same widths, so that the two differ by their blocks. The paper's start from ImageNet cannot be: no network
trained there has these shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from ml.networks.residual import ResidualBlock
from ml.networks.shapes import hold_to_shape, scaled

PRINTED = (4, 8, 16)
WIDE = (32, 64, 128, 256, 512)


def plain_block(before: int, after: int) -> nn.Sequential:
    """Twice 3 x 3 convolution, batch norm, ReLU: (batch, before, r, c) to (batch, after, r, c)."""
    parts: list[nn.Module] = []
    for wide in (before, after):
        parts += [nn.Conv2d(wide, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
    return nn.Sequential(*parts)


class UNet(nn.Module):
    """Pictures (batch, channels, rows, columns) to logits (batch, outputs, rows, columns).

    Down: a block, then 2 x 2 max pooling, which keeps the channels. Up: a transposed convolution halves the channels
    and doubles the sides; the maps from the way down are put beside; a block. Last a 1 x 1 convolution. Sides are
    multiples of 2 to the power of len(widths) - 1.
    """

    def __init__(
        self, block: Callable[[int, int], nn.Module], channels: int, outputs: int, widths: Sequence[int]
    ) -> None:
        super().__init__()
        self.channels = channels
        self.divisor = 1 << (len(widths) - 1)
        self.down = nn.ModuleList(block(a, b) for a, b in zip((channels, *widths), widths, strict=False))
        self.pool = nn.MaxPool2d(2)
        upwards = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in upwards)
        self.up = nn.ModuleList(block(2 * b, b) for _, b in upwards)
        self.last = nn.Conv2d(widths[0], outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        hold_to_shape(x, self.channels, 2 * self.divisor, self.divisor)
        held: list[Tensor] = []
        for number, block in enumerate(self.down):
            x = block(self.pool(x) if number else x)
            held.append(x)
        held.pop()
        for grow, block in zip(self.grow, self.up, strict=True):
            x = block(torch.cat([held.pop(), grow(x)], 1))
        return cast(Tensor, self.last(x))


def residual_unet(channels: int = 1, outputs: int = 1, width: float = 1.0) -> UNet:
    """`WIDE`: sides are multiples of 16, 32 or more."""
    return UNet(ResidualBlock, channels, outputs, [scaled(wide, width) for wide in WIDE])


def printed_residual_unet(channels: int = 1, outputs: int = 1, width: float = 1.0) -> UNet:
    """`PRINTED`, at any width, as there is nothing to take away: sides are multiples of 4, 8 or more."""
    return UNet(ResidualBlock, channels, outputs, PRINTED)


def unet(channels: int = 1, outputs: int = 1, width: float = 1.0) -> UNet:
    """`WIDE`, of plain blocks: sides are multiples of 16, 32 or more."""
    return UNet(plain_block, channels, outputs, [scaled(wide, width) for wide in WIDE])


class DynUNet(nn.Module):
    """MONAI's network in the manner of nnU-Net (instance norm, strided convolutions), with `WIDE`; its loss on the
    lower levels (deep supervision) is left out, so that it trains as the others do. Sides are multiples of 16.

    Its parts are MONAI's, put together here: MONAI's own holds each part under two names, which no file of safetensors
    can.
    """

    def __init__(self, channels: int = 1, outputs: int = 1, width: float = 1.0) -> None:
        super().__init__()
        from monai.networks.nets.dynunet import DynUNet as Monai  # seconds of import, for this one alone

        self.channels = channels
        made = Monai(**monai_settings(channels, outputs, width))
        self.first, self.down, self.bottom = made.input_block, made.downsamples, made.bottleneck
        self.up, self.last = made.upsamples, made.output_block

    def forward(self, x: Tensor) -> Tensor:
        hold_to_shape(x, self.channels, 32, 16)
        held = [self.first(x)]
        for block in self.down:
            held.append(block(held[-1]))
        x = self.bottom(held[-1])
        for block in self.up:
            x = block(x, held.pop())
        return cast(Tensor, self.last(x))


def monai_settings(channels: int, outputs: int, width: float) -> dict[str, Any]:
    """What MONAI's DynUNet is made with."""
    strides = [1] + [2] * (len(WIDE) - 1)
    return {
        "spatial_dims": 2,
        "in_channels": channels,
        "out_channels": outputs,
        "kernel_size": [3] * len(WIDE),
        "strides": strides,
        "upsample_kernel_size": strides[1:],
        "filters": [scaled(wide, width) for wide in WIDE],
        "norm_name": "instance",
        "deep_supervision": False,
    }
