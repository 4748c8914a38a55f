"""The body in the one real scan and in figures drawn with known midline, bladder and injection site."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation, gaussian_filter

import resources
from workstation.core import body
from workstation.core.body import BodyFacts
from workstation.core.display import bone_window
from workstation.core.isocontour import isocontour
from workstation.core.lesion import Roi
from workstation.core.regions import region_at, regions
from workstation.core.scan import View
from workstation.core.silhouette import view_shift
from workstation.dicom.read import read_object

SHAPE = (512, 128)


@pytest.fixture(scope="module")
def real_counts(real_scan_path: Path) -> np.ndarray:
    return read_object(real_scan_path, real_scan_path.name).frames[0].counts


@pytest.fixture(scope="module")
def real(real_counts: np.ndarray) -> BodyFacts:
    return body.facts(real_counts, View.ANTERIOR)


def figure(tilt: float = 0.0, middle: float = 64.0) -> tuple[np.ndarray, np.ndarray]:
    """A person of ellipses on a midline tilted by `tilt` columns a row, expected counts; and that midline."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    line = middle + tilt * (np.arange(SHAPE[0]) - 256)
    aside = np.abs(columns - line[:, None])
    picture = np.full(SHAPE, 0.2)

    def part(row: float, offset: float, height: float, width: float, counts: float) -> None:
        inside = ((rows - row) / height) ** 2 + ((aside - offset) / width) ** 2 < 1
        picture[inside] = np.maximum(picture[inside], counts)

    part(60, 0, 25, 16, 25)  # head
    part(170, 0, 95, 34, 20)  # trunk
    part(150, 0, 90, 4, 60)  # spine
    part(200, 44, 80, 6, 12)  # arms
    part(350, 14, 120, 11, 15)  # legs
    part(350, 14, 110, 3, 28)
    part(225, 20, 12, 8, 45)  # pelvis
    return gaussian_filter(picture, 1.5), line


def test_the_real_scan(real: BodyFacts, real_counts: np.ndarray) -> None:
    # What was measured by hand on it: rows 86 to 857, 115,653 pixels of body, bladder's maximum at (420, 143).
    assert real.first == pytest.approx(86, abs=5) and real.last == pytest.approx(857, abs=5)
    assert real.body is not None and real.body.pixels == pytest.approx(115_653, rel=0.04)
    assert real.bladder is not None and real.bladder.mask(real.shape)[420, 143]
    assert 400 < real.bladder.pixels < 1000
    assert real.injection is not None and real.injection.mask(real.shape)[478, 234]
    assert not real.upside_down
    assert body.facts(real_counts[::-1].copy(), View.ANTERIOR).upside_down
    # The skull's middle, the curve of the lumbar spine, the gap between the knees.
    assert real.midline(130) == pytest.approx(136, abs=5)
    assert real.midline(350) == pytest.approx(146, abs=7)
    assert real.midline(620) == pytest.approx(129, abs=6)


def test_the_real_scan_is_windowed_for_bones(real: BodyFacts, real_counts: np.ndarray) -> None:
    window = bone_window(
        {View.ANTERIOR: real_counts}, {View.ANTERIOR: real.body_mask}, {View.ANTERIOR: real.excluded_mask}
    )
    assert 90 < window.high < 140  # sternum 101 to 123 is dark, the bladder's 278 does not count


@pytest.mark.parametrize(
    ("at", "region", "side"),
    [
        ((105, 135), "skull", "midline"),
        ((155, 137), "face", "midline"),
        ((215, 139), "sternum", "midline"),
        ((213, 68), "shoulder", "right"),
        ((260, 90), "rib", "right"),
        ((360, 146), "lumbar_spine", "midline"),
        ((440, 185), "hip", "left"),
        ((545, 180), "femur", "left"),
        ((623, 157), "knee", "left"),
        ((720, 85), "tibia_fibula", "right"),
    ],
)
def test_places_of_the_real_scan(real: BodyFacts, at: tuple[int, int], region: str, side: str) -> None:
    assert real.guess_region(at) == (region, side)


