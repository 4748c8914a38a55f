"""The posteriors against a small world written out patient by patient, and against patients drawn from it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from scipy import stats

import resources
from workstation.phantom import counts, findings, laws, posterior, rows, sites, world
from workstation.phantom.laws import Shape, kind, log_density
from workstation.phantom.posterior import Appearance, Moment, auc, posteriors
from workstation.phantom.sites import TUMOURS, all_sites

CACHED = (
    sites.all_sites,
    laws.kind,
    laws.levels,
    counts.numbers,
    rows.row_types,
    rows.all_rows,
    rows.chances,
    rows.memberships,
    world.weights,
    world._places,
    world.distinct,
    world.tables,
)
WORLD = world.World((0.6, 0.4, 0.0, 0.0), (0.5, 0.3, 0.5, 0.5), ((0.3, 0.6, 0.1),) * 4, "patients")
MOMENTS = (Moment(0.3, 0.6, 0.8), Moment(0.7, 0.9, 1.3))
NOW = (Moment(),)


def place(table: dict[str, Any], name: str, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in table["place"] if each["name"] == name)
    return found | changes


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Eight sites, two of them joints that grow with age; at most two malignant and three benign lesions."""
    real = resources.table("phantom/lesions")
    table = dict(real)
    table["place"] = [
        place(real, "lateral rib", bones=["rib5", "rib6"], benign=30.0),
        place(real, "knee", bones=["patella"], benign=20.0, malignant=[5.0, 8.0, 1.0, 1.0]),
        place(real, "vertebral body", bones=["L5"], benign=15.0, malignant=[20.0, 30.0, 1.0, 1.0]),
        place(real, "sternum", bones=["manubrium"], benign=5.0, cold=True),
    ]
    table["counts"] = real["counts"] | {"most_malignant": 2, "most_benign": 3}
    table["rows"] = {"chance": [0.0, 0.0, 0.3, 0.4], "length": [1.0]}
    plain = resources.table
    monkeypatch.setattr(resources, "table", lambda name: table if name == "phantom/lesions" else plain(name))
    for each in CACHED:
        each.cache_clear()
    yield
    monkeypatch.undo()
    for each in CACHED:
        each.cache_clear()


Patient = tuple[float, str, frozenset[int], frozenset[int], frozenset[int]]


def everybody(moment: Moment, cold: bool) -> Iterator[Patient]:
    """Every possible scan at a moment: chance, tumour, and sites seen malignant, benign and in a row."""
    number = range(len(all_sites()))
    table = resources.table("phantom/lesions")
    for t, age, metastatic in product(range(2), range(3), (True, False)):
        malignant = np.array([site.malignant[t] for site in all_sites()])
        benign = np.array([site.benign * site.age[age] for site in all_sites()])
        malignant, benign = malignant / malignant.sum(), benign / benign.sum()
        status = WORLD.metastatic[t] if metastatic else 1 - WORLD.metastatic[t]
        has = moment.kept * table["cold"]["chance"][TUMOURS[t]] if metastatic else 0.0
        share = WORLD.tumour[t] * WORLD.ages[t][age] * status * (has if cold else 1 - has)
        for (a, b), chance in np.ndenumerate(counts.numbers("patients", TUMOURS[t], metastatic)):
            # Two rows: the fifth and sixth rib of either side.
            rowed = table["rows"]["chance"][b]
            pairs = [
                frozenset(i for i in number if all_sites()[i].side == side and all_sites()[i].region == "rib")
                for side in ("left", "right")
            ]
            for row, part in ((frozenset[int](), 1 - rowed), (pairs[0], rowed / 2), (pairs[1], rowed / 2)):
                if share * chance * part == 0:
                    continue
                free = [i for i in number if i not in row]
                sets = {
                    (m, n): np.prod(malignant[list(m)]) * np.prod(benign[list(n)])
                    for m in combinations(free, a)
                    for n in combinations([i for i in free if i not in m], b - len(row))
                }
                total = sum(sets.values())
                for (m, n), weight in sets.items():
                    for size in range(a + 1):
                        thinned = moment.kept**size * (1 - moment.kept) ** (a - size)
                        for stays in combinations(m, size) if thinned else ():
                            likely = share * chance * part * weight / total * thinned
                            yield likely, TUMOURS[t], frozenset(stays), frozenset(n), row


