"""Inception v3 (Szegedy 2016), with its auxiliary head where it is asked for.

The names are torchvision's. Its ImageNet weights come from Google's and take pictures from -1 to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.networks.backbone import Backbone, he_normal
from ml.networks.shapes import ShapeError, hold_to_shape, scaled

Step = tuple[str, int, int, int]  # name, channels, rows and columns of the kernel
Branch = tuple[tuple[Step, ...], tuple[Step, ...]]  # steps one after another, then the ends that fork from the last


class _Conv(nn.Module):
    """Convolution, batch norm, ReLU. same: padded so that, at stride 1, the map keeps its size."""

    def __init__(self, before: int, after: int, rows: int, columns: int, stride: int = 1, same: bool = True) -> None:
        super().__init__()
        padding = (rows // 2, columns // 2) if same else (0, 0)
        self.conv = nn.Conv2d(before, after, (rows, columns), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(after, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv(x)), inplace=True)


class _Mixed(nn.Module):
    """Branches side by side, joined on channel: (batch, before, r, c) to (batch, after, r, c).

    pooled: channels of one more branch, that averages 3 x 3 first. halved: the ends have stride 2 and no padding and
    that one more branch is a max pooling: (batch, after, (r - 1) // 2, (c - 1) // 2).
    """

    def __init__(
        self, before: int, branches: tuple[Branch, ...], pooled: int = 0, halved: bool = False, width: float = 1.0
    ) -> None:
        super().__init__()
        self._names = [([step[0] for step in trunk], [step[0] for step in ends]) for trunk, ends in branches]
        self._halved = halved
        self.after = before if halved else 0
        for trunk, ends in branches:
            wide = before
            for name, after, rows, columns in trunk:
                self.add_module(name, _Conv(wide, scaled(after, width), rows, columns))
                wide = scaled(after, width)
            for name, after, rows, columns in ends:
                end = _Conv(wide, scaled(after, width), rows, columns, 2 if halved else 1, not halved)
                self.add_module(name, end)
                self.after += scaled(after, width)
        if not halved:
            self.branch_pool = _Conv(before, scaled(pooled, width), 1, 1)
            self.after += scaled(pooled, width)

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for trunk, ends in self._names:
            y = x
            for name in trunk:
                y = self.get_submodule(name)(y)
            found += [self.get_submodule(name)(y) for name in ends]
        if self._halved:
            found.append(functional.max_pool2d(x, 3, 2))
        else:
            found.append(self.branch_pool(functional.avg_pool2d(x, 3, 1, 1)))
        return torch.cat(found, 1)


def _a(before: int, pooled: int, width: float) -> _Mixed:
    branches: tuple[Branch, ...] = (
        ((), (("branch1x1", 64, 1, 1),)),
        ((("branch5x5_1", 48, 1, 1),), (("branch5x5_2", 64, 5, 5),)),
        ((("branch3x3dbl_1", 64, 1, 1), ("branch3x3dbl_2", 96, 3, 3)), (("branch3x3dbl_3", 96, 3, 3),)),
    )
    return _Mixed(before, branches, pooled, width=width)


def _b(before: int, width: float) -> _Mixed:
    branches: tuple[Branch, ...] = (
        ((), (("branch3x3", 384, 3, 3),)),
        ((("branch3x3dbl_1", 64, 1, 1), ("branch3x3dbl_2", 96, 3, 3)), (("branch3x3dbl_3", 96, 3, 3),)),
    )
    return _Mixed(before, branches, halved=True, width=width)


def _c(before: int, middle: int, width: float) -> _Mixed:
    """middle: channels of the 1 x 7 and 7 x 1 convolutions before the last."""
    branches: tuple[Branch, ...] = (
        ((), (("branch1x1", 192, 1, 1),)),
        ((("branch7x7_1", middle, 1, 1), ("branch7x7_2", middle, 1, 7)), (("branch7x7_3", 192, 7, 1),)),
        (
            (
                ("branch7x7dbl_1", middle, 1, 1),
                ("branch7x7dbl_2", middle, 7, 1),
                ("branch7x7dbl_3", middle, 1, 7),
                ("branch7x7dbl_4", middle, 7, 1),
            ),
            (("branch7x7dbl_5", 192, 1, 7),),
        ),
    )
    return _Mixed(before, branches, 192, width=width)


def _d(before: int, width: float) -> _Mixed:
    branches: tuple[Branch, ...] = (
        ((("branch3x3_1", 192, 1, 1),), (("branch3x3_2", 320, 3, 3),)),
        (
            (("branch7x7x3_1", 192, 1, 1), ("branch7x7x3_2", 192, 1, 7), ("branch7x7x3_3", 192, 7, 1)),
            (("branch7x7x3_4", 192, 3, 3),),
        ),
    )
    return _Mixed(before, branches, halved=True, width=width)


def _e(before: int, width: float) -> _Mixed:
    branches: tuple[Branch, ...] = (
        ((), (("branch1x1", 320, 1, 1),)),
        ((("branch3x3_1", 384, 1, 1),), (("branch3x3_2a", 384, 1, 3), ("branch3x3_2b", 384, 3, 1))),
        (
            (("branch3x3dbl_1", 448, 1, 1), ("branch3x3dbl_2", 384, 3, 3)),
            (("branch3x3dbl_3a", 384, 1, 3), ("branch3x3dbl_3b", 384, 3, 1)),
        ),
    )
    return _Mixed(before, branches, 192, width=width)


class _Auxiliary(nn.Module):
    """A second head, on the maps of Mixed_6e: (batch, before, r, c), sides of 17 or more, to (batch, outputs)."""

    def __init__(self, before: int, outputs: int, width: float) -> None:
        super().__init__()
        self.conv0 = _Conv(before, scaled(128, width), 1, 1)
        self.conv1 = _Conv(scaled(128, width), scaled(768, width), 5, 5, same=False)
        self.fc = nn.Linear(scaled(768, width), outputs)

    def forward(self, x: Tensor) -> Tensor:
        if min(x.shape[2:]) < 17:
            raise ShapeError(
                "The auxiliary head of Inception v3 needs pictures with sides of 299 or more; build without."
            )
        y = self.conv1(self.conv0(functional.avg_pool2d(x, 5, 3)))
        return cast(Tensor, self.fc(y.mean((2, 3))))


# In their order; each takes as many channels as the one before gives.
_FIRST: dict[str, Callable[[int, float], _Mixed]] = {
    "Mixed_5b": lambda before, width: _a(before, 32, width),
    "Mixed_5c": lambda before, width: _a(before, 64, width),
    "Mixed_5d": lambda before, width: _a(before, 64, width),
    "Mixed_6a": _b,
    "Mixed_6b": lambda before, width: _c(before, 128, width),
    "Mixed_6c": lambda before, width: _c(before, 160, width),
    "Mixed_6d": lambda before, width: _c(before, 160, width),
    "Mixed_6e": lambda before, width: _c(before, 192, width),
}
_SECOND: dict[str, Callable[[int, float], _Mixed]] = {"Mixed_7a": _d, "Mixed_7b": _e, "Mixed_7c": _e}


class Inception(Backbone):
    """Pictures (batch, channels, r, c) give maps (batch, 2048, about r / 32 - 2, about c / 32 - 2); their means, with
    dropout 0.5, go into one linear layer.

    auxiliary: with the second head, which while training makes `forward` give (logits, logits of that head), each
    (batch, outputs); otherwise, and always without it, it gives the logits.
    """

    stem = "Conv2d_1a_3x3.conv.weight"
    head = ("fc.", "AuxLogits.fc.")
    smallest = 75

    def __init__(self, channels: int = 3, outputs: int = 1000, width: float = 1.0, auxiliary: bool = True) -> None:
        wide, narrow = scaled(32, width), scaled(80, width)
        before = scaled(192, width)
        mixed: dict[str, _Mixed] = {}
        for name, make in (_FIRST | _SECOND).items():
            mixed[name] = make(before, width)
            before = mixed[name].after
        super().__init__("inception_v3", channels, outputs, width, before)
        self.Conv2d_1a_3x3 = _Conv(channels, wide, 3, 3, 2, same=False)
        self.Conv2d_2a_3x3 = _Conv(wide, wide, 3, 3, same=False)
        self.Conv2d_2b_3x3 = _Conv(wide, 2 * wide, 3, 3)
        self.Conv2d_3b_1x1 = _Conv(2 * wide, narrow, 1, 1)
        self.Conv2d_4a_3x3 = _Conv(narrow, scaled(192, width), 3, 3, same=False)
        for name, part in mixed.items():
            self.add_module(name, part)
        self.dropout = nn.Dropout(0.5)
        if outputs:
            self.fc = nn.Linear(before, outputs)
        self.auxiliary = bool(outputs) and auxiliary
        if self.auxiliary:
            self.AuxLogits = _Auxiliary(mixed["Mixed_6e"].after, outputs, width)
        he_normal(self)

    def maps(self, x: Tensor) -> Tensor:
        return self._second(self._first(x))

    def _first(self, x: Tensor) -> Tensor:
        """Up to the maps that the auxiliary head sees."""
        y = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        y = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(functional.max_pool2d(y, 3, 2)))
        y = functional.max_pool2d(y, 3, 2)
        for name in _FIRST:
            y = self.get_submodule(name)(y)
        return cast(Tensor, y)

    def _second(self, x: Tensor) -> Tensor:
        for name in _SECOND:
            x = self.get_submodule(name)(x)
        return x

    def classify(self, maps: Tensor) -> Tensor:
        return cast(Tensor, self.fc(self.dropout(maps.mean((2, 3)))))

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:  # type: ignore[override]
        if not (self.auxiliary and self.training):
            return super().forward(x)
        hold_to_shape(x, self.channels, self.smallest)
        middle = self._first(x)
        return self.classify(self._second(middle)), cast(Tensor, self.AuxLogits(middle))
