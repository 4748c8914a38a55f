"""The body against the air: its mask, where head and feet end, and the line between its two sides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workstation.core.connected import components
from workstation.core.counts import Counts, Picture, counted, smoothed
from workstation.core.lesion import Mask, Roi

BIN = 4  # pixels are summed 4 x 4: counts enough to tell thin limbs from air, and sixteen times less to look at
_AIR = 0.06  # of the body's own level: scattered counts beside the body reach about 0.01, hands and feet pass 0.15
_BAND = 12  # rows (of 4 pixels) of one look at the symmetry
_TRUNK = 10.0  # how far from the outline's midline bones may lie to lead it, in blocks, one sigma
_LEAN = 4.0  # how far bones may lead the midline from that of the outline, in blocks of 4 pixels, one sigma


@dataclass(frozen=True)
class Midline:
    """The column of the patient's middle for each row, through knots, so that a tilted or bent patient keeps two sides.

    rows, columns: the knots, rows ascending; straight between them and level beyond the first and last.
    """

    rows: tuple[float, ...]
    knots: tuple[float, ...]

    def __call__(self, row: float) -> float:
        return float(np.interp(row, self.rows, self.knots))

    def columns(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """The midline's column for each of `rows`."""
        return np.asarray(np.interp(rows, self.rows, self.knots), float)


