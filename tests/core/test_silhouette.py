"""Outline and midline, which are found in few passes over arrays, against the same said plainly, band by band."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, label

from workstation.core.counts import smoothed
from workstation.core.silhouette import BIN, Midline, binned, body_mask, extent, midline

_SHAPE = (257, 94)  # neither side is a multiple of a block


def _figure(seed: int, level: float, bend: float) -> np.ndarray:
    """A bent body with a spine, a leg and a speck beside it; Poisson counts."""
    rows, columns = np.mgrid[: _SHAPE[0], : _SHAPE[1]]
    aside = columns - 45 - bend * np.sin(rows / 40)
    body = ((rows - 120) / 100) ** 2 + (aside / 25) ** 2 < 1
    speck = (rows - 60) ** 2 + (columns - 85) ** 2 < 36
    expected = level * (body + 3.0 * (body & (abs(aside) < 4)) + speck + ((aside > 4) & (aside < 12) & (rows > 150)))
    counts: np.ndarray = np.random.default_rng(seed).poisson(gaussian_filter(expected, 1.2)).astype(np.uint16)
    return counts


figures = st.builds(_figure, st.integers(0, 999), st.sampled_from([0.0, 0.3, 3.0, 30.0]), st.floats(-6, 6))


@settings(max_examples=25, deadline=None)
@given(figures)
def test_the_outline(counts: np.ndarray) -> None:
    picture = smoothed(binned(counts), 0.7)
    bright = picture[picture > picture.mean()]
    coarse = np.zeros(picture.shape, bool)
    if bright.size:
        pieces, number = label(picture > 0.06 * float(np.median(bright)))
        sizes = np.bincount(pieces.ravel(), minlength=number + 1)[1:]
        for piece in range(1, number + 1):
            if sizes[piece - 1] >= max(sizes.max() / 50, 8):
                coarse |= pieces == piece
    soft = smoothed(coarse, 0.6).astype(float)
    for axis in (0, 1):
        blocks = np.arange(soft.shape[axis]) * BIN + (BIN - 1) / 2
        pixels = np.arange(_SHAPE[axis])
        soft = np.apply_along_axis(lambda line, p=pixels, b=blocks: np.interp(p, b, line), axis, soft)
    sure = abs(soft - 0.5) > 1e-5
    assert np.array_equal(body_mask(counts)[sure], (soft > 0.5)[sure]) and sure.mean() > 0.99


@settings(max_examples=25, deadline=None)
@given(figures)
def test_the_midline(counts: np.ndarray) -> None:
    found, expected = midline(counts), _plain_midline(counts)
    assert found.rows == expected.rows
    assert np.allclose(found.knots, expected.knots, rtol=0, atol=1e-6)


def _plain_midline(counts: np.ndarray) -> Midline:
    mask = body_mask(counts)
    ends = extent(mask)
    if ends is None:
        return Midline((0.0,), ((counts.shape[1] - 1) / 2,))
    roots = np.sqrt(np.maximum(binned(counts), 0)) * (binned(mask.astype(np.uint8)) > 0.5)
    bones = np.maximum(smoothed(roots, 0.7) - smoothed(roots, 5.0), 0)
    outline, weights, bands, rows = [], [], [], []
    for first in range(ends[0] // BIN, ends[1] // BIN + 1, 6):
        profile = roots[first : first + 12].sum(axis=0).astype(float)
        if profile.any():
            match = np.convolve(profile, profile)
            outline.append(_top(match))
            weights.append(match.max() ** 2 / (profile @ profile))
            bands.append(bones[first : first + 12].sum(axis=0).astype(float))
            rows.append(BIN * (first + 6) - 0.5)
    whole = _stiff(np.array(outline), np.array(weights), 30.0)
    middles = []
    for band, about in zip(bands, whole, strict=True):
        near_band = band * np.exp(-0.5 * ((np.arange(band.size) - about / 2) / 10) ** 2)
        match = np.convolve(near_band, near_band)
        near = np.exp(-0.5 * ((np.arange(match.size) - about) / 8) ** 2)
        middles.append(_top(match * near) if match.any() else about)
    line = _stiff(np.array(middles), np.array(weights), 1.0) * (BIN / 2) + (BIN - 1) / 2
    return Midline(tuple(rows), tuple(line))


def _top(values: np.ndarray) -> float:
    at = int(np.argmax(values))
    if not 0 < at < values.size - 1:
        return at
    bend, slope, _ = np.polyfit([-1, 0, 1], values[at - 1 : at + 2] / values[at], 2)
    return at - slope / (2 * bend) if bend < 0 else at


def _stiff(values: np.ndarray, weights: np.ndarray, stiff: float) -> np.ndarray:
    """Weighted least squares with a price on second differences, not by its normal equations."""
    size = values.size
    bend = np.diff(np.eye(size), 2, axis=0) if size > 2 else np.zeros((0, size))
    base = trust = weights / weights.mean()
    line = values
    for _ in range(6):
        root = np.sqrt(trust + 1e-6)
        system = np.vstack([np.diag(root), np.sqrt(stiff) * bend])
        line = np.linalg.lstsq(system, np.concatenate([root * values, np.zeros(len(bend))]), rcond=None)[0]
        misses = abs(values - line)
        trust = base / (1 + (misses / max(2 * np.median(misses), 1.0)) ** 2)
    return line
