"""Isocontours against lesions whose own noise-free contribution is known: the mask is where it is half its maximum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, label

from workstation.core.isocontour import Contour, ContourSpec, isocontour
from workstation.core.lesion import Mask

SHAPE = (200, 160)
BLUR = 2.2  # sigma of the camera, pixels


def rod(angle: float, width: float, counts: float) -> np.ndarray:
    """A blurred straight bone through the middle of the frame, on soft tissue."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    across = (columns - 80) * np.cos(angle) - (rows - 100) * np.sin(angle)
    return gaussian_filter(12.0 + (counts - 12.0) * (np.abs(across) < width / 2), BLUR)


def spot(at: tuple[float, float], radii: tuple[float, float], angle: float, peak: float) -> np.ndarray:
    """A blurred ellipsoid's projection whose maximum is `peak`; the first radius lies along the rod."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    along = (columns - at[1]) * np.sin(angle) + (rows - at[0]) * np.cos(angle)
    across = (columns - at[1]) * np.cos(angle) - (rows - at[0]) * np.sin(angle)
    picture = gaussian_filter(np.sqrt(np.maximum(1 - (along / radii[0]) ** 2 - (across / radii[1]) ** 2, 0)), BLUR)
    return picture * (peak / picture.max())


def dice(a: Mask, b: Mask) -> float:
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def mask_of(contour: Contour | None) -> Mask:
    assert contour is not None
    return contour.roi.mask(SHAPE)


def trial(rng: np.random.Generator, ratio: float, radius: tuple[float, float], longest: float) -> float:
    """Dice of one click, up to 3 pixels off, on a lesion in a bone; ratio: its peak over the bone's counts."""
    angle, bone = rng.uniform(0, np.pi), rng.uniform(25, 90)
    across = rng.uniform(*radius)
    lesion = spot((100, 80), (across * rng.uniform(1, longest), across), angle, ratio * bone)
    counts = rng.poisson(rod(angle, rng.uniform(10, 24), bone) + lesion).astype(np.uint16)
    away, way = rng.uniform(0, 3), rng.uniform(0, 2 * np.pi)
    contour = isocontour(counts, (100 + away * np.sin(way), 80 + away * np.cos(way)))
    return dice(mask_of(contour), lesion >= lesion.max() / 2)


@pytest.mark.parametrize(("ratio", "radius", "longest", "bar"), [(2.5, (4, 14), 2.0, 0.85), (0.9, (3.5, 6), 1.3, 0.75)])
def test_clicks_find_the_lesion(ratio: float, radius: tuple[float, float], longest: float, bar: float) -> None:
    rng = np.random.default_rng(11)
    found = [trial(rng, ratio, radius, longest) for _ in range(40)]
    assert np.median(found) >= bar


def test_threshold_is_half_way_from_the_bone_to_the_peak() -> None:
    expected = rod(0.3, 14, 40) + spot((100, 80), (6, 6), 0.3, 80)
    contour = isocontour(expected.astype(np.float32), (101, 79))
    assert contour is not None
    assert contour.threshold == pytest.approx((contour.peak + contour.background) / 2)
    assert contour.peak == pytest.approx(expected.max(), rel=0.08)
    assert contour.background == pytest.approx(rod(0.3, 14, 40)[100, 80], rel=0.12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99), st.floats(0.15, 0.6), st.floats(0.02, 0.35), st.sampled_from(["background", "maximum"]))
def test_a_higher_fraction_never_gives_more(seed: int, fraction: float, more: float, mode: str) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rod(1.0, 12, 40) + spot((100, 80), (9, 5), 1.0, 90)).astype(np.uint16)
    wide = isocontour(counts, (99, 81), ContourSpec(mode, fraction))  # type: ignore[arg-type]
    narrow = isocontour(counts, (99, 81), ContourSpec(mode, fraction + more))  # type: ignore[arg-type]
    assert wide is not None and narrow is not None and narrow.threshold > wide.threshold
    assert not (mask_of(narrow) & ~mask_of(wide)).any()
    assert label(mask_of(wide))[1] == 1


