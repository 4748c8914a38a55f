"""Courses under treatment: what is there in each scan, when it was, and what is said of it. Nothing is rendered."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from workstation.phantom.cohorts import COHORTS
from workstation.phantom.findings import Finding, draw
from workstation.phantom.plan import plan, world
from workstation.phantom.streams import stream
from workstation.phantom.therapy import UNCHANGED, calendar, changes, courses, criterion, moments, visits

THERAPY = COHORTS["therapy"]


def lesions(malignant: int, benign: int, seed: int = 0) -> tuple[Finding, ...]:
    rng = np.random.default_rng(seed)
    return draw(world(THERAPY), "prostate", True, 70, (malignant, benign), rng)


def test_one_scan_shows_everything() -> None:
    found = lesions(4, 2)
    (only,) = changes(None, found, np.random.default_rng(0))
    assert all(only.there) and only.factor == 1


@pytest.mark.parametrize("course", ["response", "stable", "progression", "flare", UNCHANGED])
def test_benign_lesions_stay(course: str) -> None:
    found = lesions(5, 3)
    for change in changes(course, found, np.random.default_rng(1)):
        assert all(there for there, each in zip(change.there, found, strict=True) if not each.malignant)


@pytest.mark.parametrize("course", ["response", "stable", "progression", "flare"])
def test_whoever_is_followed_has_metastases(course: str) -> None:
    for seed in range(20):
        found = lesions(1 + seed % 3, 1, seed)
        first = changes(course, found, np.random.default_rng(seed))[0]
        assert any(there for there, each in zip(first.there, found, strict=True) if each.malignant and not each.cold)


def present(course: str, number: int) -> list[np.ndarray]:
    """Whether each metastasis is there, (patients, lesions), scan by scan."""
    found = []
    for seed in range(60):
        these = tuple(each for each in lesions(number, 0, seed) if not each.cold)
        found.append([change.there for change in changes(course, these, np.random.default_rng(seed))])
    return [np.array(each) for each in zip(*found, strict=True)]


def test_courses_keep_as_many_as_they_say() -> None:
    for course, visit, share in (("response", 1, 0.75), ("progression", 0, 0.6), ("stable", 1, 1.0)):
        there = present(course, 12)[visit]
        assert there.mean() == pytest.approx(share, abs=0.06)


def test_response_loses_progression_gains_stable_keeps() -> None:
    before, after = present("response", 10)
    assert before.all() and not after.all()
    before, after = present("progression", 10)
    assert after.all() and not before.all()
    before, after = present("stable", 10)
    assert before.all() and after.all()


def test_a_flare_adds_a_few_small_foci_that_are_gone_later() -> None:
    before, during, later = present("flare", 12)
    new = (~before).sum(axis=1)
    assert during.all() and (before == later).all()
    assert set(new) <= {0, 1, 2, 3} and new.max() > 0
    for seed, row in enumerate(before):
        sizes = [each.shape.size for each in lesions(12, 0, seed) if not each.cold]
        if not row.all():
            assert max(size for size, there in zip(sizes, row, strict=True) if not there) <= min(
                size for size, there in zip(sizes, row, strict=True) if there
            )


def test_contrast_falls_under_response_and_rises_in_flare_and_progression() -> None:
    def ratios(course: str) -> list[list[float]]:
        found = lesions(3, 0)
        rows = [[each.factor for each in changes(course, found, np.random.default_rng(seed))] for seed in range(30)]
        return [[value / row[0] for value in row] for row in rows]

    assert all(later < 1 for _, later in ratios("response"))
    assert all(later == 1 for _, later in ratios("stable"))
    assert all(later > 1 for _, later in ratios("progression"))
    assert all(1.3 <= during <= 2 and later < 1 for _, during, later in ratios("flare"))


def test_the_model_knows_the_courses_before_it_looks() -> None:
    assert [(each.chance, each.kept, each.factor) for each in moments(None, 0)] == [(1, 1, 1)]
    for visit in (0, 1, 2):
        assert sum(each.chance for each in moments("response", visit)) == pytest.approx(1)
        assert moments("response", visit) == moments(UNCHANGED, visit)  # nobody is told the course
    shares = {name: course.share for name, course in courses().items()}
    assert sum(shares.values()) == pytest.approx(1) and shares["flare"] == 0.06
    gone = [each for each in moments("stable", 0) if each.kept < 1]
    assert sum(each.chance for each in gone) == pytest.approx(shares["progression"] + shares["flare"])


def test_criteria_are_those_of_the_papers() -> None:
    """M2 new, M3 flare under treatment, M4 grown for three months; without an earlier scan another examination, M1."""
    assert criterion(None, 0, True, False) == "M1"
    assert criterion("progression", 0, True, False) == "M1"
    assert criterion("progression", 1, True, False) == "M2"
    assert criterion("progression", 1, False, True) == "M4"
    assert criterion("progression", 1, False, False) == "M1"
    assert {criterion("flare", 1, new, True) for new in (True, False)} == {"M3"}
    assert criterion("response", 1, False, True) == "M1"


def test_scans_come_when_their_course_says() -> None:
    for number, each in enumerate(plan(THERAPY, 0)):
        when = calendar("therapy", 0, number, each.course)
        assert all(scan.weekday() < 5 and 8 <= scan.hour < 17 for scan in when.scans)
        assert when.treatment is not None and when.scans[0].date() < when.treatment < when.scans[1].date()
        after = [scan - when.scans[0] for scan in when.scans[1:]]
        since = [scan.date() - when.treatment for scan in when.scans[1:]]
        if each.course == "flare":
            assert timedelta(14) <= since[0] <= timedelta(92) and since[1] >= timedelta(180)
        else:
            assert len(after) == 1 and timedelta(90) <= after[0] <= timedelta(280)


def test_a_calendar_is_the_patients_own() -> None:
    assert calendar("demo", 1, 3, UNCHANGED) == calendar("demo", 1, 3, UNCHANGED)
    assert calendar("demo", 1, 3, UNCHANGED) != calendar("demo", 2, 3, UNCHANGED)
    assert calendar("demo", 1, 3, UNCHANGED).treatment is None and len(calendar("demo", 1, 3, None).scans) == 1


def test_as_many_follow_each_course_as_the_table_says() -> None:
    found = Counter(each.course for each in plan(THERAPY, 4))
    for name, course in courses().items():
        assert found[name] == pytest.approx(course.share * THERAPY.patients, abs=1)
        assert len(visits(name)) == (3 if name == "flare" else 2)


def test_streams_do_not_meet() -> None:
    keys = [("a", 0), ("a", 1), ("b", 0), ("a", 0, 0)]
    values = {float(stream("demo", 1, *key).uniform()) for key in keys}
    values |= {float(stream("therapy", 1, "a", 0).uniform()), float(stream("demo", 2, "a", 0).uniform())}
    assert len(values) == 6
