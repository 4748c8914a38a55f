"""Lesions carried over between the two scans of simulated patients, of whom the truth knows which lesion is which."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from workstation.core import body, carry_over
from workstation.core.lesion import Label, Lesion, Origin, Roi
from workstation.core.scan import VIEWS, Frame, How, View
from workstation.phantom import patient
from workstation.phantom.cohorts import COHORTS


def seen(counts: np.ndarray, spacing=(2.4, 2.4)) -> dict[View, carry_over.Seen]:
    parts = zip(VIEWS, counts, strict=True)
    frames = {view: Frame(np.asarray(part), view, How.VIEW_CODE, 1, spacing) for view, part in parts}
    return {
        view: carry_over.seen(frame, body.facts(frame.counts, view, frame.spacing_mm))
        for view, frame in frames.items()
    }


def rois_of(masks: np.ndarray) -> dict[View, Roi]:
    return {view: roi for view, mask in zip(VIEWS, masks, strict=True) if (roi := Roi.from_mask(mask)) is not None}


@pytest.fixture(scope="module")
def pairs():
    """(scan before, scan now, ids of the lesions visible in both) of simulated patients."""
    found = []
    for number in (0, 7, 19, 23):  # with an earlier scan; many lesions, and few
        scans = patient.simulate(COHORTS["demo"], 5, number)
        for before, now in zip(scans, scans[1:], strict=False):
            shared = {one.id for one in before.lesions if one.visible} & {one.id for one in now.lesions if one.visible}
            if shared:
                found.append((before, now, shared))
    return found


def test_visible_lesions_come_to_lie_on_themselves(pairs, record_property) -> None:
    right = wrong = 0
    dice = []
    for before, now, shared in pairs:
        lesions = [Lesion(one.id, rois_of(one.masks), Label.BENIGN) for one in before.lesions if one.id in shared]
        truth = {one.id: one.masks for one in now.lesions}
        for then, new in carry_over.carried(lesions, seen(before.counts), seen(now.counts)):
            masks = dict(zip(VIEWS, truth[then.id], strict=True))
            drawn = {view: roi.mask(masks[view].shape) for view, roi in new.rois.items()}
            hit = sum(int((masks[view] & mask).sum()) for view, mask in drawn.items())
            right, wrong = right + (hit > 0), wrong + (hit == 0)
            dice.append(2 * hit / (sum(masks[v].sum() for v in masks) + sum(mask.sum() for mask in drawn.values())))
            assert new.roi_origin is Origin.CARRIED_OVER is new.label_origin and new.same_as_before
            assert new.label is Label.BENIGN and new.id != then.id
    share = right / (right + wrong)
    print(f"carried to the right lesion: {right} of {right + wrong} ({share:.2f}), mean Dice {np.mean(dice):.2f}")
    record_property("carried_right", share)
    assert right + wrong >= 10
    assert share >= 0.8


def test_the_same_scan_moved_by_a_known_way(pairs) -> None:
    """The body a few rows lower, and each column six to the right: places follow to the pixel."""
    before, _, shared = pairs[0]
    counts = np.asarray(before.counts)
    then, now = seen(counts), seen(np.roll(counts, (9, 6), (1, 2)))
    for lesion in before.lesions:
        for view, roi in rois_of(lesion.masks).items():
            row, column = carry_over.place(then[view], now[view], roi.centre)
            assert abs(row - roi.centre[0] - 9) <= 1.5 and abs(column - roi.centre[1] - 6) <= 1.5


def test_another_pixel_spacing_scales_the_region() -> None:
    frame = np.zeros((2, 300, 120), np.uint16)
    frame[:, 20:280, 30:90] = 20
    fine = np.repeat(np.repeat(frame, 2, axis=1), 2, axis=2)
    before, now = seen(frame, (4.0, 4.0)), seen(fine, (2.0, 2.0))
    roi = Roi.from_mask(np.ones((6, 4), bool), 100, 60)
    assert roi is not None
    made = carry_over.moved(roi, before[View.ANTERIOR], now[View.ANTERIOR], (205.5, 123.5))
    assert made is not None and made.height == 12 and made.width == 8


def test_marks_and_empty_scans_carry_nothing(pairs) -> None:
    before, _, _ = pairs[0]
    lesion = Lesion("1", rois_of(before.lesions[0].masks), Label.NOT_BONE, "bladder")
    scan = seen(before.counts)
    assert carry_over.carried([lesion], scan, scan) == ()
    empty = seen(np.zeros_like(before.counts))
    assert carry_over.carried([replace(lesion, label=None)], scan, empty) == ()
