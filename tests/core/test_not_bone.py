"""Marks "not bone": no lesions, and nothing to do with the window."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

import resources
from tests.made_scans import SHAPE, counts
from workstation.core import body, not_bone
from workstation.core.burden import bstbi_counts
from workstation.core.display import bone_window
from workstation.core.lesion import Label, Lesion, Reading, ReadingKey, Roi
from workstation.core.scan import View


def roi(row: int, column: int, size: int = 9) -> Roi:
    made = Roi.from_mask(np.ones((size, size), bool), row - size // 2, column - size // 2)
    assert made is not None
    return made


def test_kinds_are_the_vocabularys() -> None:
    assert tuple(resources.table("vocab/not_bone")) == not_bone.KINDS


def test_a_mark_is_no_lesion_and_survives_its_row() -> None:
    mark = Lesion("L2", {View.ANTERIOR: roi(620, 127)}, Label.NOT_BONE, not_bone.BLADDER)
    lesion = Lesion("L1", {View.ANTERIOR: roi(400, 160)}, Label.MALIGNANT)
    reading = Reading(ReadingKey("S", "anna"), {one.id: one for one in (lesion, mark)})
    assert reading.counted == (lesion,)
    assert Lesion.from_json(json.loads(json.dumps(mark.to_json()))) == mark


def test_the_kind_is_proposed_by_what_lies_there() -> None:
    facts = replace(body.facts(counts(0, View.ANTERIOR), View.ANTERIOR), bladder=roi(620, 127, 31))
    assert not_bone.guess_kind(roi(620, 127), facts) == not_bone.BLADDER
    assert not_bone.guess_kind(roi(900, 127), facts) == not_bone.CONTAMINATION
    assert not_bone.organ_at(facts, (620, 127)) == facts.bladder
    assert not_bone.organ_at(facts, (400, 127)) is None and not_bone.organ_at(facts, (-9, 5000)) is None


def test_burden_leaves_marked_uptake_out() -> None:
    """By hand: 30 of lesion in 30 + 70; the 1,000 of the mark never enter. K s / ((K - 1) s + R - B), K = 5."""
    frame = np.zeros((10, 10), np.uint16)
    frame[0, 0], frame[5, 5], frame[9, 9] = 30, 70, 1000
    lesion = Roi.from_mask(frame == 30)
    mark = Lesion("L2", {View.ANTERIOR: Roi.from_mask(frame == 1000)}, Label.NOT_BONE, "contamination")
    assert lesion is not None
    left_out = not_bone.marked([mark], View.ANTERIOR, (10, 10))
    assert bstbi_counts(frame, lesion.mask((10, 10)), left_out) == 5 * 30 / (4 * 30 + 100)
    assert not not_bone.marked([mark], View.POSTERIOR, (10, 10)).any()


def test_the_window_does_not_follow_a_mark() -> None:
    plain = counts(1, View.ANTERIOR)
    stained = plain.copy()
    stained[300:330, 90:120] = 900
    mark = Lesion("L1", {View.ANTERIOR: roi(315, 105, 31)}, Label.NOT_BONE, "contamination")
    masks = {View.ANTERIOR: not_bone.marked([mark], View.ANTERIOR, SHAPE)}
    bodies = {View.ANTERIOR: plain > 0}
    clean = bone_window({View.ANTERIOR: plain}, bodies, masks)
    assert bone_window({View.ANTERIOR: stained}, bodies, masks) == clean
    assert bone_window({View.ANTERIOR: stained}, bodies).high > 1.5 * clean.high
