"""How a scan looks: the window of counts, presets made for bone scans, and from what is wanted to what is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from workstation.core.counts import Counts, percentile
from workstation.core.geometry import side_letters
from workstation.core.lesion import Mask
from workstation.core.scan import VIEWS, View

# The share of the body's pixels, bladder and injection site left out, that the bone window shows below full black:
# spine and joints are dark but not flat, and a hot lesion still stands out from them.
BONE_PERCENTILE = 99.5
# Departments print each view a second time at a higher intensity, where ribs and soft tissue show.
SECOND_INTENSITY = 2.0


@dataclass(frozen=True)
class Window:
    """Counts from `low` (no ink) to `high` (full ink); below and above is cut off."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"a window runs from a lower to a higher count, got {self.low} to {self.high}")

    def brighter(self, factor: float) -> Window:
        """The window at an intensity `factor` times as high: its width divided by it, at least one count wide."""
        return Window(self.low, self.low + max((self.high - self.low) / factor, 1.0))


@lru_cache(maxsize=64)
def _table(window: Window, gamma: float) -> NDArray[np.uint8]:
    """The index of each of the 65,536 possible counts; only the ramp inside the window needs computing."""
    table = np.zeros(65536, np.uint8)
    first = min(max(int(np.floor(window.low)), 0), 65536)
    end = min(max(int(np.ceil(window.high)), 0), 65536)
    table[end:] = 255
    table[first:end] = _index(np.arange(first, end, dtype=np.float32), window, gamma)
    return table


def _index(counts: NDArray[np.float32], window: Window, gamma: float) -> NDArray[np.uint8]:
    share = (counts - np.float32(window.low)) * np.float32(1.0 / (window.high - window.low))
    np.nan_to_num(share, copy=False, nan=0.0, posinf=1.0, neginf=0.0)
    np.clip(share, 0.0, 1.0, out=share)
    if gamma != 1.0:
        np.power(share, np.float32(gamma), out=share)
    share *= np.float32(255.0)
    share += np.float32(0.5)
    return share.astype(np.uint8)


def to_index(counts: Counts, window: Window, gamma: float = 1.0) -> NDArray[np.uint8]:
    """Counts (rows, columns) as indices into a colour table of 256: 0 at the window's low, 255 at its high and above.

    gamma: the share of the window is raised to it; above 1 lightens faint uptake, below 1 brings it out. NaN becomes 0.
    """
    if counts.dtype == np.uint16:
        return _table(window, gamma)[counts.astype(np.uint16, copy=False)]
    return _index(counts.astype(np.float32), window, gamma)


def bone_window(
    counts: Mapping[View, Counts],
    bodies: Mapping[View, Mask] | None = None,
    excluded: Mapping[View, Mask] | None = None,
    percent: float = BONE_PERCENTILE,
) -> Window:
    """One window for all views of a scan, from no counts to the `percent`th percentile of the body.

    bodies: masks of the body; a view without one counts where it has counts at all. excluded: masks of what is not
    bone, the bladder and the injection site, which else would blacken nothing but themselves.
    """
    parts = []
    for view in VIEWS:
        if view in counts:
            inside = bodies[view] if bodies and view in bodies else counts[view] > 0
            if excluded and view in excluded:
                inside = inside & ~excluded[view]
            parts.append(counts[view][inside])
    return Window(0.0, max(percentile(parts, percent), 1.0))


class Preset(StrEnum):
    """A window by its meaning instead of its counts; see `preset_window`."""

    BONE = "bone"
    SOFT = "soft"
    FULL = "full range"
    REFERENCE = "percent of reference"


@dataclass(frozen=True)
class PictureFacts:
    """What the presets need to know of a scan. bone: its bone window; maximum: its highest count in any view.

    reference: mean counts in the reference region the reader drew, or None while there is none.
    views: the views there are, anterior first.
    """

    bone: Window
    maximum: float
    reference: float | None = None
    views: tuple[View, ...] = VIEWS


def preset_window(preset: Preset, facts: PictureFacts, percent: float = 100.0) -> Window:
    """The counts of a preset.

    bone: the bone window. soft: the same at the second intensity. full range: to the scan's maximum. percent of
    reference: to `percent` % of the reference region's mean; the bone window while no region is drawn.
    """
    if preset is Preset.SOFT:
        return facts.bone.brighter(SECOND_INTENSITY)
    if preset is Preset.FULL:
        return Window(0.0, max(facts.maximum, 1.0))
    if preset is Preset.REFERENCE and facts.reference is not None:
        return Window(0.0, max(facts.reference * percent / 100.0, 1.0))
    return facts.bone


@dataclass(frozen=True)
class DisplayState:
    """What the reader wants to see. window: set by hand, goes before the preset; None follows the preset.

    percent: of the reference region, for that preset. second_intensity: how much more intense the second pair of a
    four-frame print is. inverted: dark uptake on a light ground, as departments print.
    """

    window: Window | None = None
    preset: Preset = Preset.BONE
    percent: float = 300.0
    gamma: float = 1.0
    second_intensity: float = SECOND_INTENSITY
    colormap: str = "grey"
    inverted: bool = True
    flipped_horizontally: bool = False
    flipped_vertically: bool = False
    quarter_turns: int = 0
    four_frames: bool = False
    overlays: bool = True


@dataclass(frozen=True)
class Picture:
    """One picture of a snapshot: a view at one window; letters: "R" and "L" by the picture's edge."""

    view: View
    window: Window
    intense: bool = False
    letters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)


@dataclass(frozen=True)
class Snapshot:
    """What is drawn: the pictures from left to right, all with one colour map, turned the same way."""

    pictures: tuple[Picture, ...]
    gamma: float
    colormap: str
    inverted: bool
    flipped_horizontally: bool
    flipped_vertically: bool
    quarter_turns: int
    overlays: bool


@lru_cache(maxsize=8)  # asked for many times while one picture is drawn
def resolve(state: DisplayState, facts: PictureFacts) -> Snapshot:
    """What is wanted and what is known make what is drawn; the same for the window, a print and a test."""
    turn = (state.flipped_horizontally, state.flipped_vertically, state.quarter_turns % 4)
    window = state.window or preset_window(state.preset, facts, state.percent)
    shown = [(window, False)]
    if state.four_frames:
        shown.append((window.brighter(state.second_intensity), True))
    pictures = tuple(
        Picture(view, at, intense, MappingProxyType(dict(side_letters(view, *turn))))
        for at, intense in shown
        for view in facts.views
    )
    return Snapshot(pictures, state.gamma, state.colormap, state.inverted, *turn, state.overlays)


def scale_bar_mm(spacing_mm: float, scale: float, longest: float = 140.0) -> float:
    """The longest round length (1, 2 or 5 times a power of ten, in mm) whose bar is at most `longest` screen pixels.

    spacing_mm: millimetres per frame pixel along the bar. scale: screen pixels per frame pixel.
    """
    room = longest / scale * spacing_mm
    power = 10.0 ** np.floor(np.log10(room))
    return float(next(step * power for step in (5.0, 2.0, 1.0) if step * power <= room * (1 + 1e-9)))
