"""Full cohorts, as planned, against the papers' tables typed in here. Nothing is rendered."""

from __future__ import annotations

import time
from collections import Counter

import numpy as np
import pytest

from workstation.phantom.cohorts import COHORTS
from workstation.phantom.person import ages
from workstation.phantom.plan import Enrolled, enrolled, interleaved, plan, spread
from workstation.phantom.sites import TUMOURS

SEEDS = (0, 7)


def by_tumour(patients: tuple[Enrolled, ...]) -> dict[str, list[Enrolled]]:
    return {tumour: [each for each in patients if each.tumour == tumour] for tumour in TUMOURS}


def test_there_are_six() -> None:
    sizes = {name: cohort.patients for name, cohort in COHORTS.items()}
    assert sizes == {
        "demo": 40,
        "lesions-3352": 3352,
        "patients-12222": 12222,
        "readers-400": 400,
        "burden-621": 621,
        "therapy": 120,
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_patients_and_lesions_are_those_of_the_lesion_paper(seed: int) -> None:
    """Table 1 of the lesion paper, and its burden groups by lesions per image."""
    patients = plan(COHORTS["lesions-3352"], seed)
    table = {
        "lung": (1253, 567, 2475, 2462),
        "prostate": (1017, 466, 3227, 2396),
        "breast": (1082, 437, 1968, 2444),
        "other": (0, 0, 0, 0),
    }
    for tumour, group in by_tumour(patients).items():
        number, metastatic, malignant, benign = table[tumour]
        assert (len(group), sum(each.metastatic for each in group)) == (number, metastatic)
        assert sum(each.malignant for each in group) == pytest.approx(malignant, rel=0.02)
        assert sum(each.benign for each in group) == pytest.approx(benign, rel=0.02)
    assert sum(each.malignant for each in patients) == pytest.approx(7670, rel=0.02)
    assert sum(each.benign for each in patients) == pytest.approx(7302, rel=0.02)
    assert all(each.malignant + each.benign >= 1 for each in patients)
    assert all((each.malignant >= 1) == each.metastatic for each in patients)
    groups = {"few": (1, 3, 895, 2702, 1863), "medium": (4, 6, 1416, 2731, 868), "extensive": (7, 999, 5359, 1869, 621)}
    for low, high, malignant, benign, number in groups.values():
        inside = [each for each in patients if low <= each.malignant + each.benign <= high]
        assert sum(each.malignant for each in inside) == pytest.approx(malignant, rel=0.02)
        assert sum(each.benign for each in inside) == pytest.approx(benign, rel=0.02)
        assert len(inside) == pytest.approx(number, rel=0.02)


@pytest.mark.parametrize("seed", SEEDS)
def test_patients_are_those_of_the_patient_paper(seed: int) -> None:
    """Table 1 of the patient paper, its three sets added; mean and SD of age pooled over the sets by hand."""
    patients = plan(COHORTS["patients-12222"], seed)
    table = {  # number, male, younger than 60, metastatic, mean age, SD
        "lung": (6021, 2699 + 336 + 357, 2400 + 304 + 303, 2120 + 265 + 265, 58.51, 10.78),
        "prostate": (1844, 1474 + 185 + 185, 137 + 15 + 14, 718 + 90 + 90, 71.05, 8.61),
        "breast": (2100, 10, 1296 + 175 + 163, 614 + 77 + 77, 51.30, 10.35),
        "other": (2257, 1238 + 147 + 150, 1054 + 122 + 139, 667 + 84 + 84, 56.21, 12.90),
    }
    for tumour, group in by_tumour(patients).items():
        number, male, young, metastatic, mean, sd = table[tumour]
        years = np.array([each.age for each in group])
        assert len(group) == number
        assert sum(each.sex == "M" for each in group) == male
        assert (years < 60).sum() == young
        assert sum(each.metastatic for each in group) == metastatic
        assert years.mean() == pytest.approx(mean, rel=0.002)
        assert years.std(ddof=1) == pytest.approx(sd, rel=0.005)
    years = np.array([each.age for each in patients])
    assert years.mean() == pytest.approx(58.7, rel=0.005) and years.std(ddof=1) == pytest.approx(12.3, rel=0.005)
    assert all(12 <= age <= 93 for age in years)


def test_sex_and_age_tell_nothing_of_the_status() -> None:
    """Within one tumour the papers give them apart, so they are independent here but for sampling."""
    lung = by_tumour(plan(COHORTS["patients-12222"], 0))["lung"]
    ill, well = ([each for each in lung if each.metastatic is status] for status in (True, False))
    for what in (lambda each: each.sex == "M", lambda each: each.age >= 60):
        rates = [np.mean([what(each) for each in group]) for group in (ill, well)]
        assert abs(rates[0] - rates[1]) < 4 * np.sqrt(0.25 / len(ill) + 0.25 / len(well))


def test_the_reader_study_has_as_many_of_each() -> None:
    """200 and 200; tumours given the status as in the patient paper's test set (265 of 516 metastatic: lung, ...)."""
    patients = plan(COHORTS["readers-400"], 0)
    for status, shares in ((True, (265, 90, 77, 84)), (False, (337, 95, 133, 142))):
        group = Counter(each.tumour for each in patients if each.metastatic is status)
        assert sum(group.values()) == 200
        for tumour, share in zip(TUMOURS, shares, strict=True):
            assert group[tumour] == pytest.approx(200 * share / sum(shares), abs=1)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_burden_cohort_is_that_of_its_paper(seed: int) -> None:
    patients = plan(COHORTS["burden-621"], seed)
    ill = [each for each in patients if each.metastatic]
    assert len(patients) == 621 and len(ill) == 280
    assert Counter(each.sex for each in patients) == {"M": 389, "F": 232}
    uptake = Counter(each.benign > 0 for each in patients if not each.metastatic)
    assert uptake == {False: 169, True: 172}
    for group, numbers in ((ill, (2, 31, 21)), ([each for each in patients if not each.metastatic], (13, 44, 12))):
        for (low, high), number in zip(((0, 50), (50, 70), (70, 99)), numbers, strict=True):
            inside = sum(low <= each.age < high for each in group)
            assert inside == pytest.approx(number / sum(numbers) * len(group), abs=1)
    years = [each.age for each in patients]
    assert min(years) >= 12 and max(years) <= 93
    means = [np.mean([each.age for each in group]) for group in by_tumour(patients).values()]
    assert means[1] == max(means) and means[2] == min(means)  # prostate the oldest, breast the youngest


def test_everybody_in_the_therapy_cohort_is_followed() -> None:
    patients = plan(COHORTS["therapy"], 0)
    assert all(each.metastatic and each.course and each.malignant for each in patients)
    courses = Counter(each.course for each in patients)
    assert set(courses) == {"response", "stable", "progression", "flare"}
    assert courses["flare"] == pytest.approx(0.06 * 120, abs=1)


def test_the_demo_has_something_of_everything() -> None:
    patients = plan(COHORTS["demo"], 20_250_401)
    assert len(patients) == 40
    assert sum(each.course is not None for each in patients) == 10
    assert any(each.diffuse for each in patients)
    assert any(each.malignant + each.benign == 0 and not each.metastatic for each in patients)
    assert {each.tumour for each in patients} == set(TUMOURS)


def test_superscans_are_metastatic_and_have_no_separate_lesions() -> None:
    patients = plan(COHORTS["patients-12222"], 0)
    diffuse = [each for each in patients if each.diffuse]
    assert all(each.metastatic and each.malignant + each.benign == 0 for each in diffuse)
    assert Counter(each.tumour for each in diffuse)["prostate"] == pytest.approx(0.08 * 898, abs=1)
    assert not any(each.diffuse for name in ("lesions-3352", "burden-621") for each in plan(COHORTS[name], 0))


def test_every_beginning_is_a_fair_sample() -> None:
    patients = plan(COHORTS["patients-12222"], 3)
    for first in (100, 400, 1223):
        some = patients[:first]
        for tumour, share in zip(TUMOURS, (6021, 1844, 2100, 2257), strict=True):
            assert sum(each.tumour == tumour for each in some) == pytest.approx(first * share / 12222, abs=3)
        assert sum(each.metastatic for each in some) == pytest.approx(first * 5151 / 12222, abs=5)


def test_a_patient_does_not_depend_on_how_many_are_asked_for() -> None:
    cohort = COHORTS["readers-400"]
    again = [enrolled(cohort, 5, number) for number in range(20)]
    plan.cache_clear()
    assert tuple(again) == plan(cohort, 5)[:20]
    assert plan(cohort, 6)[:20] != plan(cohort, 5)[:20]
    beyond = [enrolled(cohort, 5, 400 + number) for number in range(400)]
    assert sum(each.metastatic for each in beyond) == 200 and tuple(beyond) != plan(cohort, 5)


def test_a_plan_is_quick() -> None:
    ages.cache_clear()
    begun = time.process_time()
    plan(COHORTS["patients-12222"], 99)
    assert time.process_time() - begun < 1


def test_numbers_follow_their_law_more_evenly_than_chance() -> None:
    rng = np.random.default_rng(0)
    law = rng.dirichlet(np.ones(40)).reshape(8, 5)
    drawn = spread(law, 1000, rng)
    table = np.zeros_like(law)
    np.add.at(table, tuple(drawn.T), 1)
    assert np.abs(table - 1000 * law).max() < 1.001
    assert np.abs(table.sum(axis=1) - 1000 * law.sum(axis=1)).max() < 1.001


def test_strata_take_turns() -> None:
    order = interleaved([10, 30, 0, 60], np.random.default_rng(1))
    assert Counter(order.tolist()) == {0: 10, 1: 30, 3: 60}
    for first in range(1, 101):
        assert abs((order[:first] == 1).sum() - 0.3 * first) <= 2