def lesion(index: int) -> Appearance:
    """A look every kind of lesion can have at a site, small and like a fracture at a rib."""
    rib = all_sites()[index].region == "rib"
    shape = Shape(10 + 0.2 * index, 1.3, 1) if rib else Shape(20 + index, 1.4, 1 + index % 3)
    return Appearance(index, shape, 2.2 + 0.2 * index, 1.5)


def density(seen: Appearance, name: str, factor: float) -> float:
    site = all_sites()[seen.site]
    return float(np.exp(log_density(kind(name), site, seen.shape, seen.contrast, seen.threshold, factor)))


@pytest.mark.parametrize("moments", [NOW, MOMENTS], ids=["now", "courses"])
def test_posteriors_are_those_of_the_world_written_out(small: None, moments: tuple[Moment, ...]) -> None:
    shown = [(6,), (0, 1), (0, 2, 5, 6), (0, 1, 2, 3, 7)]
    seen = {index: lesion(index) for index in range(len(all_sites()))}
    joint = {(with_cold, each): np.zeros((len(each), 2)) for with_cold in (False, True) for each in shown}
    alone = np.zeros((len(seen), 2))
    for moment in moments:
        chances = moment.chance * np.array([level.chance for level in laws.levels()])
        look = {  # one density for each level
            (index, name): np.array(
                [
                    density(each, name, level.factor(name) * (moment.factor if name in TUMOURS else 1))
                    for level in laws.levels()
                ]
            )
            for index, each in seen.items()
            for name in (*TUMOURS[:2], "benign", "row")
        }
        total = 0.0
        for with_cold in (False, True):
            for chance, tumour, malignant, benign, row in everybody(moment, with_cold):
                total += chance
                names = dict.fromkeys(malignant, tumour) | dict.fromkeys(benign, "benign") | dict.fromkeys(row, "row")
                for at, name in names.items():
                    alone[at, int(at in malignant)] += chance * float(chances @ look[at, name])
                key = with_cold, tuple(sorted(names))
                if key in joint:
                    weight = chance * float(chances @ np.prod([look[at, name] for at, name in names.items()], axis=0))
                    joint[key][range(len(names)), [int(at in malignant) for at in key[1]]] += weight
        assert total == pytest.approx(1)
    for (with_cold, sites_), weights in joint.items():
        shade = [Appearance(7, Shape(40, 1, 1, "cold"), 0.2, 0.0, True)] if with_cold else []
        ceiling, single = posteriors([*shade, *(seen[at] for at in sites_)], WORLD, moments)
        first = len(shade)
        assert all(ceiling[:first] == 1) and all(single[:first] == 1)
        np.testing.assert_allclose(ceiling[first:], weights[:, 1] / weights.sum(axis=1), rtol=1e-9)
        here = alone[list(sites_)]
        np.testing.assert_allclose(single[first:], here[:, 1] / here.sum(axis=1), rtol=1e-9)


