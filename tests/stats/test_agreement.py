"""Kappas and McNemar's test against published examples and against formulas written otherwise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binomtest

from workstation.stats.agreement import cohens_kappa, fleiss_kappa, mcnemar_exact
from workstation.stats.clustered import clustered_mean

# Fleiss, Cohen, Everitt 1969, table 1: 200 patients, two judges, three diagnoses.
DIAGNOSES = [[106, 10, 4], [22, 28, 10], [2, 12, 6]]
THEIR_WEIGHTS = [[1, 0, 0.4444], [0, 1, 0.6667], [0.4444, 0.6667, 1]]
# Hout, Duncan, Sobel 1987, as in Agresti 1990, p. 370, and the R package vcd: husbands and wives, four answers.
ANSWERS = [[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]]
# Fleiss 1971, table 1: 30 patients, six psychiatrists, five diagnoses.
PSYCHIATRIC = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006
10050 11040 03300 10050 02031 00501 30012 51000 02040 10203
00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
""".split()


def test_fleiss_cohen_everitt_1969() -> None:
    """Printed there: kappa 0.429 with variance 0.002885, weighted kappa 0.507 with variance 0.003248."""
    plain, weighted = cohens_kappa(DIAGNOSES), cohens_kappa(DIAGNOSES, THEIR_WEIGHTS)
    assert (round(plain.value, 3), round(plain.se**2, 6)) == (0.429, 0.002885)
    assert (round(weighted.value, 3), round(weighted.se**2, 6)) == (0.507, 0.003248)
    assert plain.low == pytest.approx(plain.value - 1.95996 * plain.se, abs=1e-4)


def test_answers_of_couples() -> None:
    """Printed by R's vcd: 0.1293 (standard error 0.0686), equal spacing 0.2374 (0.07832)."""
    plain, linear = cohens_kappa(ANSWERS), cohens_kappa(ANSWERS, "linear")
    assert (round(plain.value, 4), round(plain.se, 4)) == (0.1293, 0.0686)
    assert (round(linear.value, 4), round(linear.se, 5)) == (0.2374, 0.07832)


def test_fleiss_1971() -> None:
    found = fleiss_kappa([[int(count) for count in row] for row in PSYCHIATRIC])
    assert round(found.value, 3) == 0.430
    assert 0.3 < found.low < found.value < found.high < 0.56
    assert found == fleiss_kappa([[int(count) for count in row] for row in PSYCHIATRIC])


_TABLES = arrays(np.int64, (4, 4), elements=st.integers(0, 30))


@given(_TABLES)
def test_quadratic_weights_are_a_correlation(table: np.ndarray) -> None:
    """Fleiss and Cohen 1973: with quadratic weights kappa is 2 cov / (var + var + (difference of means)^2)."""
    rows, columns = np.repeat(np.indices((4, 4)).reshape(2, -1), table.ravel(), axis=1)
    value = cohens_kappa(table, "quadratic").value
    below = np.var(rows) + np.var(columns) + (rows.mean() - columns.mean()) ** 2 if len(rows) else 0
    if below == 0:
        assert math.isnan(value)
    else:
        assert value == pytest.approx(2 * np.mean((rows - rows.mean()) * (columns - columns.mean())) / below)


@given(_TABLES, st.sampled_from([None, "linear", "quadratic"]))
def test_the_standard_error_is_the_delta_methods(table: np.ndarray, weights: str | None) -> None:
    """The gradient of kappa by numbers, under multinomial counts."""
    kappa = cohens_kappa(table, weights)
    if math.isnan(kappa.value):
        return
    n, share, step = table.sum(), table / table.sum(), 1e-6
    gradient = np.zeros((4, 4))
    for place in np.ndindex(4, 4):
        up, down = share.copy(), share.copy()
        up[place] += step
        down[place] = max(down[place] - step, 0)
        width = up[place] - down[place]
        difference = cohens_kappa(up, weights).value - cohens_kappa(down, weights).value
        gradient[place] = difference / width
    # The gradient along normalised shares needs no correction: kappa does not change with the total.
    variance = ((share * gradient**2).sum() - (share * gradient).sum() ** 2) / n
    assert kappa.se == pytest.approx(math.sqrt(max(variance, 0)), rel=1e-2, abs=2e-3)


@given(arrays(np.int64, (12, 2), elements=st.integers(0, 1)))
def test_two_raters_of_fleiss_are_scotts_pi(verdicts: np.ndarray) -> None:
    """With two raters Fleiss' kappa is Scott's pi (1955): chance from both raters' pooled shares."""
    counts = np.stack([(verdicts == 0).sum(axis=1), (verdicts == 1).sum(axis=1)], axis=1)
    pooled = (verdicts == 1).mean()
    chance = pooled**2 + (1 - pooled) ** 2
    value = fleiss_kappa(counts, resamples=1).value
    if chance == 1:
        assert math.isnan(value)
    else:
        assert value == pytest.approx(((verdicts[:, 0] == verdicts[:, 1]).mean() - chance) / (1 - chance))


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_is_a_binomial_test(b: int, c: int) -> None:
    expected = binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert mcnemar_exact(b, c).p == pytest.approx(expected)


def test_nothing_to_go_by_is_nan() -> None:
    nothing = [
        cohens_kappa(np.zeros((3, 3))), cohens_kappa([[9]]), cohens_kappa([[9, 0], [0, 0]], "linear"),
        fleiss_kappa(np.zeros((0, 3))), fleiss_kappa([[1, 0], [0, 1]]), fleiss_kappa([[3, 0], [3, 0]]),
    ]  # fmt: skip
    assert all(math.isnan(k.value) and math.isnan(k.low) and math.isnan(k.high) for k in nothing)
    assert mcnemar_exact(0, 0).p == 1


def test_perfect_agreement_is_one() -> None:
    assert cohens_kappa([[5, 0], [0, 7]]).value == cohens_kappa([[5, 0], [0, 7]]).low == 1
    assert fleiss_kappa([[3, 0], [0, 3]]).value == 1


@pytest.mark.parametrize("bad", [[[1, 2, 3]], [[-1, 0], [0, 1]], [[math.nan, 0], [0, 1]], [1, 2]])
def test_what_is_no_table_is_refused(bad: object) -> None:
    with pytest.raises(ValueError):
        cohens_kappa(bad)  # type: ignore[arg-type]


def test_calls_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="equally many"):
        fleiss_kappa([[3, 0], [1, 1]])
    with pytest.raises(ValueError, match="counts"):
        mcnemar_exact(-1, 3)
    with pytest.raises(ValueError, match="weights"):
        cohens_kappa(DIAGNOSES, "cubic")  # type: ignore[arg-type]


def test_a_mean_over_clusters_is_as_sure_as_its_clusters_are_many() -> None:
    """Ten equal values of each patient say no more than one of each: the interval is that of the patients."""
    patients = list(range(40))
    values = [float(v) for v in np.random.default_rng(5).normal(size=40)]
    once = clustered_mean(values, patients)
    tenfold = clustered_mean(values * 10, patients * 10)
    assert tenfold.value == pytest.approx(once.value)
    assert (tenfold.low, tenfold.high) == pytest.approx((once.low, once.high))
    assert once.high - once.low == pytest.approx(2 * 1.96 * np.std(values) / math.sqrt(40), rel=0.15)
    assert math.isnan(clustered_mean([], []).value)