@settings(max_examples=15, deadline=None)
@given(st.floats(-0.06, 0.06), st.floats(58, 70), st.integers(0, 99))
def test_a_tilted_patient_keeps_two_sides(tilt: float, middle: float, seed: int) -> None:
    expected, line = figure(tilt, middle)
    counts = np.random.default_rng(seed).poisson(expected).astype(np.uint16)
    found = body.facts(counts, View.ANTERIOR)
    rows = np.arange(60, 440)
    assert np.abs(found.midline.columns(rows) - line[rows]).max() < 4
    outline = gaussian_filter(expected, 1) > 2
    assert np.count_nonzero(outline & ~found.body_mask) < 0.02 * np.count_nonzero(outline)
    # Seen on blocks of 4 pixels: the outline is right within two of them.
    assert not (found.body_mask & ~binary_dilation(outline, np.ones((3, 3)), iterations=8)).any()
    assert found.bladder is None and found.injection is None and not found.upside_down


def test_bladder_and_injection_site_are_found_and_a_sacral_spot_is_not() -> None:
    expected, line = figure()
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    pool = ((rows - 222) / 8) ** 2 + ((columns - 64) / 9) ** 2 < 1
    depot = (rows - 250) ** 2 + (columns - 20) ** 2 < 9
    hot = expected + gaussian_filter(300.0 * pool + 250.0 * depot, 1.5)
    found = body.facts(np.random.default_rng(1).poisson(hot).astype(np.uint16), View.ANTERIOR)
    assert found.bladder is not None and found.injection is not None
    mask = found.bladder.mask(SHAPE)
    assert 2 * np.count_nonzero(mask & pool) / (mask.sum() + pool.sum()) > 0.75
    assert found.injection.mask(SHAPE)[250, 20]
    assert (found.excluded_mask == (mask | found.injection.mask(SHAPE))).all()
    aside = ((rows - 222) / 5) ** 2 + ((columns - 92) / 5) ** 2 < 1  # as hot, but in the iliac bone
    spot = expected + gaussian_filter(300.0 * aside, 1.5)
    assert body.facts(np.random.default_rng(1).poisson(spot).astype(np.uint16), View.ANTERIOR).bladder is None


@pytest.mark.parametrize("counts", [np.zeros((64, 16)), np.full((64, 16), 7), np.zeros((1, 1)), np.full((3, 500), 2)])
def test_frames_that_hold_nobody(counts: np.ndarray) -> None:
    for kind in (np.uint16, np.float32):
        found = body.facts(counts.astype(kind), View.POSTERIOR)
        assert found.body_mask.shape == counts.shape and found.excluded_mask.shape == counts.shape
        assert np.isfinite(found.midline.columns(np.arange(len(counts)))).all()
    assert body.facts(np.zeros((64, 16), np.uint16), View.ANTERIOR).guess_region((3, 3)) == (None, None)


def test_broken_counts_do_no_harm() -> None:
    counts = figure()[0].astype(np.float32)
    counts[100, 60], counts[300, 70], counts[5, 5] = np.nan, np.inf, -np.inf
    found = body.facts(counts, View.ANTERIOR)
    assert found.body is not None and found.body.pixels > 5000
    isocontour(counts, (100, 62))


def test_every_region_is_in_the_vocabulary() -> None:
    vocabulary = resources.table("vocab/regions")
    assert regions() <= set(vocabulary)
    for down in np.linspace(0, 1, 60):
        for aside in np.linspace(-0.16, 0.16, 33):
            for view in View:
                region, side = region_at(down, aside, view)
                assert (region is None) == (side is None)
                if region is not None and vocabulary[region]["paired"]:
                    assert side == ("left" if aside > 0 else "right")


@given(st.floats(0, 1), st.floats(0.007, 0.16))
def test_sides_are_the_patients(down: float, aside: float) -> None:
    line = body.midline(np.zeros((100, 41), np.uint16))
    box = Roi.from_mask(np.ones((100, 41), bool))
    for view in View:
        facts = BodyFacts(view, (100, 41), box, 0, 99, line, 10.0)
        _, right_of_picture = facts.guess_region((99 * down, 20 + 99 * aside))
        _, left_of_picture = facts.guess_region((99 * down, 20 - 99 * aside))
        if right_of_picture is not None:
            expected = ("left", "right") if view is View.ANTERIOR else ("right", "left")
            assert (right_of_picture, left_of_picture) == expected


@given(st.integers(-6, 6), st.integers(0, 99))
def test_views_apart_by_some_columns(shift: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, width = rng.integers(30, 40, 60), rng.integers(20, 30, 60)
    mask = np.zeros((60, 100), bool)
    for row in range(60):
        mask[row, left[row] : left[row] + width[row]] = True
    there = Roi.from_mask(np.roll(mask[:, ::-1], shift, axis=1))
    here = Roi.from_mask(mask)
    assert here is not None and there is not None
    assert view_shift(here, there, 100) == shift
