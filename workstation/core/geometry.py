"""How data lie on the screen: flips, quarter turns and scale as one affine value, and the side letters that follow it.

Positions are (row, column) with pixel centres at whole numbers, in the data as in the displayed picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from workstation.core.scan import View


@dataclass(frozen=True)
class Placement:
    """An affine map of (row, column): out = matrix times in, plus offset. Values are immutable; `inverse` undoes it."""

    matrix: tuple[tuple[float, float], tuple[float, float]] = ((1.0, 0.0), (0.0, 1.0))
    offset: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def oriented(
        cls,
        shape: tuple[int, int],
        flipped_horizontally: bool = False,
        flipped_vertically: bool = False,
        quarter_turns: int = 0,
        scale: float = 1.0,
    ) -> Self:
        """Data of `shape` (rows, columns) as displayed: flips first, then quarter turns clockwise, then scale.

        The displayed picture begins at the same corner: its first pixel is (0, 0), whatever way it is turned.
        """
        rows, columns = shape
        down, across = (-1.0 if flipped_vertically else 1.0), (-1.0 if flipped_horizontally else 1.0)
        placed = cls(
            ((down, 0.0), (0.0, across)),
            (rows - 1.0 if flipped_vertically else 0.0, columns - 1.0 if flipped_horizontally else 0.0),
        )
        for _ in range(quarter_turns % 4):
            # Clockwise: what was the column becomes the row, what was the last row becomes the first column.
            placed = placed.then(cls(((0.0, 1.0), (-1.0, 0.0)), (0.0, rows - 1.0)))
            rows, columns = columns, rows
        # A pixel of the data covers `scale` pixels of the screen: its edge, not its centre, stays in the corner.
        edge = (scale - 1.0) / 2.0
        return placed.then(cls(((scale, 0.0), (0.0, scale)), (edge, edge)))

    def __call__(self, row: float, column: float) -> tuple[float, float]:
        (a, b), (c, d) = self.matrix
        return a * row + b * column + self.offset[0], c * row + d * column + self.offset[1]

    def then(self, after: Placement) -> Self:
        """This map, followed by another."""
        (a, b), (c, d) = self.matrix
        (e, f), (g, h) = after.matrix
        matrix = ((e * a + f * c, e * b + f * d), (g * a + h * c, g * b + h * d))
        return type(self)(matrix, after(*self.offset))

    @property
    def inverse(self) -> Self:
        """The map back from the display to the data."""
        (a, b), (c, d) = self.matrix
        size = a * d - b * c
        back = type(self)(((d / size, -b / size), (-c / size, a / size)))
        row, column = back(*self.offset)
        return type(self)(back.matrix, (-row, -column))


def side_letters(
    view: View, flipped_horizontally: bool = False, flipped_vertically: bool = False, quarter_turns: int = 0
) -> Mapping[str, str]:
    """Which of the patient's sides, "R" or "L", lies at which edge of the displayed picture.

    The letters live in the data: the anterior view has the patient's right at its first column, the posterior view,
    seen from behind, the patient's left. They follow every flip and turn: {"left": "R", "right": "L"} for an anterior
    view as it comes, {"top": ..., "bottom": ...} after a quarter turn.
    """
    first, last = ("R", "L") if view is View.ANTERIOR else ("L", "R")
    # Where a step along the data's columns leads on the display tells where the last column lies.
    matrix = Placement.oriented((1, 1), flipped_horizontally, flipped_vertically, quarter_turns).matrix
    down, across = matrix[0][1], matrix[1][1]
    if across:
        return {"left": first, "right": last} if across > 0 else {"left": last, "right": first}
    return {"top": first, "bottom": last} if down > 0 else {"top": last, "bottom": first}


def mirrored_column(column: float, columns: int, shift: float = 0.0) -> float:
    """The column on the other view of what lies at `column` on this one.

    The two detectors face each other, so the other view is this one seen in a mirror: `columns - 1 - column`, moved by
    `shift` pixels where the detectors are not aligned (see `body.view_shift`).
    """
    return columns - 1 - column + shift
