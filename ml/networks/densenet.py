"""DenseNet-169 (Huang 2017): every layer sees the maps of all layers before it in its block."""

from __future__ import annotations

from collections import OrderedDict
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.networks.backbone import Backbone, he_normal
from ml.networks.shapes import scaled

LAYERS = (6, 12, 32, 32)
GROWTH = 32
FIRST = 64


class _Layer(nn.Module):
    """(batch, before, r, c) to (batch, growth, r, c), through 4 growth channels."""

    def __init__(self, before: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(before)
        self.conv1 = nn.Conv2d(before, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(functional.relu(self.norm1(x), inplace=True))
        return cast(Tensor, self.conv2(functional.relu(self.norm2(y), inplace=True)))


class _Block(nn.Module):
    """(batch, before, r, c) to (batch, before + layers growth, r, c)."""

    def __init__(self, before: int, growth: int, layers: int) -> None:
        super().__init__()
        for number in range(layers):
            self.add_module(f"denselayer{number + 1}", _Layer(before + number * growth, growth))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = torch.cat([x, layer(x)], 1)
        return x


def _transition(before: int, after: int) -> nn.Sequential:
    """(batch, before, r, c) to (batch, after, r // 2, c // 2)."""
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(before),
            relu=nn.ReLU(inplace=True),
            conv=nn.Conv2d(before, after, 1, bias=False),
            pool=nn.AvgPool2d(2, 2),
        )
    )


class DenseNet(Backbone):
    """Pictures (batch, channels, r, c) give maps (batch, 1664, about r / 32, c / 32); their means one linear layer."""

    stem = "features.conv0.weight"
    head = ("classifier.",)

    def __init__(self, channels: int = 3, outputs: int = 1000, width: float = 1.0) -> None:
        growth, wide = scaled(GROWTH, width), scaled(FIRST, width)
        parts: OrderedDict[str, nn.Module] = OrderedDict(
            conv0=nn.Conv2d(channels, wide, 7, 2, 3, bias=False),
            norm0=nn.BatchNorm2d(wide),
            relu0=nn.ReLU(inplace=True),
            pool0=nn.MaxPool2d(3, 2, 1),
        )
        for number, layers in enumerate(LAYERS, 1):
            parts[f"denseblock{number}"] = _Block(wide, growth, layers)
            wide += layers * growth
            if number < len(LAYERS):
                parts[f"transition{number}"] = _transition(wide, wide // 2)
                wide //= 2
        parts["norm5"] = nn.BatchNorm2d(wide)
        super().__init__("densenet169", channels, outputs, width, wide)
        self.features = nn.Sequential(parts)
        if outputs:
            self.classifier = nn.Linear(wide, outputs)
            nn.init.zeros_(self.classifier.bias)
        he_normal(self)

    def maps(self, x: Tensor) -> Tensor:
        return functional.relu(self.features(x), inplace=True)

    def classify(self, maps: Tensor) -> Tensor:
        return cast(Tensor, self.classifier(maps.mean((2, 3))))
