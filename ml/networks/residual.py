"""The block that paper C's segmentation and localisation share."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

SLOPE = 0.01  # of the leaky ReLU below 0; the paper gives none


class ResidualBlock(nn.Module):
    """Twice 3 x 3 convolution and batch norm, leaky ReLU after each, beside a 1 x 1 convolution that changes the
    number of channels: (batch, before, r, c) to (batch, after, r, c). The sum is taken before the last leaky ReLU.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.shortcut = nn.Conv2d(before, after, 1)
        self.relu = nn.LeakyReLU(SLOPE, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        return cast(Tensor, self.relu(self.bn2(self.conv2(y)) + self.shortcut(x)))