def patients(where: world.World, many: int, rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    """Findings of drawn patients and how each looks where it is seen from a contrast of 1.6 on."""
    for _ in range(many):
        t = int(rng.choice(4, p=where.tumour))
        metastatic = bool(rng.uniform() < where.metastatic[t])
        age = (40, 60, 75)[int(rng.choice(3, p=where.ages[t]))]
        law = counts.numbers(where.law, TUMOURS[t], metastatic)
        numbers = divmod(int(rng.choice(law.size, p=law.ravel())), law.shape[1])
        found = findings.draw(where, TUMOURS[t], metastatic, age, numbers, rng)
        assert sum(each.malignant and not each.cold for each in found) == numbers[0]
        assert sum(not each.malignant for each in found) == numbers[1]
        looks = [
            Appearance(each.site, each.shape, findings.contrast(each, TUMOURS[t], 1.6), 1.6, each.cold)
            for each in found
        ]
        yield found, looks


@pytest.mark.parametrize("where", ["small", "whole"])
def test_drawn_patients_bear_the_chances_out(where: str, request: pytest.FixtureRequest) -> None:
    """Chances that are right are calibrated, sites come as often as the tables say, and no score separates better."""
    if where == "small":
        request.getfixturevalue("small")
    rng = np.random.default_rng(4)
    truth: list[bool] = []
    scores: list[tuple[float, float, float]] = []
    many = 900 if where == "small" else 350
    observed = np.zeros((2, len(all_sites())))
    for found, looks in patients(WORLD, many, rng):
        for each in found:
            observed[int(each.malignant), each.site] += not each.cold
        ceiling, alone = posteriors(looks, WORLD, NOW)
        for each, look, *both in zip(found, looks, ceiling, alone, strict=True):
            if not each.cold:
                truth.append(each.malignant)
                scores.append((both[0], both[1], look.contrast))
    p, single, contrast = np.array(scores).T
    labels = np.array(truth)
    by_all, by_one, by_heat = (auc(truth, list(each)) or 0 for each in (p, single, contrast))
    for chances in (p, single):
        for low in (0.0, 0.25, 0.5, 0.75):
            chosen = (chances >= low) & (chances < low + 0.25)
            if chosen.sum() > 30:
                error = 4 * np.sqrt(np.sum(chances[chosen] * (1 - chances[chosen]))) / chosen.sum()
                assert labels[chosen].mean() == pytest.approx(chances[chosen].mean(), abs=error)
    assert by_all >= by_one - 0.01 >= by_heat - 0.02
    known = world.tables(WORLD)
    for kinds, expected in zip(observed, (known.as_benign + known.as_row, known.as_malignant.sum(axis=1)), strict=True):
        by_place = [np.bincount([site.number for site in all_sites()], each) for each in (kinds, expected * many)]
        enough = by_place[1] > 5
        scaled = by_place[1][enough] * by_place[0][enough].sum() / by_place[1][enough].sum()
        assert stats.chisquare(by_place[0][enough], scaled).pvalue > 1e-3


def test_the_tables_expect_as_many_lesions_as_are_counted() -> None:
    known = world.tables(WORLD)
    wanted = np.zeros(2)
    for t, metastatic in product(range(4), (True, False)):
        share = WORLD.tumour[t] * (WORLD.metastatic[t] if metastatic else 1 - WORLD.metastatic[t])
        law = counts.numbers(WORLD.law, TUMOURS[t], metastatic)
        wanted += share * np.array(
            [law.sum(axis=1) @ np.arange(law.shape[0]), law.sum(axis=0) @ np.arange(law.shape[1])]
        )
    assert known.as_malignant.sum() == pytest.approx(wanted[0], rel=1e-9)
    assert known.as_benign.sum() + known.as_row.sum() == pytest.approx(wanted[1], rel=1e-9)


@pytest.mark.parametrize("tries", [0, 20])
def test_sites_are_drawn_as_if_repeats_were_thrown_away(tries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "_TRIES", tries)
    p, q = np.array([0.4, 0.3, 0.15, 0.1, 0.05]), np.array([0.1, 0.1, 0.2, 0.2, 0.4])
    rng = np.random.default_rng(1)
    exact = {
        (pair, (one,)): p[pair[0]] * p[pair[1]] * q[one]
        for pair in combinations(range(5), 2)
        for one in range(5)
        if one not in pair
    }
    drawn = [tuple(tuple(sorted(each)) for each in findings.draw_sites(p, q, (2, 1), rng)) for _ in range(3000)]
    assert set(drawn) <= set(exact)
    expected = np.array(list(exact.values())) / sum(exact.values()) * 3000
    assert stats.chisquare([drawn.count(key) for key in exact], expected).pvalue > 0.001


def test_a_quantile_keeps_its_rank_in_another_scan() -> None:
    rng = np.random.default_rng(2)
    first = rng.uniform(size=2000)
    second = np.array([findings.again(each, rng) for each in first])
    assert stats.kstest(second, "uniform").pvalue > 0.001
    assert stats.pearsonr(stats.norm.ppf(first), stats.norm.ppf(second))[0] == pytest.approx(0.9, abs=0.02)


def test_no_lesion_no_chance() -> None:
    assert [len(each) for each in posterior.posteriors([], WORLD)] == [0, 0]


def test_auc_counts_pairs() -> None:
    truth, score = [True, False, True, False, False], [0.9, 0.1, 0.4, 0.4, 0.7]
    pairs = [(x, y) for x, t in zip(score, truth, strict=True) if t for y, u in zip(score, truth, strict=True) if not u]
    assert auc(truth, score) == pytest.approx(sum((x > y) + 0.5 * (x == y) for x, y in pairs) / len(pairs))
    assert auc([True], [0.5]) is None
