"""Comparisons of a table: groups of cases in one network, and networks on the same cases."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from workstation.stats.bootstrap import RESAMPLES, bootstrap_auc_difference
from workstation.stats.clustered_roc import clustered_auc_test, clustered_heterogeneity
from workstation.stats.clustered_tables import clustered_chi2, clustered_difference
from workstation.stats.confusion import METRICS
from workstation.stats.evaluation import Cell, Comparison, Interval, Test
from workstation.stats.measures import BOOTSTRAP, DELONG, both, counted
from workstation.stats.paired import paired_difference
from workstation.stats.predictions import Predictions, Texts, common
from workstation.stats.roc import auc, delong_test, heterogeneity
from workstation.stats.tables import ChiSquare, compare_proportions

PAIRED = ("sensitivity", "specificity", "accuracy")


def between_groups(given: Predictions, group: Texts, names: Sequence[str]) -> tuple[Comparison, ...]:
    """Do groups of cases differ? Every metric by Pearson's chi-square, as in the papers, and by a test over patients.

    group: (n,) each case's group; those not in `names` are left out. Pearson's is also given on mean counts per fold,
    which is what paper A prints: with five folds its statistic is a fifth of what the cases say. AUCs: Wald's
    chi-square, groups as independent cases and over patients, where a group has both classes. None for one group.
    """
    kept = given.take(np.isin(group, list(names)))
    group = group[np.isin(group, list(names))]
    there = [name for name in names if np.any(group == name)]
    if len(there) < 2:
        return ()
    matrices = [kept.take(group == name).confusion() for name in there]
    number, folds, which = np.searchsorted(np.sort(there), group), len(given.folds), counted(kept)
    found = []
    for name in METRICS:
        parts = [getattr(matrix, name) for matrix in matrices]
        of = which[name]
        tests = [_test(compare_proportions(parts))]
        if folds > 1:
            fifth = compare_proportions(parts, divided_by=folds)
            tests.append(Test(f"{fifth.test} on mean counts per fold, as printed", fifth.p, fifth.statistic, fifth.df))
        tests.append(_test(clustered_chi2(kept.right[of], kept.patient[of], number[of])))
        found.append(Comparison(name, tuple(there), tuple(tests), cases=int(of.sum()), patients=kept.patients))
    areas = [name for name in there if both(kept.truth[group == name])]
    if len(areas) > 1:
        some = np.isin(group, areas)
        each = [auc(kept.truth[group == name], kept.score[group == name]) for name in areas]
        over = clustered_heterogeneity(kept.truth[some], kept.score[some], kept.patient[some], group[some])
        tests = [_test(heterogeneity(each)), _test(over)]
        found.append(Comparison("auc", tuple(areas), tuple(tests), cases=int(some.sum()), patients=kept.patients))
    return tuple(found)


def between_networks(one: Predictions, other: Predictions, resamples: int = RESAMPLES) -> tuple[Comparison, ...]:
    """The first's metrics less the second's on the cases both have, with intervals and tests.

    As independent cases: exact McNemar, Tango's interval, DeLong. Over patients: Wald's of the ratio estimator,
    Obuchowski's and the bootstrap for the AUC. None where they share no case.
    """
    first, second = common(one, other)
    of, found = (one.model, other.model), []
    if not len(first):
        return ()
    which = counted(first)
    for name in PAIRED:
        a, b, patient = first.right[which[name]], second.right[which[name]], first.patient[which[name]]
        plain, over = paired_difference(a, b), clustered_difference(a, b, patient)
        cell = Cell(
            plain.difference,
            intervals=(Interval("Tango", plain.low, plain.high), Interval("Wald over patients", over.low, over.high)),
        )
        tests = Test(plain.test, plain.p), Test(over.test, over.p)
        found.append(Comparison(name, of, tests, cell, len(a), len(np.unique(patient))))
    if both(first.truth):
        scores = first.truth, first.score, second.score
        plain_area, over_area = delong_test(*scores), clustered_auc_test(*scores, first.patient)
        drawn = bootstrap_auc_difference(*scores, first.patient, resamples)
        cell = Cell(
            plain_area.difference,
            intervals=(
                Interval(DELONG, plain_area.low, plain_area.high),
                Interval("Obuchowski over patients", over_area.low, over_area.high),
                Interval(BOOTSTRAP, drawn.low, drawn.high),
            ),
        )
        tests = (
            Test("DeLong", plain_area.p, plain_area.z),
            Test("Obuchowski over patients", over_area.p, over_area.z),
        )
        found.append(Comparison("auc", of, tests, cell, len(first), first.patients))
    return tuple(found)


def _test(found: ChiSquare) -> Test:
    return Test(found.test, found.p, None if math.isnan(found.statistic) else found.statistic, found.df)
