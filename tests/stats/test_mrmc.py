"""Obuchowski-Rockette on the example data of iMRMC, against leaving out case by case, and on simulated studies."""

from __future__ import annotations

import csv
import json
import math
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from workstation.stats.mrmc import ObuchowskiRockette, obuchowski_rockette, standalone
from workstation.stats.readings import accuracies, design
from workstation.stats.roc import auc, delong_test

HERE = Path(__file__).parent
HOW = ("jackknife", "delong", "unbiased")
Long = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def example() -> Long:
    """Two modalities, five readers, 40 and 40 cases, in long form."""
    with (HERE / "imrmc.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts = {name: np.array([row[name] for row in rows]) for name in ("modality", "reader", "case")}
    truth, score = np.array([int(row["truth"]) for row in rows]), np.array([float(row["score"]) for row in rows])
    return {**texts, "truth": truth, "score": score}


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "imrmc.json").read_text("utf-8"))
    return found


def close(found: object, truth: object) -> bool:
    return found == pytest.approx(truth, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("covariance", HOW)
def test_the_example_of_imrmc(example: Long, expected: dict[str, Any], covariance: Any) -> None:
    found, theirs = obuchowski_rockette(**example, covariance=covariance), expected[covariance]
    for at, modality in enumerate(("testA", "testB")):
        assert close([found.readers[f"reader{k}"][modality] for k in range(1, 6)], theirs["auc"][at])
        single, mine = theirs["rrrc"]["single"][at], found.modalities[modality]
        assert close((mine.value, mine.se, mine.low, mine.high), (single["est"], single["se"], *single["ci"]))
    assert close(
        (found.var_error, found.cov1, found.cov2, found.cov3), tuple(theirs[n] for n in ("var", "cov1", "cov2", "cov3"))
    )
    assert found.difference is not None and close(found.difference, theirs["rrrc"]["diff"])
    for mine, their, names in (
        (found.rrrc, theirs["rrrc"], {"f": "F", "df1": "df1", "ddf": "ddf", "p": "p", "se": "se"}),
        (found.frrc, theirs["frrc"], {"chi2": "X2", "df": "df", "p": "p", "se": "se"}),
        (found.rrfc, theirs["rrfc"], {"f": "F", "df1": "df1", "df2": "df2", "p": "p", "se": "se"}),
    ):
        for name, other in names.items():
            assert close(mine[name], their[other]), (covariance, name)  # type: ignore[literal-required]
        assert close((mine.low, mine.high), tuple(their["ci"]))
    assert found.dropped == () and found.cases == 80 and found.pairs == ()


def test_results_are_read_as_json_is(example: Long) -> None:
    found = obuchowski_rockette(**example)
    assert found["rrrc"]["p"] == found.rrrc.p and list(found.rrrc) == ["f", "df1", "ddf", "p", "se", "low", "high"]
    assert {"readers", "modalities", "difference", "rrrc", "frrc", "rrfc", "var_error", "dropped"} <= set(found)
    with pytest.raises(KeyError):
        found["nothing"]


def test_any_order_of_rows(example: Long) -> None:
    order = np.random.default_rng(1).permutation(len(example["truth"]))
    shuffled = obuchowski_rockette(**{name: values[order] for name, values in example.items()})
    assert close(shuffled.rrrc.p, obuchowski_rockette(**example).rrrc.p)


def test_a_strictly_rising_scale_changes_nothing(example: Long) -> None:
    other = {**example, "score": np.exp(example["score"])}
    for how in HOW:
        p = obuchowski_rockette(**example, covariance=how).rrrc.p
        assert close(obuchowski_rockette(**other, covariance=how).rrrc.p, p)


def made(seed: int, modalities: int = 2, readers: int = 3, cases: int = 24, better: float = 0.0) -> Long:
    """A study after Roe and Metz: the case, reader and their interactions add to every score. Ties, too."""
    rng = np.random.default_rng(seed)
    truth = (np.arange(cases) < cases // 2).astype(int)
    case, rest = rng.normal(0, 0.6, cases), rng.normal(0, 0.6, (modalities, readers, cases))
    skill, both = rng.normal(0, 0.15, readers), rng.normal(0, 0.4, (readers, cases))
    also, taste = rng.normal(0, 0.4, (modalities, cases)), rng.normal(0, 0.1, (modalities, readers))
    shift = 1.5 + skill[None, :] + taste + better * np.arange(modalities)[:, None]
    score = np.round(shift[..., None] * truth + case + both + also[:, None] + rest, 1)
    m, r, c = (each.ravel() for each in np.meshgrid(*map(np.arange, score.shape), indexing="ij"))
    numbers = {"modality": m, "reader": r, "case": c}
    names = {name: np.char.add(name[0], number.astype(str)) for name, number in numbers.items()}
    return {**names, "truth": truth[c], "score": score.ravel()}


@pytest.mark.parametrize("endpoint", ["auc", "accuracy", "sensitivity", "specificity"])
def test_the_jackknife_leaves_out_case_by_case(endpoint: Any) -> None:
    data = design(**made(2))
    values, errors = accuracies(data, endpoint, "jackknife", 0.8)

    def all_of(kept: np.ndarray) -> np.ndarray:
        truth, found = data.truth[kept], []
        for m, r in product(range(2), range(3)):
            score = data.scores[m, r][kept]
            right = (score >= 0.8) == truth
            found.append(
                {"auc": lambda s=score: roc_auc_score(truth, s), "accuracy": right.mean}.get(
                    endpoint, right[truth if endpoint == "sensitivity" else ~truth].mean
                )()
            )
        return np.array(found)

    assert close(values.ravel(), all_of(np.arange(24)))
    matter = {"sensitivity": data.truth, "specificity": ~data.truth}.get(endpoint, np.ones(24, bool))
    without = np.array([all_of(np.delete(np.arange(24), k)) for k in np.flatnonzero(matter)])
    n = int(matter.sum())
    assert close(errors.reshape(6, 6), np.cov(without.T, ddof=1) * (n - 1) ** 2 / n)


def test_delong_is_delong() -> None:
    data = design(**made(3))
    _, errors = accuracies(data, "auc", "delong", None)
    one = auc(data.truth, data.scores[0, 1])
    assert close(errors[0, 1, 0, 1], one.variance)
    pair = delong_test(data.truth, data.scores[0, 1], data.scores[1, 2])
    assert close(errors[0, 1, 0, 1] + errors[1, 2, 1, 2] - 2 * errors[0, 1, 1, 2], pair.variance)


def test_the_unbiased_covariance_is_without_bias() -> None:
    """Over all 3 + 3 out of two small finite sets with replacement its mean is exactly the covariance of the AUCs."""
    ill, well = [(1.0, 0.5), (2.0, 2.0)], [(0.0, 1.0), (1.0, 0.5), (1.5, 3.0)]
    found, areas = [], []
    truth = np.repeat([1, 0], 3)
    for positives in product(ill, repeat=3):
        for negatives in product(well, repeat=3):
            scores = np.array([*positives, *negatives]).T
            case, reader = np.tile(np.arange(6), 2), np.repeat(["a", "b"], 6)
            data = design(["m"] * 12, reader, case, np.tile(truth, 2), scores.ravel())
            values, errors = accuracies(data, "auc", "unbiased", None)
            areas.append(values[0])
            found.append(errors[0, :, 0, :])
    assert close(np.mean(found, axis=0), np.cov(np.array(areas).T, ddof=0))


def test_it_keeps_its_level_and_finds_a_difference() -> None:
    """300 simulated studies of 4 readers and 60 cases; the standard error of the share is 1.3 points."""
    same = [obuchowski_rockette(**made(seed, readers=4, cases=60)).rrrc.p < 0.05 for seed in range(300)]
    other = [obuchowski_rockette(**made(seed, readers=4, cases=60, better=1.0)).rrrc.p < 0.05 for seed in range(60)]
    assert 0.01 <= np.mean(same) <= 0.09 and np.mean(other) > 0.6


def test_cases_not_read_by_all_are_dropped() -> None:
    data = made(4)
    missing = (data["case"] == "c3") & (data["reader"] == "r1") & (data["modality"] == "m1")
    left = {name: values[~missing] for name, values in data.items()}
    without = {name: values[data["case"] != "c3"] for name, values in data.items()}
    found = obuchowski_rockette(**left)
    assert found.dropped == ("c3",) and close(found.rrrc.p, obuchowski_rockette(**without).rrrc.p)
    unread = {**data, "score": np.where(missing, math.nan, data["score"])}
    assert obuchowski_rockette(**unread).dropped == ("c3",), "nan is not read"


def test_three_modalities_have_pairs() -> None:
    found = obuchowski_rockette(**made(5, modalities=3))
    assert found.difference is None and math.isnan(found.rrrc.low) and found.rrrc.df1 == 2
    assert [each.of for each in found.pairs] == [("m0", "m1"), ("m0", "m2"), ("m1", "m2")]
    one = found.pairs[1]
    assert close(one.difference, found.modalities["m0"].value - found.modalities["m2"].value)
    assert close(one.high - one.low, found.pairs[0].high - found.pairs[0].low) and 0 < one.p <= 1


def test_one_reader_is_delongs_test() -> None:
    """Readers fixed, and one of them: the difference's variance is var - cov1 twice, as DeLong's."""
    given = made(6, readers=1)
    found, data = obuchowski_rockette(**given, covariance="delong"), design(**given)
    pair = delong_test(data.truth, data.scores[0, 0], data.scores[1, 0])
    assert close((found.frrc.chi2, found.frrc.p, found.frrc.low), (pair.z**2, pair.p, pair.low))
    assert math.isnan(found.rrrc.p) and math.isnan(found.rrfc.p)
    alone = obuchowski_rockette(**{k: v[given["modality"] == "m0"] for k, v in given.items()}, covariance="delong")
    assert close(alone.modalities["m0"].low, auc(data.truth, data.scores[0, 0]).low) and alone.difference is None


def test_two_modalities_alike_do_not_differ() -> None:
    given = made(7)
    first = given["modality"] == "m0"
    twice = {name: np.concatenate([values[first], values[first]]) for name, values in given.items()}
    twice["modality"] = np.repeat(["m0", "m1"], first.sum())
    found = obuchowski_rockette(**twice)
    assert found.difference == 0 and math.isnan(found.rrfc.p), "0/0"
    assert not found.rrrc.p < 1 and not found.frrc.p < 1


def test_too_few_cases_for_a_variance_give_nan() -> None:
    given = made(8)
    one_positive = (given["truth"] == 0) | (given["case"] == "c0")
    for how in HOW:
        found = obuchowski_rockette(**{k: v[one_positive] for k, v in given.items()}, covariance=how)
        assert math.isnan(found.rrrc.p) and math.isnan(found.modalities["m0"].se)
        assert not math.isnan(found.modalities["m0"].value)


def alone(data: Long, ai: np.ndarray) -> dict[str, np.ndarray]:
    """Readers of the first modality, with the score of a system for each case (by its number) in every row."""
    first = data["modality"] == "m0"
    given = {name: values[first] for name, values in data.items() if name != "modality"}
    return {**given, "ai_score": ai[[int(name[1:]) for name in given["case"]]]}


def test_a_system_against_readers_by_the_formulas() -> None:
    """Differences of AUC reader by reader, leaving out case by case, then t with Hillis' degrees of freedom."""
    data = made(9)
    ai, grid = np.random.default_rng(9).normal(size=24) + 2 * (np.arange(24) < 12), design(**data)
    found = standalone(**alone(data, ai))
    places = np.array([int(name[1:]) for name in np.unique(data["case"])])

    def away(kept: np.ndarray) -> np.ndarray:
        system = auc(grid.truth[kept], ai[places][kept]).value
        return np.array([system - auc(grid.truth[kept], grid.scores[0, r][kept]).value for r in range(3)])

    without = np.array([away(np.delete(np.arange(24), k)) for k in range(24)])
    errors = np.cov(without.T, ddof=1) * 23**2 / 24
    apart = away(np.arange(24))
    msr, shared = apart.var(ddof=1), max(0, (errors.sum() - np.trace(errors)) / 6)
    assert close((found.difference, found.se), (apart.mean(), math.sqrt(msr / 3 + shared)))
    assert close(found.df, (msr + 3 * shared) ** 2 / (msr**2 / 2)) and close(found.t, found.difference / found.se)
    assert close(found.ai - found.readers_mean, found.difference)
    assert found.low < found.difference < found.high and (found.p < 0.05) == (found.low > 0 or found.high < 0)


def test_a_system_as_good_as_the_readers_keeps_the_level() -> None:
    """300 studies of 5 readers, whose skills lie around the system's, and 60 cases that are hard for all alike."""
    truth, refused = np.repeat([1, 0], 30), []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        hard, skill = rng.normal(0, 0.6, 60), rng.normal(1.5, 0.2, 5)
        score = skill[:, None] * truth + hard + rng.normal(0, 0.8, (5, 60))
        ai = 1.5 * truth + hard + rng.normal(0, 0.8, 60)
        reader, case = np.repeat(np.arange(5), 60), np.tile(np.arange(60), 5)
        refused.append(standalone(reader, case, truth[case], score.ravel(), ai[case]).p < 0.05)
    assert 0.01 <= np.mean(refused) <= 0.09


def test_a_system_has_its_own_threshold() -> None:
    data = made(10)
    ai = (np.arange(24) < 12) * 0.9
    found = standalone(**alone(data, ai), endpoint="sensitivity", threshold=0.8, ai_threshold=0.5)
    assert found.ai == 1 and 0 < found.readers_mean < 1
    missing = ai.copy()
    missing[3] = math.nan
    assert standalone(**alone(data, missing)).dropped == ("c3",)


def without(data: Long, **changed: Any) -> ObuchowskiRockette:
    return obuchowski_rockette(**{**data, **changed})


def test_what_makes_no_sense_is_refused() -> None:
    data = made(11)
    n = len(data["truth"])
    with pytest.raises(ValueError, match="twice"):
        without(data, case=np.where(data["case"] == "c1", "c0", data["case"]))
    with pytest.raises(ValueError, match="two truths"):
        without(data, truth=np.where(np.arange(n) == 0, 1 - data["truth"], data["truth"]))
    with pytest.raises(ValueError, match="both classes"):
        without(data, truth=np.zeros(n, int))
    with pytest.raises(ValueError, match="read by all"):
        without(data, score=np.where(data["reader"] == "r0", math.nan, data["score"]))
    with pytest.raises(ValueError, match="threshold"):
        without(data, endpoint="accuracy")
    for name, word in (("endpoint", "dice"), ("covariance", "none")):
        with pytest.raises(ValueError, match=word):
            without(data, **{name: word})
    with pytest.raises(ValueError, match="every reading"):
        without(data, score=data["score"][:-1])
    with pytest.raises(ValueError, match="no readings"):
        obuchowski_rockette([], [], [], [], [])
    given = alone(data, np.arange(24.0))
    with pytest.raises(ValueError, match="one score for each case"):
        standalone(**{**given, "ai_score": np.arange(float(len(given["truth"])))})
    with pytest.raises(ValueError, match="one score of the system"):
        standalone(**{**given, "ai_score": given["ai_score"][:-1]})
