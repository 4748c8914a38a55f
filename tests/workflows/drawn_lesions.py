"""Lesions of any shape for the tests of formats: holes, islands, one pixel, at the border, on one view or both."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from workstation.core.lesion import Label, Lesion, Origin, Progress, Reading, ReadingKey, Roi, Verdict
from workstation.core.scan import VIEWS, Frame, How, Scan, View

SIZE = (40, 24)
JUSTIFYING = {Label.MALIGNANT: ("M2",), Label.BENIGN: ("B3",), Label.NOT_BONE: ("bladder",)}
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def rois(draw: Any) -> Roi:
    """Anywhere within SIZE, the last row and column included."""
    box = draw(arrays.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)), fill=st.booleans()))
    if not box.any():
        box[draw(st.integers(0, box.shape[0] - 1)), draw(st.integers(0, box.shape[1] - 1))] = True
    top = draw(st.sampled_from([0, SIZE[0] - box.shape[0], draw(st.integers(0, SIZE[0] - box.shape[0]))]))
    left = draw(st.sampled_from([0, SIZE[1] - box.shape[1], draw(st.integers(0, SIZE[1] - box.shape[1]))]))
    roi = Roi.from_mask(box, top, left)
    assert roi is not None
    return roi


@st.composite
def lesions(draw: Any, number: int = 0) -> Lesion:
    views = draw(st.sets(st.sampled_from(VIEWS), min_size=1))
    label: Label | None = draw(st.sampled_from([None, *Label]))
    return Lesion(
        f"L{number}",
        {view: draw(rois()) for view in VIEWS if view in views},
        label,
        draw(st.sampled_from([None, *JUSTIFYING.get(label, ())])),
        draw(st.sampled_from([None, "rib", "sacrum"])),
        draw(st.sampled_from([None, "left", "midline"])),
        draw(st.sampled_from([None, 1, 3])),
        draw(WORDS | st.sampled_from(["M2", ": x", "B1: = y", "'=1"])),
        draw(st.sampled_from(Origin)),
        draw(st.sampled_from(Origin)),
    )


@st.composite
def readings(draw: Any) -> Reading:
    made = [draw(lesions(number)) for number in range(draw(st.integers(0, 3)))]
    verdict = Verdict(
        draw(st.sampled_from([None, 0, 3])), draw(st.booleans()), draw(st.sampled_from(Progress)), draw(WORDS),
        draw(WORDS),
    )  # fmt: skip
    key = ReadingKey("S1", draw(st.sampled_from(["ann", "R/ead er", "骨"])), draw(st.integers(1, 2)))
    return Reading(key, {lesion.id: lesion for lesion in made}, verdict)


def scan(spacing: tuple[float, float] | None = (2.26, 2.4)) -> Scan:
    """S1, of two views; the pixels follow from the view."""
    frames = {
        view: Frame(
            np.random.default_rng(place).poisson(9, SIZE).astype(np.uint16), view, How.VIEW_CODE, place, spacing
        )
        for place, view in enumerate(VIEWS, 1)
    }
    return Scan("S1", "P1", frames, facts=MappingProxyType({"sop_uid": "1.2.3"}))


PRINTS = {("S1", view): f"{place}" * 64 for place, view in enumerate(VIEWS)}


def mask(lesion: Lesion, view: View) -> np.ndarray:
    return lesion.rois[view].mask(SIZE)
