"""Counts as a picture Qt draws: 8-bit indices and a 256-entry colour table; nothing is interpolated before that."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

import resources


def colormaps() -> tuple[str, ...]:
    """The keys of the colour maps, in the order in which the key steps through them."""
    return tuple(resources.table("colormaps/maps"))


@lru_cache(maxsize=32)
def colour_table(name: str, inverted: bool) -> tuple[int, ...]:
    """256 ARGB values from no counts to the window's upper count."""
    anchors = resources.table("colormaps/maps")[name]["anchors"]
    places = [float(place) for place, _ in anchors]
    colours = [QColor(colour) for _, colour in anchors]
    share = np.linspace(0.0, 1.0, 256)
    red, green, blue = (
        np.interp(share, places, values)
        for values in (
            [colour.red() for colour in colours],
            [colour.green() for colour in colours],
            [colour.blue() for colour in colours],
        )
    )
    table = [QColor(round(r), round(g), round(b)).rgb() for r, g, b in zip(red, green, blue, strict=True)]
    return tuple(reversed(table)) if inverted else tuple(table)


def picture(index: NDArray[np.uint8], table: tuple[int, ...]) -> QImage:
    """An indexed image of `index` (rows, columns); it owns its pixels."""
    rows, columns = index.shape
    flat = np.ascontiguousarray(index)
    image = QImage(flat.data, columns, rows, columns, QImage.Format.Format_Indexed8).copy()
    image.setColorTable(table)
    return image
