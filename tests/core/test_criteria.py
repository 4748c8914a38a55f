"""What a criterion asks for, case by case as paper A words it; days and status beside other ways to reckon them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

import resources
from workstation.core import clinical, criteria, days
from workstation.core.clinical import Clinical, Measured, Standing
from workstation.core.criteria import CriteriaFacts, missing
from workstation.core.lesion import Label, Lesion, Roi
from workstation.core.scan import View

LESION = Lesion("L1", {View.ANTERIOR: Roi(3, 3, 1, 1, b"\x80")}, Label.MALIGNANT)
DAY = "2024-06-01"


@pytest.mark.parametrize(
    ("criterion", "evidence", "on", "facts", "found"),
    [
        (None, None, None, CriteriaFacts(DAY), ()),
        ("B2", None, None, CriteriaFacts(DAY), ()),
        ("M1", None, None, CriteriaFacts(DAY), (criteria.EXAMINATION, criteria.EXAMINATION_DAY)),
        ("M1", "CT", None, CriteriaFacts(DAY), (criteria.EXAMINATION_DAY,)),
        ("M1", "CT", "2024-06-20", CriteriaFacts(DAY), ()),
        ("B1", None, "2024-06-20", CriteriaFacts(DAY), (criteria.EXAMINATION,)),
        ("B1", "follow-up", "2024-06-20", CriteriaFacts(DAY), (criteria.NO_PICTURE,)),
        ("M2", None, None, CriteriaFacts(DAY), (criteria.PRIOR,)),
        ("M2", None, None, CriteriaFacts(DAY, ("2024-07-01",)), (criteria.PRIOR,)),
        ("M2", None, None, CriteriaFacts(DAY, ("2024-05-31",)), ()),
        ("M2", None, DAY, CriteriaFacts(DAY, ("2024-01-01",)), (criteria.PRIOR_DAY,)),
        ("M4", None, None, CriteriaFacts(DAY, ("2024-03-04",)), (criteria.PRIOR_APART,)),  # 89 days
        ("M4", None, None, CriteriaFacts(DAY, ("2024-03-03",)), ()),  # 90 days
        ("M4", None, "2024-03-04", CriteriaFacts(DAY, ("2023-03-03",)), (criteria.PRIOR_APART,)),
        ("M4", None, "2024-03-03", CriteriaFacts(DAY), ()),
        ("M4", None, None, CriteriaFacts(None), (criteria.PRIOR,)),
        ("M3", None, None, CriteriaFacts(DAY), (criteria.TREATMENT,)),
        ("M3", None, None, CriteriaFacts(DAY, (), "2024-04-01"), ()),
        ("M3", None, "2024-05-01", CriteriaFacts(DAY), ()),
        ("M3", None, None, CriteriaFacts(DAY, (), "2024-06-02"), (criteria.TREATMENT_DAY,)),
    ],
)
def test_what_is_missing(
    criterion: str | None, evidence: str | None, on: str | None, facts: CriteriaFacts, found: tuple[str, ...]
) -> None:
    assert missing(replace(LESION, criterion=criterion, evidence=evidence, evidence_date=on), facts) == found


def test_every_examination_has_its_name() -> None:
    assert tuple(resources.table("vocab/examinations")) == criteria.EXAMINATIONS
    asked = criteria.BY_EXAMINATION | criteria.BY_PRIOR | criteria.BY_TREATMENT
    assert asked <= set(resources.table("vocab/criteria"))


def test_every_criterion_justifies_the_label_its_table_names() -> None:
    told = {key: Label(row["label"]) for key, row in resources.table("vocab/criteria").items()}
    told |= dict.fromkeys(resources.table("vocab/not_bone"), Label.NOT_BONE)
    assert told == criteria.JUSTIFIED
    for criterion, justified in told.items():
        for label in (*Label, None):
            assert (criteria.against_label(criterion, label) is None) == (label is justified)
    assert criteria.against_label(None, Label.BENIGN) is None


def test_a_lesion_without_evidence_is_written_as_ever() -> None:
    assert "evidence" not in LESION.to_json()
    full = replace(LESION, criterion="M1", evidence="MRI", evidence_date="2024-01-02")
    assert Lesion.from_json(full.to_json()) == full
    assert Lesion.from_json(LESION.to_json()) == LESION


@given(st.dates(), st.dates())
def test_days_are_those_of_the_calendar(first: date, second: date) -> None:
    assert days.between(first.isoformat(), second.isoformat()) == (second - first).days


@pytest.mark.parametrize("text", ["2024-02-30", "2024-2-3", "20240203", "", None, "2024-02-03T00", "2024-13-01"])
def test_what_is_no_day(text: object) -> None:
    assert not days.is_day(text)


def test_status() -> None:
    assert clinical.standing(None, None) == Standing(None, None, False)
    assert clinical.standing(None, 2) == Standing(True, "grade", False)
    assert clinical.standing(None, 1) == Standing(False, "grade", False)
    assert clinical.standing(0, 3) == Standing(False, "reference", True)
    assert clinical.standing(1, 2) == Standing(True, "reference", False)
    assert clinical.standing(1, None) == Standing(True, "reference", False)


def test_the_nearest_blood_test() -> None:
    series = (Measured("2024-01-01", 80.0), Measured("2024-05-25", 90.0), Measured("2024-06-08", 100.0))
    assert clinical.nearest(series, DAY) == (series[1], -7)
    assert clinical.nearest(series, "2024-06-07") == (series[2], 1)
    assert clinical.nearest((), DAY) is None
    assert clinical.nearest((Measured("", 5.0),), DAY) == (Measured("", 5.0), None)


def test_facts_go_round() -> None:
    facts = Clinical("lung", "F", 1950, None, DAY, 1, "biopsy", DAY, "physician", (Measured(DAY, 80.5),), (), None)
    assert Clinical.from_json(facts.to_json()) == facts
    assert Clinical().to_json() == {}
    with pytest.raises(ValueError, match="no colour"):
        Clinical.from_json({"colour": "red"})


def test_age_at_a_scan() -> None:
    assert clinical.age_at(Clinical(birth_year=1950), "2024-06-01", None) == 74
    assert clinical.age_at(Clinical(age=60.0), "2024-06-01", "2022-05-01") == 62
    assert clinical.age_at(Clinical(), "2024-06-01", None) is None
