"""Paper B's tables from predictions of patients (one scan each, or several): who was tested, and AUCs of subgroups."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from workstation.stats.bootstrap import RESAMPLES
from workstation.stats.comparing import between_groups, between_networks
from workstation.stats.evaluation import Cell, Comparison, Row, Table
from workstation.stats.lesion_tables import TUMOURS
from workstation.stats.measures import COLUMNS, counts, elsewhere, row, share
from workstation.stats.predictions import Predictions, Texts, age_group, age_groups

BORDERS = (60,)
AGES = age_groups(BORDERS)
SEXES = ("male", "female")


def patient_tables(
    networks: Sequence[Predictions], prevalence: float | None = None, resamples: int = RESAMPLES
) -> tuple[Table, ...]:
    """Tables 1 (of those tested) and 2, subgroups within each tumour, and the networks; the first network is ours.

    prevalence: where PPV and NPV are given as well, as those of the set hold for its own share of metastases only.
    """
    if not networks:
        raise ValueError("there are no predictions to make tables of")
    ours = networks[0]
    found = [table1(ours), table2(ours, prevalence, resamples), *within_tumours(ours, resamples)]
    if len(networks) > 1:
        found.append(compared(networks, resamples))
    return tuple(found)


def table1(given: Predictions) -> Table:
    """Cases by tumour, sex, age and status."""
    ages = age_group(given.age, BORDERS)
    columns = ("number", *SEXES, *AGES, "no metastasis", "metastasis", "metastasis rate")

    def who(key: str, part: Predictions, age: Texts) -> Row:
        sexes = {name: Cell(float(np.sum(part.sex == name)), int(np.sum(part.sex == name))) for name in SEXES}
        years = {name: Cell(float(np.sum(age == name)), int(np.sum(age == name))) for name in AGES}
        ill, n = int(part.truth.sum()), len(part)
        status = {**counts(no_metastasis=n - ill, metastasis=ill), "metastasis rate": share(ill, n)}
        return Row(key, n, part.patients, part.folds, {**counts(number=n), **sexes, **years, **status})

    there = [name for name in TUMOURS if np.any(given.tumour == name)]
    rows = [who(name, given.take(given.tumour == name), ages[given.tumour == name]) for name in there]
    return Table("b", "1", "Those tested", columns, (*rows, who("total", given, ages)))


def table2(given: Predictions, prevalence: float | None = None, resamples: int = RESAMPLES) -> Table:
    """All cases and subgroups by tumour, sex and age, and whether the subgroups differ."""
    rows, compared = [], []
    for group, names in _groupings(given):
        rows += [row(name, given.take(group == name), resamples) for name in names if np.any(group == name)]
        compared += _differing(given, group, names, "")
    total = row("total", given, resamples)
    columns: tuple[str, ...] = COLUMNS
    if prevalence is not None:
        extra = elsewhere(given.confusion(), prevalence)
        total = Row(total.key, total.cases, total.patients, total.folds, {**total.cells, **extra})
        columns = (*columns, *extra)
    notes = (f"Threshold: {given.threshold_from}.",)
    return Table("b", "2", f"Subgroups, {given.model}", columns, (*rows, total), tuple(compared), notes)


def within_tumours(given: Predictions, resamples: int = RESAMPLES) -> tuple[Table, ...]:
    """Ages and sexes within each tumour, as the paper asks in its text; a sex all patients have is no subgroup."""
    found = []
    for tumour in (name for name in TUMOURS if np.any(given.tumour == name)):
        part = given.take(given.tumour == tumour)
        rows, compared = [], []
        for group, names in _groupings(part)[1:]:
            there = [name for name in names if np.any(group == name)]
            if len(there) > 1:
                rows += [row(f"{tumour}, {name}", part.take(group == name), resamples) for name in there]
                compared += _differing(part, group, there, f"{tumour}, ")
        notes = (f"Threshold: {given.threshold_from}.",)
        if rows:
            number = f"2 {tumour}"
            found.append(Table("b", number, f"Within {tumour}", COLUMNS, tuple(rows), tuple(compared), notes))
    return tuple(found)


def compared(networks: Sequence[Predictions], resamples: int = RESAMPLES) -> Table:
    """The networks, and what the first is better by than each other on the cases both have."""
    rows = tuple(row(each.model, each, resamples) for each in networks)
    pairs = [pair for other in networks[1:] for pair in between_networks(networks[0], other, resamples)]
    notes = (f"Threshold: {networks[0].threshold_from}.",)
    return Table("b", "networks", "Networks", COLUMNS, rows, tuple(pairs), notes)


def _groupings(given: Predictions) -> list[tuple[Texts, Sequence[str]]]:
    return [(given.tumour, TUMOURS), (given.sex, SEXES), (age_group(given.age, BORDERS), AGES)]


def _differing(given: Predictions, group: Texts, names: Sequence[str], prefix: str) -> list[Comparison]:
    """Comparisons of groups that are there, named as the rows are."""
    if sum(bool(np.any(group == name)) for name in names) < 2:
        return []
    rename: Callable[[str], str] = (prefix + "{}").format
    return [
        Comparison(
            each.column, tuple(map(rename, each.of)), each.tests, each.difference, each.cases, each.patients
        )
        for each in between_groups(given, group, names)
    ]  # fmt: skip
