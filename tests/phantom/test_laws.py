"""The laws of lesions against scipy's, the counts against the papers' means."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from workstation.phantom import counts, laws
from workstation.phantom.laws import KINDS, Lognormal, kind
from workstation.phantom.sites import TUMOURS, all_sites

SITES = all_sites()


@pytest.mark.parametrize("law", [Lognormal(22, 0.5, 8, 65), Lognormal(1.7, 0.6, 9.0), Lognormal(3.6, 0.65)])
def test_a_cut_lognormal_has_the_density_it_is_drawn_from(law: Lognormal) -> None:
    top = min(law.high, law.median * np.exp(9 * law.sigma))
    mass = integrate.quad(lambda value: np.exp(law.log_density(value)), max(law.low, 1e-6), top, limit=200)[0]
    assert mass == pytest.approx(1, rel=1e-4)
    whole = stats.lognorm(law.sigma, scale=law.median)
    low, high = whole.cdf(law.low), whole.cdf(law.high)
    rng = np.random.default_rng(0)
    drawn = [law.draw(rng) for _ in range(800)]
    assert stats.kstest(drawn, lambda value: (whole.cdf(value) - low) / (high - low)).pvalue > 0.001
    assert law.low <= min(drawn) and max(drawn) <= law.high
    for share in (0.01, 0.5, 0.9):
        assert whole.cdf(law.quantile(share)) == pytest.approx(low + share * (high - low), rel=1e-9)
    assert np.exp(law.log_density(law.low - 0.1)) == np.exp(law.log_density(law.high + 0.1)) == 0


def test_far_out_in_the_tail_the_law_still_stands() -> None:
    law = Lognormal(1.7, 0.4, 60.0)
    assert 60 < law.quantile(0.5) < 64
    assert np.isfinite(law.log_density(61.0))


def test_the_patients_levels_and_the_sigmas_make_up_the_published_spread() -> None:
    levels = laws.levels()
    logs = np.log([level.contrast for level in levels])
    chances = np.array([level.chance for level in levels])
    assert chances.sum() == pytest.approx(1)
    assert chances @ logs == pytest.approx(0, abs=1e-3)
    for name, spread in {"benign": 0.6, "prostate": 0.65}.items():
        assert np.sqrt(chances @ logs**2 + kind(name).contrast.sigma ** 2) == pytest.approx(spread, abs=2e-3)


@pytest.mark.parametrize("name", KINDS)
def test_every_shape_drawn_can_be_of_its_kind(name: str) -> None:
    rng = np.random.default_rng(1)
    owners = [site for site in SITES if site.row > 0] if name == "row" else SITES[::7]
    for site in owners:
        assert sum(chance for _, chance in kind(name).forms(site)) == pytest.approx(1)
        shape = laws.draw_shape(kind(name), site, rng)
        assert np.isfinite(laws.log_density_of_shape(kind(name), site, shape))
        assert np.isfinite(laws.log_density_of_shape(kind("benign"), site, shape))
        if name == "row":
            assert 8 <= shape.size <= 12 and shape.form == "blob"


def test_numbers_have_the_papers_means() -> None:
    for tumour, mean in {"lung": 4.37, "prostate": 6.93, "breast": 4.50, "other": 5.22}.items():
        law = counts.numbers("lesions", tumour, True)
        assert law.sum() == pytest.approx(1)
        assert law[0].sum() == 0
        assert law.sum(axis=1) @ np.arange(law.shape[0]) == pytest.approx(mean, rel=1e-3)
    benign = counts.numbers("lesions", "other", False)
    assert benign[0, 0] == benign[1:].sum() == 0
    assert benign[0] @ np.arange(benign.shape[1]) == pytest.approx(3.07, abs=0.02)
    prostate = counts.numbers("lesions", "prostate", False)[0]
    assert prostate @ np.arange(len(prostate)) == pytest.approx(1.107 * 3.07, abs=0.02)
    whole = stats.nbinom.pmf(np.arange(25), 2.172, 2.172 / (2.172 + 2.482))
    np.testing.assert_allclose(benign[0, 1:], whole[1:] / whole[1:].sum(), rtol=1e-7)
    some = counts.numbers("patients", "other", False)
    assert some[0, 0] == pytest.approx(0.45)
    np.testing.assert_allclose(some[0, 1:], 0.55 * benign[0, 1:])
    assert counts.numbers("burden", "lung", False)[0, 0] == pytest.approx(169 / 341, abs=1e-4)


def test_a_scan_has_few_medium_or_many_lesions_as_often_as_in_the_lesion_paper() -> None:
    """1863, 868 and 621 of 3,352 patients with 1-3, 4-6 and more (the sheet's reconstruction)."""
    patients = {"lung": (686, 567), "prostate": (551, 466), "breast": (645, 437)}
    groups = np.zeros(3)
    for tumour, numbers in patients.items():
        for metastatic, many in zip((False, True), numbers, strict=True):
            law = counts.numbers("lesions", tumour, metastatic)
            total = np.add.outer(np.arange(law.shape[0]), np.arange(law.shape[1]))
            groups += [many * law[(total >= low) & (total <= high)].sum() for low, high in ((1, 3), (4, 6), (7, 99))]
    np.testing.assert_allclose(groups, (1863, 868, 621), rtol=0.03)


def test_sites_are_distinct_and_possible_for_both_kinds() -> None:
    assert len({(site.bone, site.at) for site in SITES}) == len(SITES)
    assert all(min(site.malignant) > 0 and site.benign > 0 for site in SITES)
    assert TUMOURS == ("lung", "prostate", "breast", "other")
