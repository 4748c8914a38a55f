"""What networks are trained on: focal loss and soft Dice loss; cross-entropy is the focal loss of gamma 0.

Losses take logits, not probabilities, and are computed in float32 at least, whatever the network ran in: log sigmoid(x)
is then exact to rounding where log(p) of a rounded p is not. Targets are 0 or 1, of the shape of the logits.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def focal(logits: Tensor, target: Tensor, gamma: float = 1.0) -> Tensor:
    """The mean of -y (1 - p)^gamma log p - (1 - y) p^gamma log(1 - p), p = sigmoid(logits): easy cases count less
    (Lin 2017). The paper prints the formula beside y of 1 or -1; it holds for y of 1 or 0.
    """
    x, y = _alike(logits, target)
    # 1 - p = sigmoid(-x) = exp(-softplus(x)): powers as exponentials have a gradient where p is 0 or 1.
    positive, negative = functional.softplus(-x), functional.softplus(x)  # -log p, -log (1 - p)
    loss = y * torch.exp(-gamma * negative) * positive + (1 - y) * torch.exp(-gamma * positive) * negative
    return loss.mean()


def soft_dice(logits: Tensor, target: Tensor, smooth: float = 1.0) -> Tensor:
    """The mean over pictures and outputs of 1 - (2 sum(p y) + smooth) / (sum(p) + sum(y) + smooth), sums over the
    pixels of each, p = sigmoid(logits); logits, target (batch, outputs, rows, columns).

    smooth, in pixels, is not in the paper's formula; with it nothing found where nothing is loses 0, as the coefficient
    of empty and empty is 1.
    """
    x, y = _alike(logits, target)
    p = torch.sigmoid(x)
    both, either = (p * y).sum((2, 3)), p.sum((2, 3)) + y.sum((2, 3))
    return (1 - (2 * both + smooth) / (either + smooth)).mean()


def _alike(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    if logits.shape != target.shape:  # else they broadcast, and the mean is over pairs that never were
        raise ValueError(f"logits {tuple(logits.shape)} and target {tuple(target.shape)} are of different shapes")
    kind = torch.float64 if logits.dtype == torch.float64 else torch.float32
    return logits.to(kind), target.to(kind)
