"""Each check with a reading made to fail it, and none with a reading that fits together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.made_scans import SHAPE, counts
from workstation.core import body
from workstation.core.checks import CheckFacts, Kind, findings
from workstation.core.criteria import CriteriaFacts
from workstation.core.lesion import Label, Lesion, Progress, Reading, ReadingKey, Roi, Verdict
from workstation.core.scan import Frame, How, Scan, View

KEY = ReadingKey("S1", "anna")
FRAMES = {view: Frame(counts(1, view), view, How.VIEW_CODE, 1, (2.26, 2.26)) for view in View}
SCAN = Scan("S1", "P1", FRAMES)
BODIES = {view: body.facts(frame.counts, view) for view, frame in FRAMES.items()}
FACTS = CheckFacts(CriteriaFacts("2020-01-10"), BODIES)


def disc(row: float, column: float, radius: float = 4.0) -> Roi:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    roi = Roi.from_mask((rows - row) ** 2 + (columns - column) ** 2 <= radius**2)
    assert roi is not None
    return roi


def lesion(name: str, row: float = 400, column: float = 160, views: Iterable[View] = View, **said: Any) -> Lesion:
    """On both views, at `column` of the anterior one; without complaint unless `said` gives cause."""
    rois = {
        view: disc(row, column if view is View.ANTERIOR else SHAPE[1] - 1 - column, said.get("radius", 4.0))
        for view in views
    }
    said.pop("radius", None)
    return Lesion(name, rois, **{"label": Label.BENIGN, **said})


def kinds(*lesions: Lesion, facts: CheckFacts = FACTS, scan: Scan = SCAN, **verdict: Any) -> list[tuple[Kind, Any]]:
    reading = Reading(KEY, {one.id: one for one in lesions}, Verdict(**verdict))
    return [(found.kind, found.lesion) for found in findings(scan, reading, facts)]


def test_a_reading_that_fits_together_has_no_findings() -> None:
    left = lesion("L1", column=170, side="left", region="rib")
    proven = lesion(
        "L2", row=300, label=Label.MALIGNANT, criterion="M1", evidence="CT", evidence_date="2020-01-02", side="left"
    )
    assert kinds(left, proven, grade=3, progress=Progress.DONE) == []
    assert kinds(grade=0, progress=Progress.DONE) == []


def test_labels_and_their_reasons() -> None:
    assert kinds(lesion("L1", label=None)) == [(Kind.UNLABELLED, "L1")]
    assert kinds(lesion("L1", label=Label.MALIGNANT)) == [(Kind.NO_CRITERION, "L1")]
    m1 = lesion("L1", label=Label.MALIGNANT, criterion="M1")
    reading = Reading(KEY, {"L1": m1})
    (found,) = findings(SCAN, reading, FACTS)
    assert found.kind is Kind.EVIDENCE and "examination is missing" in found.sentence and "day" in found.sentence
    m4 = lesion("L1", label=Label.MALIGNANT, criterion="M4")
    near = CheckFacts(CriteriaFacts("2020-01-10", ("2019-12-10",)), BODIES)
    apart = CheckFacts(CriteriaFacts("2020-01-10", ("2019-10-12",)), BODIES)  # 90 days
    assert kinds(m4, facts=near) == [(Kind.EVIDENCE, "L1")]
    assert kinds(m4, facts=apart) == []
    m3 = lesion("L1", label=Label.MALIGNANT, criterion="M3")
    assert kinds(m3) == [(Kind.EVIDENCE, "L1")]
    assert kinds(m3, facts=CheckFacts(CriteriaFacts("2020-01-10", (), "2019-12-01"), BODIES)) == []


@pytest.mark.parametrize(
    ("label", "criterion"),
    [(Label.BENIGN, "M1"), (Label.MALIGNANT, "B2"), (Label.UNCERTAIN, "M2"), (Label.NOT_BONE, "M1"),
     (Label.BENIGN, "bladder")],
)  # fmt: skip
def test_a_criterion_of_another_label(label: Label, criterion: str) -> None:
    assert kinds(lesion("L1", label=label, criterion=criterion)) == [(Kind.CRITERION, "L1")]


def test_overlap_is_told_once_a_pair_and_touching_is_none() -> None:
    one, over, beside = lesion("L1"), lesion("L2", column=163), lesion("L3", column=173)
    assert kinds(one, over, beside) == [(Kind.OVERLAP, "L2")]
    reading = Reading(KEY, {"L1": one, "L2": replace(one, id="L2")})
    assert "lesion 1: 100%" in findings(SCAN, reading, FACTS)[0].sentence


def test_a_lesion_over_a_mark_that_is_no_bone() -> None:
    mark = lesion("L1", label=Label.NOT_BONE, criterion="bladder", row=620, column=128)
    assert kinds(mark, lesion("L2", row=622, column=128)) == [(Kind.NOT_BONE, "L2")]
    assert kinds(lesion("L2", row=622, column=128), mark) == [(Kind.NOT_BONE, "L2")]
    assert kinds(mark, replace(mark, id="L2")) == []


def test_outside_the_body_and_outside_the_frame() -> None:
    air = lesion("L1", row=30, column=20)
    assert kinds(air) == [(Kind.OUTSIDE, "L1")]
    assert kinds(replace(air, label=Label.NOT_BONE, criterion="contamination")) == []
    gone = Lesion("L1", {View.ANTERIOR: Roi(5000, 5000, 1, 1, b"\x80")}, Label.BENIGN)
    assert kinds(gone) == [(Kind.OUTSIDE, "L1")]
    empty = Lesion("L1", {View.ANTERIOR: Roi(400, 160, 1, 1, b"\x00")}, Label.BENIGN)
    assert kinds(empty, replace(empty, id="L2")) == [(Kind.OUTSIDE, "L1"), (Kind.OUTSIDE, "L2")]
    alone = Scan("S1", "P1", {View.ANTERIOR: FRAMES[View.ANTERIOR]})
    assert kinds(Lesion("L1", {View.POSTERIOR: disc(400, 160)}, Label.BENIGN), scan=alone) == [(Kind.OUTSIDE, "L1")]


def test_one_view_only() -> None:
    low = {"row": 700, "column": 150, "region": "femur"}
    assert (Kind.ONE_VIEW, "L1") in kinds(lesion("L1", views=[View.ANTERIOR], **low))
    assert (Kind.ONE_VIEW, "L1") not in kinds(lesion("L1", **low))
    assert kinds(lesion("L1", views=[View.ANTERIOR], region="rib", column=170)) == []
    alone = Scan("S1", "P1", {View.ANTERIOR: FRAMES[View.ANTERIOR]})
    assert (Kind.ONE_VIEW, "L1") not in kinds(lesion("L1", views=[View.ANTERIOR], **low), scan=alone)


@pytest.mark.parametrize("views", [list(View), [View.ANTERIOR], [View.POSTERIOR]])
def test_side_against_position(views: list[View]) -> None:
    # Column 170 of the anterior view lies right of the picture's middle: the patient's left.
    assert kinds(lesion("L1", column=170, views=views, side="left")) == []
    assert kinds(lesion("L1", column=170, views=views, side="right")) == [(Kind.SIDE, "L1")]
    assert kinds(lesion("L1", column=130, views=views, side="right")) == []  # near the middle nobody can tell


def test_region_against_position() -> None:
    assert kinds(lesion("L1", row=180, column=128, region="cervical_spine")) == []
    assert kinds(lesion("L1", row=180, column=128, region="lumbar_spine")) == [(Kind.REGION, "L1")]
    assert kinds(lesion("L1", row=180, column=128, region="other")) == []


def test_grade_against_lesions_and_empty_readings() -> None:
    bad = lesion("L1", label=Label.MALIGNANT, criterion="M1", evidence="CT", evidence_date="2020-01-02")
    assert kinds(bad, grade=1) == [(Kind.GRADE, None)]
    assert kinds(bad, grade=2) == []
    assert kinds(lesion("L1"), grade=2) == [(Kind.GRADE, None)]
    assert kinds(grade=3, diffuse=True) == []
    assert kinds(lesion("L1", label=Label.UNCERTAIN), grade=2) == []
    assert kinds(progress=Progress.DONE) == [(Kind.EMPTY, None)]
    assert kinds(progress=Progress.NEW) == []
    assert kinds(bad, grade=0, progress=Progress.EXCLUDED, reason="quality") == []


def test_without_a_body_nothing_of_place_is_said() -> None:
    blank = {view: Frame(np.zeros(SHAPE, np.uint16), view, How.VIEW_CODE) for view in View}
    bodies = {view: body.facts(frame.counts, view) for view, frame in blank.items()}
    said = lesion("L1", column=170, side="right", region="skull")
    assert kinds(said, facts=CheckFacts(bodies=bodies), scan=Scan("S1", "P1", blank)) == []
    assert kinds(said, facts=CheckFacts()) == []
