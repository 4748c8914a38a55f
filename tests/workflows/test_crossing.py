"""Outlines that cross themselves hold the same pixels whichever way they come in: drawn, by command, labelme, COCO.

The rule is stated in core.drawn: what the line winds around belongs to it, and so do the pixels it runs through. The
winding is worked out here by the angle under which a pixel's centre sees the line go round, not by crossings.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made_scans import SHAPE, new_scan
from workstation.core.delineate import polygon_mask
from workstation.core.lesion import ReadingKey
from workstation.core.scan import View
from workstation.store.library import Library
from workstation.workflows import annotate, labels_coco
from workstation.workflows.labelme_shapes import roi_of

# (row, column), half pixels, so that no centre lies on a line.
EIGHT = [(10.5, 10.5), (30.5, 30.25), (10.5, 30.5), (30.5, 10.25)]
STAR = [(20 + 15 * math.sin(at * 0.8 * math.pi + 0.1), 20 + 15 * math.cos(at * 0.8 * math.pi + 0.1)) for at in range(5)]
TWICE = [(10.5, 10.5), (10.5, 40.5), (40.5, 40.5), (40.5, 10.5), (15.3, 15.6), (15.5, 35.5), (35.5, 35.5), (35.6, 15.3)]
BACK = [(5.5, 5.5), (30.5, 5.5), (30.5, 40.5), (5.5, 40.5), (20.5, 20.5), (45.5, 20.5), (45.5, 60.5), (20.5, 60.5)]
FIGURES = {"eight": EIGHT, "star": STAR, "twice round": TWICE, "back over itself": BACK}


def winding(points: list[tuple[float, float]], size: tuple[int, int]) -> np.ndarray:
    """How often the closed line goes round each pixel's centre, from the turns of the line of sight along it."""
    centres = np.stack(np.mgrid[: size[0], : size[1]], axis=-1).astype(float)
    turns = np.zeros(size)
    for start, end in zip(points, [*points[1:], points[0]], strict=True):
        a, b = np.asarray(start) - centres, np.asarray(end) - centres
        turns += np.arctan2(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0], (a * b).sum(-1))
    return np.rint(turns / (2 * np.pi)).astype(int)


@pytest.mark.parametrize("name", FIGURES)
def test_every_way_in_gives_the_same_pixels(name: str, clinical: Library, tmp_path: Path) -> None:
    points = FIGURES[name]
    expected = winding(points, SHAPE) != 0
    loops = np.abs(winding(points, SHAPE))
    assert expected.any() and (loops.max() > 1 or len({*np.sign(winding(points, SHAPE)).ravel()}) == 3), "it crosses"
    assert (polygon_mask(points, SHAPE) == expected).all(), "drawn in the window, and by a hand"

    corners: list[Any] = [[column + 0.5, row + 0.5] for row, column in points]
    labelme = roi_of({"shape_type": "polygon", "points": corners}, SHAPE)
    assert (labelme.mask(SHAPE) == expected).all()
    coco = labels_coco._roi([[at for corner in corners for at in corner]], SHAPE)
    assert (coco.mask(SHAPE) == expected).all()

    clinical.add_scans([new_scan(0)])
    edit = {"do": "add", "view": "anterior", "polygon": [list(map(float, point)) for point in points]}
    (answer,) = annotate.run(clinical, "S000", "anna", [json.dumps(edit).encode()])
    assert answer.ok
    (lesion,) = clinical.session(ReadingKey("S000", "anna")).reading.lesions.values()
    assert (lesion.rois[View.ANTERIOR].mask(SHAPE) == expected).all()


def test_a_line_without_an_inside_is_the_pixels_it_runs_through_or_refused(clinical: Library) -> None:
    """Forth and back: nothing is wound around."""
    clinical.add_scans([new_scan(0)])
    on, between = [[10, 10], [10, 14], [10, 10]], [[10.5, 10.25], [10.5, 14.25], [10.5, 10.25]]
    lines = [json.dumps({"do": "add", "view": "anterior", "polygon": line}).encode() for line in (on, between)]
    first, second = annotate.run(clinical, "S000", "anna", lines)
    assert first.ok and not second.ok and second.reason == "The polygon holds the centre of no pixel."
    (lesion,) = clinical.session(ReadingKey("S000", "anna")).reading.lesions.values()
    assert lesion.rois[View.ANTERIOR].pixels == 5
