"""The lesion model's laws against scipy's, against brute force, and the posteriors against explicit enumeration."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest
from scipy import integrate, stats

from workstation.phantom import lesions as model
from workstation.phantom import posterior
from workstation.phantom.lesions import Lognormal, Shape, distinct, draw_sites
from workstation.phantom.posterior import Mix, Seen, auc, evaluate
from workstation.phantom.sites import TUMOURS, all_sites, weights

SITES = all_sites()


@pytest.mark.parametrize("law", [Lognormal(22, 0.5, 8, 65), Lognormal(1.7, 0.6, 9.0), Lognormal(3.6, 0.65)])
def test_a_cut_lognormal_has_the_density_it_is_drawn_from(law: Lognormal) -> None:
    top = min(law.high, law.median * np.exp(9 * law.sigma))
    mass = integrate.quad(lambda value: np.exp(law.log_density(value)), max(law.low, 1e-6), top, limit=200)[0]
    assert mass == pytest.approx(1, rel=1e-4)
    rng = np.random.default_rng(0)
    drawn = [law.draw(rng) for _ in range(800)]
    whole = stats.lognorm(law.sigma, scale=law.median)
    low, high = whole.cdf(law.low), whole.cdf(law.high)
    assert stats.kstest(drawn, lambda value: (whole.cdf(value) - low) / (high - low)).pvalue > 0.001
    assert law.low <= min(drawn) and max(drawn) <= law.high


def test_counts_have_the_papers_means() -> None:
    for tumour, mean in {"lung": 4.37, "prostate": 6.93, "breast": 4.50, "other": 5.22}.items():
        law = model.counts(tumour, True)
        assert law.sum() == pytest.approx(1)
        assert law[0].sum() == 0
        assert law.sum(axis=1) @ np.arange(law.shape[0]) == pytest.approx(mean, rel=1e-3)
    benign = model.counts("lung", False)
    assert benign[0, 0] == 0
    assert benign[0] @ np.arange(benign.shape[1]) == pytest.approx(3.07, abs=0.02)
    assert benign[0, 1] == pytest.approx(0.27, abs=0.01)
    whole = stats.nbinom.pmf(np.arange(25), 2.172, 2.172 / (2.172 + 2.482))
    np.testing.assert_allclose(benign[0, 1:], whole[1:] / whole[1:].sum(), rtol=1e-9)


def test_every_site_is_possible_for_both_kinds() -> None:
    malignant, benign = weights(np.ones(len(SITES), bool))
    assert malignant.min() > 0 and benign.min() > 0
    np.testing.assert_allclose(malignant.sum(axis=1), 1)
    assert len({(site.bone, site.at) for site in SITES}) == len(SITES)


P = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
Q = np.array([0.1, 0.1, 0.2, 0.2, 0.4])


def test_the_coefficients_are_the_chance_of_distinct_draws() -> None:
    table = distinct(P, Q, (3, 3))
    for a, b in product(range(3), repeat=2):
        chance = sum(np.prod(P[list(s[:a])]) * np.prod(Q[list(s[a:])]) for s in permutations(range(5), a + b))
        assert table[a, b] * np.prod(range(1, a + 1)) * np.prod(range(1, b + 1)) == pytest.approx(chance)
    without = distinct(P, Q, (3, 3), [1, 4])
    np.testing.assert_allclose(without[0], distinct(np.delete(P, 1), np.delete(Q, 1), (3, 3)))
    np.testing.assert_allclose(without[1], distinct(P[:4], Q[:4], (3, 3)))


def test_sites_are_drawn_as_if_repeats_were_thrown_away() -> None:
    rng = np.random.default_rng(1)
    exact = {}
    for s in permutations(range(5), 3):
        key = (tuple(sorted(s[:2])), (s[2],))
        exact[key] = exact.get(key, 0) + P[s[0]] * P[s[1]] * Q[s[2]]
    total = sum(exact.values())
    drawn = [tuple(tuple(sorted(each)) for each in draw_sites(P, Q, (2, 1), rng)) for _ in range(3000)]
    keys = sorted(exact)
    observed = [drawn.count(key) for key in keys]
    expected = [3000 * exact[key] / total for key in keys]
    assert sum(observed) == 3000
    assert stats.chisquare(observed, expected).pvalue > 0.001


# A small world: five sites, at most two malignant and two benign lesions, so that everything can be written out.
LAW = np.array([[0.1, 0.2, 0.1], [0.2, 0.1, 0.05], [0.1, 0.1, 0.05]])
BENIGN_LAW = np.array([[0.2, 0.5, 0.3], [0, 0, 0], [0, 0, 0]])
MIX = Mix((0.4, 0.3, 0.2, 0.1), (0.6, 0.5, 0.4, 0.3))
MALIGNANT = np.stack([P, P[::-1], np.roll(P, 2), Q])
WORLD = [next(site for site in SITES if site.place == place) for place in ("knee", "lateral rib", "sternum", "jaw")]
WORLD.append(next(site for site in SITES if site.place == "vertebral body"))


@pytest.fixture
def small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posterior, "counts", lambda tumour, metastatic: LAW if metastatic else BENIGN_LAW)


def features(number: int) -> Seen:
    site = WORLD[number]
    diameter, stretch, lobes, contrast = [
        (14, 1.2, 1, 2.2),
        (20, 1.6, 2, 3),
        (18, 1.3, 1, 2),
        (12, 1.1, 1, 3),
        (24, 1.4, 3, 4),
    ][number]
    return Seen(number, site, Shape(diameter, stretch, lobes), contrast, 1.4)


def density(seen: Seen, tumour: str | None) -> float:
    laws = model.kind(tumour)
    return float(np.exp(model.log_density(laws, seen.site, seen.shape, seen.contrast, seen.threshold)))


def worlds(kept: float) -> list[tuple[float, int, tuple[int, ...], tuple[int, ...]]]:
    """Every possible patient: chance, tumour, sites seen to be malignant, sites seen to be benign."""
    found = []
    for index, status in product(range(4), (True, False)):
        law = LAW if status else BENIGN_LAW
        share = MIX.tumour[index] * (MIX.metastatic[index] if status else 1 - MIX.metastatic[index])
        for a, b in product(range(3), repeat=2):
            sets = {}
            for s in permutations(range(5), a + b):
                key = (tuple(sorted(s[:a])), tuple(sorted(s[a:])))
                sets[key] = sets.get(key, 0) + np.prod(MALIGNANT[index][list(s[:a])]) * np.prod(Q[list(s[a:])])
            total = sum(sets.values())
            for (m, n), chance in sets.items():
                for size in range(a + 1):
                    for stay in combinations(m, size):
                        thinned = kept**size * (1 - kept) ** (a - size)
                        found.append((share * law[a, b] * chance / total * thinned, index, stay, n))
    return found


@pytest.mark.parametrize("kept", [1.0, 0.6])
@pytest.mark.parametrize("shown", [(1,), (0, 3), (1, 2, 4)])
def test_posteriors_are_those_of_the_world_written_out(small_world: None, kept: float, shown: tuple[int, ...]) -> None:
    seen = [features(number) for number in shown]
    everything = worlds(kept)
    assert sum(chance for chance, *_ in everything) == pytest.approx(1)
    joint = np.zeros((len(shown), 2))
    alone = np.zeros((len(shown), 2))
    for chance, index, m, n in everything:
        tumour = TUMOURS[index]
        if sorted(m + n) == sorted(shown):
            weight = chance
            for each in seen:
                weight *= density(each, tumour if each.number in m else None)
            for i, each in enumerate(seen):
                joint[i, int(each.number in m)] += weight
        for i, each in enumerate(seen):
            if each.number in m:
                alone[i, 1] += chance * density(each, tumour)
            if each.number in n:
                alone[i, 0] += chance * density(each, None)
    ceiling, single = evaluate(seen, MALIGNANT, Q, MIX, kept)
    np.testing.assert_allclose(ceiling, joint[:, 1] / joint.sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(single, alone[:, 1] / alone.sum(axis=1), rtol=1e-9)


def test_best_auc_by_simulation_in_the_small_world(small_world: None) -> None:
    """Chances that are right are calibrated, and no other score separates better."""
    rng = np.random.default_rng(4)
    truth: list[bool] = []
    scores: list[tuple[float, float, float]] = []
    for _ in range(450):
        index = int(rng.choice(4, p=MIX.tumour))
        law = LAW if rng.uniform() < MIX.metastatic[index] else BENIGN_LAW
        a, b = divmod(int(rng.choice(9, p=law.ravel())), 3)
        while True:
            m, n = rng.choice(5, a, p=MALIGNANT[index]), rng.choice(5, b, p=Q)
            if len({*m, *n}) == a + b:
                break
        seen = []
        for sites, tumour in ((m, TUMOURS[index]), (n, None)):
            for number in sites:
                laws = model.kind(tumour)
                shape = model.draw_shape(laws, WORLD[number], rng)
                contrast = laws.contrast.above(1.4).draw(rng)
                seen.append(Seen(int(number), WORLD[number], shape, contrast, 1.4))
        ceiling, alone = evaluate(seen, MALIGNANT, Q, MIX)
        truth += [True] * a + [False] * b
        scores += list(zip(ceiling, alone, [each.contrast for each in seen], strict=True))
    p, single, contrast = np.array(scores).T
    labels = np.array(truth)
    for chances in (p, single):
        assert chances.mean() == pytest.approx(labels.mean(), abs=0.04)
        for low in (0.0, 0.25, 0.5, 0.75):
            chosen = (chances >= low) & (chances < low + 0.25)
            if chosen.sum() > 30:
                error = 4 * np.sqrt(np.sum(chances[chosen] * (1 - chances[chosen]))) / chosen.sum()
                assert labels[chosen].mean() == pytest.approx(chances[chosen].mean(), abs=error)
    best = auc(labels, p)
    assert best is not None
    assert best >= (auc(labels, single) or 0) - 0.01 >= (auc(labels, contrast) or 0) - 0.02


def test_auc_counts_pairs() -> None:
    truth, score = [True, False, True, False, False], [0.9, 0.1, 0.4, 0.4, 0.7]
    pairs = [(x, y) for x, t in zip(score, truth, strict=True) if t for y, u in zip(score, truth, strict=True) if not u]
    assert auc(truth, score) == pytest.approx(sum((x > y) + 0.5 * (x == y) for x, y in pairs) / len(pairs))
    assert auc([True], [0.5]) is None