def binned(counts: NDArray[Any]) -> Picture:
    """Mean counts of blocks of 4 x 4 pixels; what does not fill a block at the lower and right edge is repeated."""
    rows, columns = -counts.shape[0] % BIN, -counts.shape[1] % BIN
    whole = np.pad(counts, ((0, rows), (0, columns)), mode="edge") if rows or columns else counts
    if whole.dtype.kind == "f":
        whole = counted(whole)
    # Along the columns first: whole rows lie together in memory.
    lines = whole.reshape(whole.shape[0] // BIN, BIN, whole.shape[1]).sum(axis=1, dtype=np.float32)
    picture: Picture = sum(lines[:, start::BIN] for start in range(BIN)) * np.float32(1.0 / BIN**2)
    return picture


def body_mask(counts: Counts, blocks: Picture | None = None) -> Mask:
    """Where the patient is, (rows, columns): counts clearly above the air's, in one piece or a few large ones.

    The threshold follows the body's own level, not the hottest spot. A frame without counts gives an empty mask.
    blocks: `binned(counts)` where it is known already.
    """
    coarse = _coarse_body(smoothed(binned(counts) if blocks is None else blocks, 0.7))
    if not coarse.any():
        return np.zeros(counts.shape, bool)
    return _above_half(_between(smoothed(coarse, 0.6), counts.shape[0]), counts.shape[1])


def _edges(start: int) -> tuple[int, np.float32]:
    """Where pixels `start`, `start` + 4, ... lie between the middles of two blocks.

    The first of the two, counted from one block before; and the share of the second.
    """
    at = (start - (BIN - 1) / 2) / BIN + 1
    return int(at), np.float32(at - int(at))


def _between(blocks: Picture, pixels: int) -> Picture:
    """Values of blocks (blocks, columns) at each of `pixels` rows, interpolated; those at the ends are repeated."""
    number = blocks.shape[0]
    edged = np.concatenate([blocks[:1], blocks, blocks[-1:]])
    between = np.empty((number * BIN, blocks.shape[1]), np.float32)
    for start in range(BIN):
        first, share = _edges(start)
        above, below = edged[first : first + number], edged[first + 1 : first + 1 + number]
        between[start::BIN] = above * (1 - share) + below * share
    return between[:pixels]


def _above_half(blocks: Picture, pixels: int) -> Mask:
    """Where values of blocks (rows, blocks), interpolated at each of `pixels` columns, lie above a half."""
    number = blocks.shape[1]
    edged = np.concatenate([blocks[:, :1], blocks, blocks[:, -1:]], axis=1)
    above = np.empty((blocks.shape[0], number * BIN), bool)
    for start in range(BIN):
        first, share = _edges(start)
        left, right = edged[:, first : first + number], edged[:, first + 1 : first + 1 + number]
        above[:, start::BIN] = left * (1 - share) + right * share > 0.5
    return np.ascontiguousarray(above[:, :pixels])


def _coarse_body(picture: Picture) -> Mask:
    """The body on 4 x 4 blocks: the largest piece, and others of at least a fiftieth of it (hands, crossed limbs)."""
    bright = picture[picture > picture.mean()]
    if bright.size == 0:
        return np.zeros(picture.shape, bool)
    pieces = components(picture > _AIR * float(np.median(bright)), at_most=12)
    largest = np.count_nonzero(pieces[0])
    body = np.zeros(picture.shape, bool)
    for piece in pieces:
        if np.count_nonzero(piece) >= max(largest / 50, 8):
            body |= piece
    return body


def extent(mask: Mask) -> tuple[int, int] | None:
    """First and last row of the body; None where it is empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    return (int(rows[0]), int(rows[-1])) if rows.size else None


def midline(counts: Counts, mask: Mask | None = None, blocks: Picture | None = None) -> Midline:
    """The line about which the body is most like its own mirror image.

    Each band of rows gives the column about which its counts match themselves reversed: first by the whole outline,
    then, near that, by the bones, so that a curved spine carries the line with it. Square roots of counts, so that no
    hot spot leads. The bands are joined by a stiff line in which those that disagree (a bent leg, a missing arm) lose
    their say. A frame without a body gives the middle of its columns. blocks: `binned(counts)` where known already.
    """
    mask = body_mask(counts) if mask is None else mask
    found = extent(mask)
    if found is None:
        return Midline((0.0,), ((counts.shape[1] - 1) / 2,))
    blocks = binned(counts) if blocks is None else blocks
    roots = np.sqrt(np.maximum(blocks, 0.0)) * (binned(mask.view(np.uint8)) > 0.5)
    bones = np.maximum(smoothed(roots, 0.7) - smoothed(roots, 5.0), 0.0)
    rows, outline, weights, bands = [], [], [], []
    for first in range(found[0] // BIN, found[1] // BIN + 1, _BAND // 2):
        profile = roots[first : first + _BAND].sum(axis=0).astype(np.float64)
        if not profile.any():
            continue
        match = np.convolve(profile, profile)  # how well the profile fits itself reversed about each half column
        best = int(np.argmax(match))
        rows.append(BIN * (first + _BAND / 2) - 0.5)
        outline.append(_summit(match, best))
        weights.append(float(match[best]) ** 2 / float(profile @ profile))
        bands.append(bones[first : first + _BAND].sum(axis=0).astype(np.float64))
    whole = _joined(np.array(outline), np.array(weights), stiff=30.0)
    # Arms are bones too, but they lie as they like: only what is near the middle counts.
    led = np.array(bands)
    led *= np.exp(-0.5 * ((np.arange(led.shape[1]) - whole[:, None] / 2) / _TRUNK) ** 2)
    likely = np.array([np.convolve(band, band) for band in led])
    bony = np.count_nonzero(likely, axis=1)
    likely *= np.exp(-0.5 * ((np.arange(likely.shape[1]) - whole[:, None]) / (2 * _LEAN)) ** 2)
    summits = likely.argmax(axis=1).tolist()
    middles = [
        _summit(match, at) if any_bones else about
        for match, at, any_bones, about in zip(likely, summits, bony, whole, strict=True)
    ]
    columns = _joined(np.array(middles), np.array(weights), stiff=1.0) * (BIN / 2) + (BIN - 1) / 2
    return Midline(tuple(rows), tuple(float(column) for column in columns))


def _summit(values: NDArray[np.float64], at: int) -> float:
    """The place of a maximum between samples, from the parabola through three of them."""
    if not 0 < at < values.size - 1:
        return float(at)
    before, here, after = values[at - 1 : at + 2]
    bend = before - 2 * here + after
    return at + (0.5 * (before - after) / bend if bend < 0 else 0.0)


def _joined(values: NDArray[np.float64], weights: NDArray[np.float64], stiff: float) -> NDArray[np.float64]:
    """A smooth line through one value per band: least squares with a price on bending, outliers losing their weight."""
    bend = np.diff(np.eye(values.size), 2, axis=0) if values.size > 2 else np.zeros((0, values.size))
    price = stiff * bend.T @ bend
    trust = base = weights / weights.mean()
    line = values
    for _ in range(6):
        system = price.copy()
        system.flat[:: values.size + 1] += trust + 1e-6
        line = np.linalg.solve(system, (trust + 1e-6) * values)
        misses = np.abs(values - line)
        trust = base / (1.0 + (misses / max(2.0 * _median(misses), 1.0)) ** 2)
    return line


def _median(values: NDArray[np.float64]) -> float:
    """`numpy.median` of a few numbers, without the time it takes to begin."""
    ordered = np.sort(values)
    return float(ordered[(values.size - 1) // 2] + ordered[values.size // 2]) / 2


@lru_cache(maxsize=16)  # the linked cursor asks at every movement of the mouse
def view_shift(anterior: Roi, posterior: Roi, columns: int) -> float:
    """By how many columns the mirrored views are apart: `columns - 1 - c + shift` is where column c lies on the other.

    Two detectors facing each other see the same outline, one mirrored; its edges, row by row, tell the shift.
    """
    first, last = (
        max(anterior.top, posterior.top),
        min(anterior.top + anterior.height, posterior.top + posterior.height),
    )
    if last - first < 20:
        return 0.0
    sums = []
    for roi in (anterior, posterior):
        box = roi.box[first - roi.top : last - roi.top]
        left = np.argmax(box, axis=1) + roi.left
        right = box.shape[1] - 1 - np.argmax(box[:, ::-1], axis=1) + roi.left
        sums.append((left + right) / 2.0)
    shift = float(np.median(sums[0] + sums[1])) - (columns - 1)
    return shift if abs(shift) <= columns / 16 else 0.0
