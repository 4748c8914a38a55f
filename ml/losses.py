"""What networks are trained on and held to: focal loss, soft Dice loss, weighted cross-entropy, the Dice coefficient.

Losses take logits, not probabilities, and are computed in float32 at least, whatever the network ran in: log sigmoid(x)
is then exact to rounding where log(p) of a rounded p is not. Targets are 0 or 1, of the shape of the logits. All give
the mean over everything, or with reduction="none" what each element (soft Dice: each picture) adds to it.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Reduction = Literal["mean", "none"]


def focal(logits: Tensor, target: Tensor, gamma: float = 1.0, reduction: Reduction = "mean") -> Tensor:
    """-y (1 - p)^gamma log p - (1 - y) p^gamma log(1 - p), p = sigmoid(logits): easy cases count less (Lin 2017).

    The paper prints the formula beside y of 1 or -1; it holds for y of 1 or 0. gamma 0 is cross-entropy.
    """
    x, y = _alike(logits, target)
    # 1 - p = sigmoid(-x) = exp(-softplus(x)): powers as exponentials have a gradient where p is 0 or 1.
    positive, negative = functional.softplus(-x), functional.softplus(x)  # -log p, -log (1 - p)
    loss = y * torch.exp(-gamma * negative) * positive + (1 - y) * torch.exp(-gamma * positive) * negative
    return _reduced(loss, reduction)


def weighted_bce(
    logits: Tensor, target: Tensor, positive_weight: float | Tensor = 1.0, reduction: Reduction = "mean"
) -> Tensor:
    """Cross-entropy -w y log p - (1 - y) log(1 - p); w, one number or one per output, is what a positive counts."""
    x, y = _alike(logits, target)
    weight = positive_weight.to(x) if isinstance(positive_weight, Tensor) else positive_weight
    loss = weight * y * functional.softplus(-x) + (1 - y) * functional.softplus(x)
    return _reduced(loss, reduction)


def soft_dice(logits: Tensor, target: Tensor, smooth: float = 1.0, reduction: Reduction = "mean") -> Tensor:
    """1 - (2 sum(p y) + smooth) / (sum(p) + sum(y) + smooth) for each picture and output, p = sigmoid(logits).

    logits, target: (batch, outputs, rows, columns); reduction "none" gives (batch, outputs). smooth, in pixels, is not
    in the paper's formula; it makes nothing where nothing is a loss of 0, as the coefficient of empty and empty is 1,
    and 0 pixels of either no division by 0.
    """
    x, y = _alike(logits, target)
    p = torch.sigmoid(x)
    both, either = (p * y).sum((2, 3)), p.sum((2, 3)) + y.sum((2, 3))
    return _reduced(1 - (2 * both + smooth) / (either + smooth), reduction)


def dice(predicted: Tensor, actual: Tensor) -> Tensor:
    """2 |X and Y| / (|X| + |Y|) of each pair of masks, (batch, ...) bool to (batch,) float64; empty and empty is 1."""
    if predicted.shape != actual.shape or predicted.ndim < 2:
        raise ValueError(f"masks come in pairs (batch, ...); got {tuple(predicted.shape)} and {tuple(actual.shape)}")
    x, y = predicted.bool().flatten(1), actual.bool().flatten(1)
    both = (x & y).sum(1).double()
    either = (x.sum(1) + y.sum(1)).double()
    return torch.where(either > 0, 2 * both / either.clamp(min=1), 1.0)


def _alike(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    if logits.shape != target.shape:  # else they broadcast, and the mean is over pairs that never were
        raise ValueError(f"logits {tuple(logits.shape)} and target {tuple(target.shape)} are of different shapes")
    kind = torch.float64 if logits.dtype == torch.float64 else torch.float32
    return logits.to(kind), target.to(kind)


def _reduced(loss: Tensor, reduction: Reduction) -> Tensor:
    if reduction not in ("mean", "none"):
        raise ValueError(f"a loss is reduced to its mean or not at all (none), not {reduction!r}")
    return loss.mean() if reduction == "mean" else loss