def test_percent_of_maximum() -> None:
    counts = spot((100, 80), (12, 12), 0, 200).astype(np.float32)
    contour = isocontour(counts, (100, 80), ContourSpec("maximum", 0.4))
    assert contour is not None and contour.threshold == pytest.approx(0.4 * contour.peak)
    assert dice(mask_of(contour), counts >= 0.4 * counts.max()) > 0.97


def test_plain_bone_is_not_flooded() -> None:
    counts = np.random.default_rng(2).poisson(rod(0.0, 16, 60)).astype(np.uint16)
    for row in range(40, 160, 7):
        mask = mask_of(isocontour(counts, (row, 80)))
        rows = np.flatnonzero(mask.any(axis=1))
        assert rows[-1] - rows[0] <= 60
    assert np.count_nonzero(mask) < 16 * 60


def test_two_spots_stay_two() -> None:
    expected = rod(0.0, 14, 30) + spot((86, 80), (5, 5), 0, 90) + spot((112, 80), (5, 5), 0, 150)
    counts = np.random.default_rng(5).poisson(expected).astype(np.uint16)
    weaker, hotter = mask_of(isocontour(counts, (86, 80))), mask_of(isocontour(counts, (112, 80)))
    assert weaker[86, 80] and hotter[112, 80] and not (weaker & hotter).any()


def test_excluded_pixels_stay_out() -> None:
    counts = np.random.default_rng(7).poisson(rod(0.0, 14, 40) + spot((100, 80), (10, 10), 0, 200)).astype(np.uint16)
    bladder = np.zeros(SHAPE, bool)
    bladder[:, 80:] = True
    assert isocontour(counts, (100, 85), exclude=bladder) is None
    left = mask_of(isocontour(counts, (100, 76), exclude=bladder))
    assert left.any() and not (left & bladder).any()


def test_nothing_there_and_edges() -> None:
    counts = np.zeros(SHAPE, np.uint16)
    assert isocontour(counts, (50, 50)) is None
    assert isocontour(counts, (-3, 50)) is None and isocontour(counts, (50, 160.0)) is None
    corner = spot((0, 0), (8, 8), 0, 150).astype(np.float32)
    assert mask_of(isocontour(corner, (1, 1)))[0, 0]
    tiny = np.full((1, 1), 9, np.uint16)
    alone = isocontour(tiny, (0, 0))
    assert alone is not None and alone.roi.pixels == 1


def test_pixels_of_another_size() -> None:
    """The same lesion on pixels half as large is the same lesion."""
    expected = rod(0.5, 16, 40) + spot((100, 80), (8, 8), 0.5, 120)
    fine = np.kron(expected, np.ones((2, 2))).astype(np.float32)
    coarse = isocontour(expected.astype(np.float32), (100, 80), spacing_mm=(2.3, 2.3))
    double = isocontour(fine, (200.5, 160.5), spacing_mm=(1.15, 1.15))
    assert coarse is not None and double is not None
    assert double.roi.pixels == pytest.approx(4 * coarse.roi.pixels, rel=0.12)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0])
def test_a_fraction_lies_between(fraction: float) -> None:
    with pytest.raises(ValueError):
        ContourSpec("background", fraction)


@pytest.mark.parametrize("highest", [1e30, 3.4e38])
@pytest.mark.parametrize("mode", ["background", "maximum"])
def test_counts_that_run_over_end_the_search(highest, mode):
    counts = np.random.default_rng(1).uniform(0, 20, (200, 80)).astype(np.float32)
    counts[100:105, 30:40] = highest
    with np.errstate(all="ignore"):
        for at in ((102, 35), (98, 31), (110, 45), (5, 5)):
            isocontour(counts, at, ContourSpec(mode=mode))
