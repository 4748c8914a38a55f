"""Intervals and tests for lesions that share patients: against GEE, definitions, a plain bootstrap and simulation."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.genmod.cov_struct import Independence
from statsmodels.genmod.generalized_estimating_equations import GEE

from workstation.stats.bootstrap import bootstrap_auc, bootstrap_auc_difference, bootstrap_proportions
from workstation.stats.clustered_roc import clustered_auc, clustered_auc_test, clustered_heterogeneity
from workstation.stats.clustered_tables import clustered_chi2, clustered_difference, clustered_proportion
from workstation.stats.paired import from_counts, paired_difference, tango
from workstation.stats.roc import auc, delong_test
from workstation.stats.tables import pearson_chi2

# Rows of patient, truth, one score, another; both classes are there.
CASES = st.lists(
    st.tuples(st.integers(0, 7), st.booleans(), st.integers(0, 5), st.integers(0, 5)), min_size=4, max_size=30
).map(lambda rows: np.array([(0, True, 3, 2), (1, False, 3, 4), *rows], int))


def alike(seed: int, patients: int, lesions: int, share: float = 0.7, within: float = 0.5) -> tuple[np.ndarray, ...]:
    """Right or wrong of lesions whose patients differ (beta-binomial, correlation `within`), and their patients."""
    rng = np.random.default_rng(seed)
    much = (1 - within) / within
    chance = rng.beta(share * much, (1 - share) * much, patients)
    number = np.repeat(np.arange(patients), rng.poisson(lesions - 1, patients) + 1)
    return (rng.random(len(number)) < chance[number]).astype(int), number


def fit(response: np.ndarray, design: np.ndarray, clusters: np.ndarray) -> GEE:
    return GEE(response, design, clusters, family=sm.families.Binomial(), cov_struct=Independence())


def test_the_design_effect_is_gees() -> None:
    """A GEE with independence and a sandwich estimates the same variance, but for its factor k / (k - 1)."""
    right, patient = alike(1, 60, 4)
    found = clustered_proportion(right, patient)
    result = fit(right, np.ones((len(right), 1)), patient).fit()
    share = right.mean()
    robust = float(result.cov_params()[0, 0]) * (share * (1 - share)) ** 2
    assert found.design_effect * share * (1 - share) / len(right) == pytest.approx(robust * 60 / 59, rel=1e-6)
    assert found.design_effect > 1.5 and found.clusters == 60 and found.value == share


def test_lesions_of_their_own_patients_are_ordinary() -> None:
    """Single lesions give Wilson's interval for n - 1 cases; a patient's lesions all alike that for the patients."""
    rng = np.random.default_rng(2)
    right = rng.integers(0, 2, 50)
    single = clustered_proportion(right, np.arange(50))
    assert single.design_effect == pytest.approx(50 / 49)
    fivefold = clustered_proportion(np.tile(right, 5), np.tile(np.arange(50), 5))
    assert (fivefold.low, fivefold.high) == pytest.approx((single.low, single.high))
    perfect = clustered_proportion(np.ones(50), np.repeat(np.arange(5), 10))
    assert (perfect.value, perfect.high) == (1, 1) and perfect.low == pytest.approx(5 / (5 + 1.959964**2))
    nothing = clustered_proportion([], [])
    assert math.isnan(nothing.value) and math.isnan(nothing.low)


def test_the_clustered_interval_covers_where_wilsons_does_not() -> None:
    """500 sets of 50 patients, some 4 lesions each, correlation 0.5; standard error of the share 1 point."""
    clustered, plain = 0, 0
    for seed in range(500):
        right, patient = alike(1000 + seed, 50, 4)
        found, naive = clustered_proportion(right, patient), clustered_proportion(right, np.arange(len(right)))
        clustered += found.low <= 0.7 <= found.high
        plain += naive.low <= 0.7 <= naive.high
    assert 0.92 <= clustered / 500 <= 0.975 and plain / 500 < 0.85


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2), st.booleans()), min_size=8, max_size=40))
def test_groups_are_compared_as_by_gee(rows: list[tuple[int, int, bool]]) -> None:
    """statsmodels' score test of a GEE, with patients in several groups as well."""
    patient, group, right = np.array(rows, int).T
    assume(len(np.unique(group)) == 3 and 0 < right.sum() < len(right))
    found = clustered_chi2(right, patient, group)
    assume(found.df == 2)
    design = np.eye(3)[group]
    design[:, 0] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small = fit(right, design[:, :1], patient).fit()
        each = np.stack([(patient == p) @ (design * (right - right.mean())[:, None]) for p in np.unique(patient)])
        assume(np.linalg.cond(each.T @ each) < 1e8)
        expected = fit(right, design, patient).compare_score_test(small)
    assert (found.statistic, found.df) == pytest.approx((expected["statistic"], expected["df"]), rel=1e-4)
    assert found.p == pytest.approx(expected["p-value"], rel=1e-3, abs=1e-9)


