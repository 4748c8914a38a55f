"""Shapes that networks share: quarter widths, what pictures they take, averages over a grid."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


class ShapeError(ValueError):
    """A picture that a network cannot take; the message says what it takes and what it was given."""


def scaled(channels: int, width: float) -> int:
    """So many channels at this width: a multiple of 4, at least 4."""
    return max(4, 4 * round(channels * width / 4))


def hold_to_shape(x: Tensor, channels: int, smallest: int = 1, divisor: int = 1) -> None:
    """Raises ShapeError unless x is (batch, channels, rows, columns), sides >= smallest and multiples of divisor.

    Decided on sizes alone, so that torch.compile and autocast see nothing of it.
    """
    wanted = f"pictures (batch, {channels}, rows, columns)"
    if x.ndim != 4 or x.shape[1] != channels:
        raise ShapeError(f"This network takes {wanted}; it was given {tuple(x.shape)}.")
    rows, columns = x.shape[2], x.shape[3]
    if rows < smallest or columns < smallest:
        raise ShapeError(f"This network takes {wanted} with sides of {smallest} or more; these are {rows} x {columns}.")
    if rows % divisor or columns % divisor:
        raise ShapeError(
            f"This network takes {wanted} whose sides are multiples of {divisor}; these are {rows} x {columns}."
        )


def average_to(x: Tensor, rows: int, columns: int) -> Tensor:
    """Means over a grid of rows x columns cells, (batch, channels, any, any) to (batch, channels, rows, columns).

    The cells of `adaptive_avg_pool2d`, whose gradient has no deterministic form on CUDA: hence two matrix products
    where the sides are no multiples of the grid.
    """
    high, wide = x.shape[2], x.shape[3]
    if (high, wide) == (rows, columns):
        return x
    if high % rows == 0 and wide % columns == 0:
        return functional.avg_pool2d(x, (high // rows, wide // columns))
    down, across = _cells(high, rows).to(x), _cells(wide, columns).to(x)
    return down @ x @ across.T


def _cells(size: int, cells: int) -> Tensor:
    """(cells, size): each row averages one cell, from floor(i size / cells) to ceil((i + 1) size / cells)."""
    table = torch.zeros(cells, size)
    for i in range(cells):
        start, stop = i * size // cells, -(-(i + 1) * size // cells)
        table[i, start:stop] = 1 / (stop - start)
    return table
