"""Few patients and their scans: masks of what is seen, ids that last, diffuse disease, bodies that lie as needed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from workstation.phantom.body import draw_body
from workstation.phantom.cohorts import COHORTS
from workstation.phantom.patient import SimulatedScan, simulate
from workstation.phantom.plan import plan
from workstation.phantom.position import lie_down, lies_well
from workstation.phantom.sites import all_sites

SEED = 11


@cache
def scans(cohort: str, number: int) -> tuple[SimulatedScan, ...]:
    return simulate(COHORTS[cohort], SEED, number)


def numbered(cohort: str, **wanted: object) -> int:
    """The first patient of whom the plan says this."""
    found = plan(COHORTS[cohort], SEED, 0)
    return next(n for n, each in enumerate(found) if all(getattr(each, key) == it for key, it in wanted.items()))


def test_a_scan_shows_what_was_planned() -> None:
    for number in range(3):
        planned = plan(COHORTS["lesions-3352"], SEED, 0)[number]
        (scan,) = scans("lesions-3352", number)
        labels = Counter(lesion.malignant for lesion in scan.lesions if lesion.visible)
        assert (labels[True], labels[False]) == (planned.malignant, planned.benign)
        assert (scan.person.tumour, scan.person.sex, scan.person.age) == (planned.tumour, planned.sex, planned.age)
        assert scan.malignant == planned.metastatic and (scan.grade >= 2) == planned.metastatic
        assert scan.counts.shape == (2, 1024, 256) and scan.counts.dtype == np.uint16
        assert 5e5 < scan.counts[0].sum() < 8e6
        assert 100 < (scan.acquired - scan.injected).total_seconds() / 60 < 300


def test_visible_lesions_have_masks_and_stand_out() -> None:
    for number in range(3):
        (scan,) = scans("lesions-3352", number)
        for lesion in scan.lesions:
            assert lesion.masks.shape == scan.counts.shape
            assert not lesion.visible or (lesion.masks.any() and lesion.peak_ratio >= 0.3)
            assert 0 <= lesion.p_ceiling <= 1 and 0 <= lesion.p_alone <= 1


def test_the_same_again() -> None:
    one, two = scans("demo", 0), simulate(COHORTS["demo"], SEED, 0)
    assert all((a.counts == b.counts).all() and a.acquired == b.acquired for a, b in zip(one, two, strict=True))
    assert (simulate(COHORTS["demo"], SEED + 1, 0)[0].counts != one[0].counts).any()


@pytest.mark.parametrize("course", ["response", "progression", "flare"])
def test_a_lesion_keeps_its_id_and_site(course: str) -> None:
    number = numbered("therapy", course=course)
    sites: dict[str, tuple[object, ...]] = {}
    several = scans("therapy", number)
    assert len(several) == (3 if course == "flare" else 2)
    for scan in several:
        ids = [lesion.id for lesion in scan.lesions]
        assert len(set(ids)) == len(ids)
        for lesion in scan.lesions:
            assert sites.setdefault(lesion.id, (lesion.site, lesion.malignant)) == (lesion.site, lesion.malignant)
    assert [scan.acquired for scan in several] == sorted(scan.acquired for scan in several)
    assert len({scan.scan for scan in several}) == len(several)
    assert several[-1].scan == several[-1].person.patient
    assert {scan.body.height_mm for scan in several} == {several[0].body.height_mm}
    assert several[0].body.posture != several[1].body.posture


def test_criteria_need_what_they_compare_with() -> None:
    for course in ("progression", "flare", "response"):
        several = scans("therapy", numbered("therapy", course=course))
        before: set[str] = set()
        for visit, scan in enumerate(several):
            for lesion in scan.lesions:
                if lesion.malignant:
                    assert lesion.criterion in ("M1", "M2", "M3", "M4")
                    assert (lesion.criterion == "M2") <= (visit > 0 and lesion.id not in before)
                    assert (lesion.criterion == "M4") <= (lesion.id in before)
                    assert (lesion.criterion == "M3") == (course == "flare" and visit == 1)
                else:
                    assert lesion.criterion.startswith("B")
            if course == "progression" and visit:
                assert (scan.acquired - several[0].acquired).days >= 90
            before |= {lesion.id for lesion in scan.lesions}


def test_a_superscan_has_no_separate_lesions() -> None:
    (scan,) = scans("demo", numbered("demo", diffuse=True))
    assert scan.diffuse and scan.malignant and scan.grade == 3 and not scan.lesions


def test_nobody_without_metastases_has_a_malignant_lesion() -> None:
    number = numbered("demo", metastatic=False, course="unchanged")
    first, last = scans("demo", number)
    assert first.scan == last.scan + "-prior" and first.grade < 2 and last.grade < 2
    assert [lesion.id for lesion in first.lesions] == [lesion.id for lesion in last.lesions]
    assert 90 <= (last.acquired - first.acquired).days <= 400


def test_nobody_lies_on_a_lesion() -> None:
    """Sites that are often out of the field or behind the bladder: a posture is found that shows them."""
    rng = np.random.default_rng(0)
    sites = all_sites()
    hard = [site for site in sites if site.place in ("wrist", "elbow", "pubic ramus", "sacrum")]
    lost = 0
    for _ in range(12):
        chosen = [hard[index] for index in rng.choice(len(hard), 2, replace=False)]
        body, acquisition = lie_down(draw_body(rng, "M", 65), 65, chosen, rng)
        lost += not lies_well(body, acquisition, chosen)
    assert lost == 0
    some = draw_body(rng, "M", 65)
    assert lie_down(some, 65, [], rng)[0] is some  # nothing to show: as they lay
    arms = [site for site in sites if site.place in ("wrist", "elbow", "forearm", "thumb base")]
    large = replace(some, weight_kg=40 * (some.height_mm / 1000) ** 2)
    body, acquisition = lie_down(large, 65, arms, rng)  # reach beyond any camera's field as they lie
    assert lies_well(body, acquisition, arms) and body.height_mm == large.height_mm
