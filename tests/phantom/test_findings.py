"""Findings of drawn patients: where metastases are, rows of fractures, cold lesions, what a course keeps."""

from __future__ import annotations

import re

import numpy as np
import pytest

from workstation.phantom import counts, findings
from workstation.phantom.findings import Finding
from workstation.phantom.sites import TUMOURS, all_sites, anchor
from workstation.phantom.skeleton import standard
from workstation.phantom.world import World, age_group

EVERYBODY = World((0.45, 0.275, 0.125, 0.15), (1.0,) * 4, ((0.2, 0.6, 0.2),) * 4, "burden")


@pytest.fixture(scope="module")
def drawn() -> list[tuple[str, tuple[Finding, ...]]]:
    rng = np.random.default_rng(0)
    out = []
    for _ in range(500):
        tumour = TUMOURS[int(rng.choice(4, p=EVERYBODY.tumour))]
        law = counts.numbers("burden", tumour, True)
        numbers = divmod(int(rng.choice(law.size, p=law.ravel())), law.shape[1])
        out.append((tumour, findings.draw(EVERYBODY, tumour, True, 60, numbers, rng)))
    return out


def test_metastases_are_where_the_burden_paper_found_them(drawn: list[tuple[str, tuple[Finding, ...]]]) -> None:
    paper = {"spine": 220, "pelvis": 196, "rib": 184, "femur": 98, "other": 78, "scapula": 57}
    involved = [{all_sites()[each.site].site6 for each in found if each.malignant} for _, found in drawn]
    for region, patients in paper.items():
        share = np.mean([region in each for each in involved])
        assert share == pytest.approx(patients / 280, abs=0.08), region


def test_no_two_lesions_share_a_site_and_nobody_but_the_metastatic_has_cold_ones(
    drawn: list[tuple[str, tuple[Finding, ...]]],
) -> None:
    for _, found in drawn:
        hot = [each.site for each in found if not each.cold]
        assert len(set(hot)) == len(hot)
    cold = np.mean([any(each.cold for each in found) for tumour, found in drawn if tumour != "prostate"])
    assert 0.02 < cold < 0.11
    rng = np.random.default_rng(1)
    assert not any(each.cold for _ in range(200) for each in findings.draw(EVERYBODY, "lung", False, 60, (0, 1), rng))


def test_a_row_is_of_neighbouring_ribs_of_one_side_nearly_in_line() -> None:
    rng = np.random.default_rng(2)
    lengths = []
    for _ in range(400):
        found = findings.draw(EVERYBODY, "lung", False, 60, (0, 5), rng)
        assert len([each for each in found if not each.cold]) == 5
        row = [each for each in found if each.row]
        if not row:
            continue
        places = [all_sites()[each.site] for each in row]
        ribs = sorted(int(re.sub(r"\D", "", standard().bones[site.bone].name)) for site in places)
        assert ribs == list(range(ribs[0], ribs[0] + len(ribs)))
        assert len({site.side for site in places}) == len({site.place for site in places}) == 1
        points = np.array([anchor(standard(), site)[0] for site in places])
        apart = points - points.mean(axis=0)
        line = np.linalg.svd(apart)[2][0]
        assert np.linalg.norm(apart - np.outer(apart @ line, line), axis=1).max() < 15
        assert all(8 <= each.shape.size <= 12 for each in row)
        lengths.append(len(row))
    assert 0.09 < len(lengths) / 400 < 0.21
    assert set(lengths) == {2, 3, 4}


def test_a_course_keeps_the_benign_and_its_share_of_the_malignant(
    drawn: list[tuple[str, tuple[Finding, ...]]],
) -> None:
    every = [each for _, found in drawn for each in found]
    assert all(each.there(0.0) for each in every if not each.malignant)
    assert np.mean([each.there(0.6) for each in every if each.malignant]) == pytest.approx(0.6, abs=0.04)


def test_age_groups() -> None:
    assert [age_group(age) for age in (22, 49, 50, 69, 70, 89)] == [0, 0, 1, 1, 2, 2]
