"""The network behind a click, as it is taught: from four squares of counts to an ellipse in each view.

What it gives per view: row and column of the middle from the place clicked, the mean logarithm of the half axes, two
numbers that draw the ellipse out along the rows or a diagonal (`workstation.core.ellipse` has the same five), and the
logit of the view showing the lesion at all. `workstation.core.click_net` carries it out without torch.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

REACH = 20  # half the square it sees, pixels
FACTS = 13
WIDTH = 32
SOFT = 0.4  # how sharp an ellipse's edge is drawn for the sake of the gradient, pixels
_RAISED = 0.375
_KNOWN = np.array([[0.0, 0.0, -0.15, -0.15, 640.0, 2.26, 1.5], [1.0, 1.0, 0.15, 0.15, 890.0, 2.4, 56.0]])
_START = (0.0, 0.0, 1.3, 0.0, 0.0, 2.0)  # an untaught network says: here, 3.7 pixels, round, shown


def prepared(counts: NDArray[np.float32], facts: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
    """What goes in, of counts (n, 4, row, column) and facts (n, 7) as `workstation.core.click_square` names them."""
    mean = np.stack([counts[:, [0, 2]].mean((1, 2, 3)), counts[:, [1, 3]].mean((1, 2, 3))], axis=1) + 1.0
    pictures = np.sqrt((counts + _RAISED) / mean[:, [0, 1, 0, 1], None, None]) - 1.0
    posterior, down, across, across_other, height, spacing_mm, level = np.clip(facts, *_KNOWN).T
    scalars = np.stack(
        [
            *(np.log(mean) - 3.0).T, 2.0 * posterior - 1.0, 4.0 * down - 1.5, 20.0 * abs(across) - 1.0,
            20.0 * abs(across_other) - 1.0, 10.0 * (spacing_mm - 2.3), np.sin(12.6 * down), np.cos(12.6 * down),
            np.sin(25.0 * down), np.cos(25.0 * down), 4.0 * np.log(height / 780.0), np.log(level + 1.0) - 3.0,
        ],
        axis=1,
    )  # fmt: skip
    return torch.from_numpy(pictures.astype(np.float32)), torch.from_numpy(scalars.astype(np.float32))


class Convolved(nn.Module):
    """A convolution and what steadies it while it learns; `folded` gives the one convolution both come to."""

    def __init__(self, into: int, out: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(into, out, kernel, stride, 0 if kernel == 1 else 1, bias=False)
        self.norm = nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.convolution(x))
        return y

    def folded(self) -> tuple[Tensor, Tensor]:
        """Kernel (row, column, from, to) and bias."""
        assert self.norm.running_var is not None and self.norm.running_mean is not None
        scale = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        kernel = self.convolution.weight * scale[:, None, None, None]
        return kernel.permute(2, 3, 1, 0), self.norm.bias - self.norm.running_mean * scale


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a, self.b = Convolved(channels, channels), Convolved(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.b(functional.relu(self.a(x))))


class ClickNetwork(nn.Module):
    def __init__(self, width: int = WIDTH, drop: float = 0.1) -> None:
        super().__init__()
        w, left = width, REACH // 4
        self.stem, self.r1 = Convolved(4, w, 4, 2), Residual(w)
        self.d2, self.sc, self.r2 = Convolved(w, 2 * w, 4, 2), nn.Linear(FACTS, 2 * w), Residual(2 * w)
        self.d3, self.r3 = Convolved(2 * w, 3 * w, 4, 2), Residual(3 * w)
        self.red = Convolved(3 * w, w, 1)
        self.f1, self.f2 = nn.Linear(w * left * left + FACTS, 128), nn.Linear(128, 12)
        self.drop = nn.Dropout(drop)
        nn.init.normal_(self.f2.weight, std=0.01)
        with torch.no_grad():
            self.f2.bias.copy_(torch.tensor(_START * 2))

    def forward(self, pictures: Tensor, scalars: Tensor) -> Tensor:
        """(n, view, 6)."""
        x = pictures.to(memory_format=torch.channels_last)
        x = self.r1(functional.relu(self.stem(x)))
        x = self.r2(functional.relu(self.d2(x) + self.sc(scalars)[:, :, None, None]))
        x = self.r3(functional.relu(self.d3(x)))
        x = functional.relu(self.red(x)).permute(0, 2, 3, 1).flatten(1)
        x = functional.relu(self.f1(self.drop(torch.cat([x, scalars.to(x.dtype)], dim=1))))
        answer: Tensor = self.f2(self.drop(x))
        return answer.view(-1, 2, 6)

    def stored(self) -> dict[str, NDArray[np.float16]]:
        """The weights as the workstation reads them."""
        out: dict[str, NDArray[np.float16]] = {}
        for name, part in self.named_modules():
            if isinstance(part, Convolved):
                weight, bias = part.folded()
            elif isinstance(part, nn.Linear):
                weight, bias = part.weight.T, part.bias
            else:
                continue
            out[f"{name}.weight"] = weight.detach().numpy().astype(np.float16)
            out[f"{name}.bias"] = bias.detach().numpy().astype(np.float16)
        return out


def drawn(answer: Tensor, reach: int = REACH) -> Tensor:
    """The ellipses as soft masks (n, view, row, column)."""
    at = torch.arange(-reach, reach, dtype=torch.float32)
    down, across = at[None, None, :, None] - answer[..., 0, None, None], at - answer[..., 1, None, None]
    size, upright, slanted = answer[..., 2], answer[..., 3], answer[..., 4]
    stretch = torch.sqrt(upright**2 + slanted**2 + 1e-8)
    inverse, even, odd = torch.exp(-2 * size), torch.cosh(2 * stretch), torch.sinh(2 * stretch) / stretch
    a, b, c = inverse * (even - odd * upright), -inverse * odd * slanted, inverse * (even + odd * upright)
    a, b, c = (each[..., None, None] for each in (a, b, c))
    away = torch.sqrt(a * down * down + 2 * b * down * across + c * across * across + 1e-6)
    return torch.sigmoid((1 - away) * torch.exp(size)[..., None, None] / SOFT)


def moments(masks: Tensor) -> tuple[Tensor, Tensor]:
    """The ellipse of each mask's moments and area (n, view, 5), and whether it has any pixel (n, view)."""
    at = torch.arange(masks.shape[-1], dtype=torch.float32) - masks.shape[-1] // 2
    number = masks.sum((2, 3))
    some = number.clamp(min=1)
    row, column = (masks * at[:, None]).sum((2, 3)) / some, (masks * at).sum((2, 3)) / some
    down, across = at[:, None] - row[..., None, None], at - column[..., None, None]
    tall, wide = (masks * down**2).sum((2, 3)) / some, (masks * across**2).sum((2, 3)) / some
    slant = (masks * down * across).sum((2, 3)) / some
    mean, apart = (tall + wide) / 2, torch.sqrt(((tall - wide) / 2) ** 2 + slant**2)
    stretch = 0.25 * torch.log((mean + apart).clamp(min=0.2) / (mean - apart).clamp(min=0.2))
    way = torch.atan2(slant, (tall - wide) / 2)
    size = 0.5 * torch.log(some / np.pi)
    return torch.stack([row, column, size, stretch * way.cos(), stretch * way.sin()], dim=2), number > 0


