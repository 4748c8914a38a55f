"""The click's estimator: a small network that was shown simulated lesions and says where the spot ends.

It looks at a `click_square.Square` and gives, for each view, the five numbers of an ellipse (see `ellipse`) and how
likely the lesion shows there at all. What it learned, and from what, is said in docs/adr/0010; here it is only carried
out, with NumPy, in about a millisecond. Convolutions are products of matrices; pictures are (row, column, channel).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from workstation.core.click_square import Singles, Square

REACH = 20  # half the square it looks at, usual pixels
_RAISED = 0.375  # added to counts under the root, so that noise is as large where there are few (Anscombe)
# Least and most it was shown of each fact: what lies beyond is taken for the nearest it knows.
_KNOWN = np.array([[0.0, 0.0, -0.15, -0.15, 640.0, 2.26, 1.5], [1.0, 1.0, 0.15, 0.15, 890.0, 2.4, 56.0]])
# Kernel, stride and padding of each layer; a name of two parts is the second convolution of a residual pair.
_LAYERS = ("stem", "r1.a", "r1.b", "d2", "r2.a", "r2.b", "d3", "r3.a", "r3.b", "red")
_DENSE = ("sc", "f1", "f2")


@dataclass(frozen=True, eq=False)
class Guess:
    """What was estimated. shapes: (2, 5), in each view's square, the middle in usual pixels from the place clicked,
    columns as the clicked view sees them; shown: (2,), how likely each view shows the lesion."""

    shapes: NDArray[np.float64]
    shown: NDArray[np.float64]


def prepared(square: Square) -> tuple[Singles, Singles]:
    """What goes in: roots of counts over their mean, (row, column, square), and 13 numbers about the place."""
    counts = np.maximum(square.counts, np.float32(0.0))
    mean = 1.0 + np.array([counts[[0, 2]].mean(), counts[[1, 3]].mean()])  # of here and the other side, in either view
    picture = np.sqrt((counts + _RAISED) / mean[[0, 1, 0, 1], None, None]) - 1.0
    posterior, down, across, across_other, height, spacing_mm, level = np.clip(square.facts, *_KNOWN)
    scalars = [
        *(np.log(mean) - 3.0), 2.0 * posterior - 1.0, 4.0 * down - 1.5, 20.0 * abs(across) - 1.0,
        20.0 * abs(across_other) - 1.0, 10.0 * (spacing_mm - 2.3), np.sin(12.6 * down), np.cos(12.6 * down),
        np.sin(25.0 * down), np.cos(25.0 * down), 4.0 * np.log(height / 780.0), np.log(level + 1.0) - 3.0,
    ]  # fmt: skip
    return np.moveaxis(picture, 0, -1).astype(np.float32), np.array(scalars, np.float32)


@dataclass(frozen=True, eq=False)
class Estimator:
    """weights: of each layer "<name>.weight" and "<name>.bias"; kernels (row, column, from, to), dense (from, to)."""

    weights: Mapping[str, Singles]

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.floating]]) -> Estimator:
        """From arrays of any float, as they are stored. Raises KeyError where a layer is missing."""
        names = [f"{layer}.{part}" for layer in (*_LAYERS, *_DENSE) for part in ("weight", "bias")]
        return cls(MappingProxyType({name: np.ascontiguousarray(stored[name], np.float32) for name in names}))

    def __call__(self, square: Square) -> Guess:
        """What it sees in a square of `REACH`."""
        picture, scalars = prepared(square)
        straight = self._answer(picture, scalars)
        # Left and right are alike to it: what it says of the reversed square counts as much.
        turned = self._answer(picture[:, ::-1], scalars)
        turned[:, 1], turned[:, 4] = -1.0 - turned[:, 1], -turned[:, 4]
        answer = (straight + turned) / 2.0
        return Guess(answer[:, :5], 1.0 / (1.0 + np.exp(-answer[:, 5])))

    def _answer(self, picture: Singles, scalars: Singles) -> NDArray[np.float64]:
        w = self.weights
        x = np.maximum(self._convolved("stem", picture, 2), 0.0)
        x = self._residual("r1", x)
        x = np.maximum(self._convolved("d2", x, 2) + (scalars @ w["sc.weight"] + w["sc.bias"]), 0.0)
        x = self._residual("r2", x)
        x = self._residual("r3", np.maximum(self._convolved("d3", x, 2), 0.0))
        x = np.maximum(self._convolved("red", x, 1), 0.0)
        x = np.concatenate([x.ravel(), scalars])
        x = np.maximum(x @ w["f1.weight"] + w["f1.bias"], 0.0)
        answer: NDArray[np.float64] = (x @ w["f2.weight"] + w["f2.bias"]).reshape(2, 6).astype(np.float64)
        return answer

    def _residual(self, name: str, x: Singles) -> Singles:
        inner = np.maximum(self._convolved(f"{name}.a", x, 1), 0.0)
        out: Singles = np.maximum(x + self._convolved(f"{name}.b", inner, 1), 0.0)
        return out

    def _convolved(self, name: str, x: Singles, stride: int) -> Singles:
        kernel = self.weights[f"{name}.weight"]
        high, wide, into, out = kernel.shape
        rows, columns = x.shape[0] // stride, x.shape[1] // stride
        pad = 1 if high > 1 else 0
        padded = np.zeros((x.shape[0] + 2 * pad, x.shape[1] + 2 * pad, into), np.float32)
        padded[pad : pad + x.shape[0], pad : pad + x.shape[1]] = x
        a, b, c = padded.strides
        windows = as_strided(padded, (rows, columns, high, wide, into), (stride * a, stride * b, a, b, c))
        flat = windows.reshape(rows * columns, high * wide * into)
        mixed: Singles = flat @ kernel.reshape(-1, out) + self.weights[f"{name}.bias"]
        return mixed.reshape(rows, columns, out)