def test_groups_of_single_lesions_are_pearsons_nearly() -> None:
    rng = np.random.default_rng(3)
    group = rng.integers(0, 3, 3000)
    right = rng.random(3000) < 0.75 + 0.03 * group
    counts = [[np.sum(right & (group == g)), np.sum(~right & (group == g))] for g in range(3)]
    found, plain = clustered_chi2(right, np.arange(3000), group), pearson_chi2(counts)
    assert found.statistic == pytest.approx(plain.statistic, rel=0.05) and found.df == plain.df == 2
    assert found.test != plain.test


def test_the_clustered_test_keeps_its_level_where_pearsons_does_not() -> None:
    clustered, plain = [], []
    for seed in range(400):
        right, patient = alike(seed, 90, 4)
        group = patient % 3
        clustered.append(clustered_chi2(right, patient, group).p < 0.05)
        counts = [[np.sum(right[group == g]), np.sum(1 - right[group == g])] for g in range(3)]
        plain.append(pearson_chi2(counts).p < 0.05)
    assert 0.02 <= np.mean(clustered) <= 0.08 and np.mean(plain) > 0.15


def test_a_group_all_right_and_no_groups() -> None:
    right, patient = alike(4, 40, 3)
    group = patient % 2
    right[group == 0] = 1
    found = clustered_chi2(right, patient, group)
    assert found.df == 1 and 0 < found.p < 0.01
    assert math.isnan(clustered_chi2(right, patient, np.zeros_like(group)).p)
    assert math.isnan(clustered_chi2(np.ones(len(right)), patient, group).p)
    assert math.isnan(clustered_chi2([], [], []).p)


@settings(max_examples=50)
@given(CASES)
def test_obuchowskis_variance_is_hers(cases: np.ndarray) -> None:
    """The formulas of her section 2, patient by patient with loops."""
    patient, truth, score, _ = cases.T
    ill, well = np.flatnonzero(truth == 1), np.flatnonzero(truth == 0)
    psi = (score[ill][:, None] > score[well][None]) + 0.5 * (score[ill][:, None] == score[well][None])
    area = psi.mean()
    v10, v01 = dict(zip(ill, psi.mean(axis=1), strict=True)), dict(zip(well, psi.mean(axis=0), strict=True))
    s10 = s01 = s11 = i10 = i01 = 0.0
    everyone = set(patient.tolist())
    for p in everyone:
        x, y = [i for i in ill if patient[i] == p], [i for i in well if patient[i] == p]
        mine, theirs = sum(v10[i] for i in x) - len(x) * area, sum(v01[i] for i in y) - len(y) * area
        s10, s01, s11 = s10 + mine**2, s01 + theirs**2, s11 + mine * theirs
        i10, i01 = i10 + bool(x), i01 + bool(y)
    found = clustered_auc(truth, score, patient)
    assert found.value == pytest.approx(area)
    if i10 < 2 or i01 < 2:
        assert math.isnan(found.variance)
        return
    m, n, i = len(ill), len(well), len(everyone)
    s10, s01, s11 = s10 * i10 / ((i10 - 1) * m), s01 * i01 / ((i01 - 1) * n), s11 * i / (i - 1)
    assert found.variance == pytest.approx(max(s10 / m + s01 / n + 2 * s11 / (m * n), 0), abs=1e-12)


@settings(max_examples=50)
@given(CASES)
def test_patients_of_one_lesion_give_delong(cases: np.ndarray) -> None:
    _, truth, a, b = cases.T
    own = np.arange(len(truth))
    assert clustered_auc(truth, a, own).variance == pytest.approx(auc(truth, a).variance, abs=1e-12, nan_ok=True)
    one, other = clustered_auc_test(truth, a, b, own), delong_test(truth, a, b)
    assert (one.difference, one.p) == pytest.approx((other.difference, other.p), abs=1e-9, nan_ok=True)


