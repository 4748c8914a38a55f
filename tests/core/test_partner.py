"""The ROI proposed on the other view, against lesions put into both views at mirrored places."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter

from workstation.core.delineate import find_partner, isocontour, mirror, propose_partner
from workstation.core.lesion import Roi
from workstation.core.scan import Frame, How, View

SHAPE = (300, 120)


def body_picture() -> np.ndarray:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    picture = np.where(((rows - 150) / 130) ** 2 + ((columns - 55) / 40) ** 2 < 1, 20.0, 0.2)
    picture[(np.abs(columns - 55) < 5) & (np.abs(rows - 150) < 120)] = 50
    return gaussian_filter(picture, 1.5)


def hot(at: tuple[int, int], counts: float) -> np.ndarray:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return gaussian_filter(counts * ((rows - at[0]) ** 2 + (columns - at[1]) ** 2 < 30), 1.5)


def frames(front: np.ndarray, back: np.ndarray) -> tuple[Frame, Frame]:
    """Both views; `back` is given as seen from the front, as the front is."""
    rng = np.random.default_rng(4)
    return (
        Frame(rng.poisson(front).astype(np.uint16), View.ANTERIOR, How.VIEW_CODE),
        Frame(rng.poisson(back[:, ::-1]).astype(np.uint16), View.POSTERIOR, How.VIEW_CODE),
    )


def test_snaps_to_the_uptake_there() -> None:
    plain = body_picture()
    front, back = frames(plain + hot((140, 72), 90), plain + hot((143, 74), 120))
    contour = isocontour(front.counts, (140, 72))
    assert contour is not None
    found = find_partner(contour.roi, front, back)
    assert found is not None and found.snapped
    row, column = found.roi.centre
    assert abs(row - 143) < 1.5 and abs(column - (119 - 74)) < 1.5
    assert propose_partner(contour.roi, front, back) == found.roi


def test_else_the_mirrored_roi_itself() -> None:
    plain = body_picture()
    front, back = frames(plain + hot((140, 72), 90), plain)
    contour = isocontour(front.counts, (140, 72))
    assert contour is not None
    found = find_partner(contour.roi, front, back)
    assert found is not None and not found.snapped
    assert abs(found.roi.pixels - contour.roi.pixels) <= 2
    assert abs(found.roi.centre[1] - (119 - contour.roi.centre[1])) < 1.5


def test_nothing_outside_the_body() -> None:
    front, back = frames(body_picture(), body_picture())
    beside = Roi.from_mask(np.ones((6, 6), bool), 10, 110)
    assert beside is not None
    assert find_partner(beside, front, back) is None
    outside = Roi.from_mask(np.ones((6, 6), bool), 400, 20)
    assert outside is not None
    assert propose_partner(outside, front, back) is None


@given(arrays(bool, (5, 7)), st.integers(0, 20), st.integers(4, 30), st.integers(-3, 3))
def test_mirroring(mask: np.ndarray, top: int, left: int, shift: int) -> None:
    roi = Roi.from_mask(mask, top, left)
    if roi is None:
        return
    there = mirror(roi, 60, shift)
    expected = np.roll(roi.mask((40, 60))[:, ::-1], shift, axis=1)
    assert np.array_equal(there.mask((40, 60)), expected)
    assert mirror(there, 60, shift) == roi