def loss(answer: Tensor, masks: Tensor, there: Tensor, guided: float) -> Tensor:
    """Mean of 1 - Dice over both views, and a little of what leads there.

    masks: (n, view, row, column); there: (n, view), whether the scan has that view. guided: how much the ellipses'
    numbers shall be those of the masks' moments, which helps at first.
    """
    shown = torch.sigmoid(answer[..., 5]) * there
    soft = drawn(answer) * shown[..., None, None]
    masks = masks * there[..., None, None]
    dice = 2 * (soft * masks).sum((1, 2, 3)) / (soft.sum((1, 2, 3)) + masks.sum((1, 2, 3)))
    wanted, any_ = moments(masks)
    missed = functional.smooth_l1_loss(answer[..., :5], wanted, reduction="none").mean(2) * any_
    seen = functional.binary_cross_entropy_with_logits(answer[..., 5], any_.float(), reduction="none") * there
    return 1 - dice.mean() + guided * missed.mean() + 0.1 * seen.mean()


@torch.no_grad()
def dice(answer: Tensor, masks: Tensor) -> NDArray[np.float32]:
    """Of the ellipses with hard edges, over both views."""
    own = (drawn(answer) >= 0.5) & (answer[..., 5] >= 0)[..., None, None]
    truth = masks > 0
    both = (own & truth).sum((1, 2, 3))
    out: NDArray[np.float32] = (2 * both / (own.sum((1, 2, 3)) + truth.sum((1, 2, 3))).clamp(min=1)).float().numpy()
    return out