@settings(max_examples=50)
@given(CASES)
def test_the_variance_of_a_difference(cases: np.ndarray) -> None:
    """var(a - b) = 2 var(a) + 2 var(b) - var(a + b), with a + b as the components of both scores added."""
    patient, truth, a, b = cases.T
    found = clustered_auc_test(truth, a, b, patient)
    assert found.difference == pytest.approx(auc(truth, a).value - auc(truth, b).value, abs=1e-12)
    same = clustered_auc_test(truth, a, 2 * a, patient)
    assert same.difference == 0 and math.isnan(same.p)
    upside = clustered_auc_test(truth, a, -a, patient)  # 2 AUC - 1: twice the error
    assert upside.variance == pytest.approx(4 * clustered_auc(truth, a, patient).variance, abs=1e-12, nan_ok=True)


def sick_patients(seed: int, patients: int = 50) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """patient, truth, two scores of lesions: lesions of a patient share a part of truth and of both scores."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), rng.integers(3, 12, patients))
    truth = (rng.random(len(patient)) < rng.beta(1, 1, patients)[patient]).astype(int)
    shared = rng.normal(0, 1, patients)[patient]
    a, b = (truth * math.sqrt(2) + shared + rng.normal(0, 1, len(patient)) for _ in range(2))
    return patient, truth, a, b


def true_area() -> float:
    """Of either score: nearly all pairs are of two patients, so N(sqrt 2, 2) against N(0, 2)."""
    return 0.5 * math.erfc(-math.sqrt(2) / 2 / math.sqrt(2))


def test_the_clustered_area_covers_where_delongs_does_not() -> None:
    clustered = plain = level = 0
    for seed in range(400):
        patient, truth, a, b = sick_patients(seed)
        one, other = clustered_auc(truth, a, patient), auc(truth, a)
        clustered += one.low <= true_area() <= one.high
        plain += other.low <= true_area() <= other.high
        level += clustered_auc_test(truth, a, b, patient).p < 0.05
    assert 0.91 <= clustered / 400 <= 0.975 and plain / 400 < 0.88 and 0.02 <= level / 400 <= 0.09


def test_the_bootstrap_is_a_bootstrap() -> None:
    """Patients drawn one by one, their lesions copied, everything computed anew: the same draws, the same interval."""
    patient, truth, a, b = sick_patients(5, patients=30)
    a = np.round(a)  # ties
    rng = np.random.default_rng(0)
    areas, differences, shares = [], [], []
    for picked in rng.integers(0, 30, (200, 30)):
        rows = np.concatenate([np.flatnonzero(patient == p) for p in picked])
        areas.append(auc(truth[rows], a[rows]).value)
        differences.append(areas[-1] - auc(truth[rows], b[rows]).value)
        shares.append(np.mean(truth[rows][a[rows] > 1]))
    found = bootstrap_auc(truth, a, patient, resamples=200)
    assert found.value == pytest.approx(auc(truth, a).value)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(areas, (2.5, 97.5))))
    apart = bootstrap_auc_difference(truth, a, b, patient, resamples=200)
    assert (apart.low, apart.high) == pytest.approx(tuple(np.percentile(differences, (2.5, 97.5))))
    share = bootstrap_proportions({"ppv": (truth, a > 1), "none": (truth, a > 99)}, patient, resamples=200)
    assert share["ppv"].value == pytest.approx(np.mean(truth[a > 1]))
    assert (share["ppv"].low, share["ppv"].high) == pytest.approx(tuple(np.percentile(shares, (2.5, 97.5))))
    assert math.isnan(share["none"].value)


def test_the_bootstrap_agrees_with_the_formulas() -> None:
    patient, truth, a, _ = sick_patients(6, patients=300)
    drawn, formula = bootstrap_auc(truth, a, patient), clustered_auc(truth, a, patient)
    assert drawn.high - drawn.low == pytest.approx(formula.high - formula.low, rel=0.1)
    share = bootstrap_proportions({"": (truth, np.ones(len(a)))}, patient)[""]
    effect = clustered_proportion(truth, patient)
    assert (share.low, share.high) == pytest.approx((effect.low, effect.high), abs=0.01)


def test_tangos_interval_as_published() -> None:
    """Fagerland, Lydersen, Laake, Statistics in Medicine 2014; 33: 2850-2875: of 21 children b 1, c 7."""
    low, high = tango(1, 7, 21)
    assert (round(low, 3), round(high, 3)) == (-0.517, -0.026)


@settings(max_examples=50)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_tangos_interval_and_mcnemars_test(b: int, c: int, same: int) -> None:
    """It leaves out 0 just where (b - c) / sqrt(b + c) passes 1.96; turned round it is its mirror."""
    n = b + c + same
    assume(n)
    found, mirror = from_counts(b, c, n), from_counts(c, b, n)
    assert -1 <= found.low <= found.difference + 1e-12 and found.difference <= found.high + 1e-12 <= 1 + 1e-11
    assert (found.low, found.high) == pytest.approx((-mirror.high, -mirror.low), abs=1e-9)
    outside = abs(b - c) / math.sqrt(b + c) > 1.959963984540054 if b + c else False
    assert (found.low > 0 or found.high < 0) == outside
    assert found.p == mirror.p


def test_paired_calls() -> None:
    a, b = np.array([1, 1, 1, 0, 0]), np.array([1, 0, 0, 1, 0])
    found = paired_difference(a, b)
    assert (found.b, found.c, found.n, found.difference) == (2, 1, 5, pytest.approx(0.2))
    assert math.isnan(paired_difference([], []).difference)
    with pytest.raises(ValueError, match="same cases"):
        paired_difference([1], [1, 0])
    with pytest.raises(ValueError, match="more than"):
        from_counts(3, 3, 5)


def test_a_clustered_difference_is_gees() -> None:
    """The mean of a's less b's being right, with the sandwich of a GEE with independence, but for k / (k - 1)."""
    (a, patient), (b, _) = alike(7, 80, 3), alike(8, 80, 3)
    n = min(len(a), len(b))
    a, b, patient = a[:n], b[:n], patient[:n]
    found, k = clustered_difference(a, b, patient), len(np.unique(patient))
    result = GEE(a - b, np.ones((n, 1)), patient, cov_struct=Independence()).fit()
    error = math.sqrt(result.cov_params()[0, 0] * k / (k - 1))
    assert found.difference == pytest.approx(np.mean(a) - np.mean(b))
    assert (found.low, found.high) == pytest.approx(
        (found.difference - 1.959964 * error, found.difference + 1.959964 * error), abs=1e-6
    )
    assert found.p == pytest.approx(math.erfc(abs(found.difference / error) / math.sqrt(2)), rel=1e-5)
    same = clustered_difference(a, a, patient)
    assert (same.difference, same.low) == (0, 0) and math.isnan(same.p)
    assert math.isnan(clustered_difference([1, 0], [0, 0], ["x", "x"]).p)
    assert math.isnan(clustered_difference([], [], []).difference)


@pytest.mark.parametrize("seed", range(5))
def test_one_patient_a_group_tells_no_difference(seed: int) -> None:
    """What is left of the patients' components is rounding, 1e-17, and must not be taken for a sure difference."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([rng.integers(0, 2, 7), [1, 0], rng.integers(0, 2, 6), [1, 0]])
    group = np.repeat([0, 1], [9, 8])
    found = clustered_heterogeneity(truth, rng.random(17), group, group)
    assert math.isnan(found.statistic) and math.isnan(found.p)


def test_cases_of_one_patient_have_no_interval_over_patients() -> None:
    right, truth, score = [1, 1, 0, 1], [1, 0, 1, 0], [0.9, 0.2, 0.4, 0.6]
    alone = bootstrap_proportions({"all": (right, [1] * 4), "two": (right, [0, 0, 1, 1])}, ["x", "x", "y", "y"], 50)
    assert alone["two"].value == 0.5 and math.isnan(alone["two"].low) and math.isnan(alone["two"].high)
    assert alone["all"].value == 0.75 and alone["all"].low < alone["all"].high
    for patients in (["x"] * 4, ["x", "y", "x", "y"]):  # of one patient, or each class of one
        assert math.isnan(bootstrap_auc(truth, score, patients, 50).low)
        assert math.isnan(bootstrap_auc_difference(truth, score, score[::-1], patients, 50).high)
    assert math.isfinite(bootstrap_auc(truth, score, ["x", "y", "y", "y"], 50).low)
