"""Paper A's tables from predictions of lesions: who was in, folds, networks, burden, tumours, and its supplement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workstation.stats.bootstrap import RESAMPLES
from workstation.stats.comparing import between_groups, between_networks
from workstation.stats.evaluation import Row, Table
from workstation.stats.measures import COLUMNS, counts, row, share
from workstation.stats.predictions import BURDEN, Predictions, Texts, burden_group

TUMOURS = ("lung", "prostate", "breast", "other")
PATIENTS = ("patients", "malignant patients", "benign patients", "metastasis rate of patients")
LESIONS = ("lesions", "malignant lesions", "benign lesions", "metastasis rate of lesions")
COUNTED = "Folds are counted from 0, as their folders are; beside them stand the paper's 1 to 5, of its own patients."


def lesion_tables(networks: Sequence[Predictions], resamples: int = RESAMPLES) -> tuple[Table, ...]:
    """Tables 1 to 5 and the supplement; the first network is ours, the others are compared with it in table 3.

    Burden is by the lesions of each case's scan. A bound such as `p_ceiling` may stand among the networks: its row and
    its difference are then the distance to what can be known. ValueError without any network.
    """
    if not networks:
        raise ValueError("there are no predictions to make tables of")
    ours = networks[0]
    return (
        table1(ours),
        table2(ours, resamples),
        table3(networks, resamples),
        grouped(ours, "4", "By lesions per scan", burden_group(ours.lesions), BURDEN, resamples),
        grouped(ours, "5", "By primary tumour", ours.tumour, TUMOURS, resamples),
        *supplement(ours, resamples),
    )


def table1(given: Predictions) -> Table:
    """Patients and lesions by tumour; a patient is malignant as soon as one lesion is."""
    rows = [_who(name, given.take(given.tumour == name)) for name in TUMOURS if np.any(given.tumour == name)]
    notes = ("Patients with at least one lesion; a patient is malignant as soon as one lesion is.",)
    return Table(
        "a", "1", "Patients and lesions", (*PATIENTS, *LESIONS), (*rows, _who("total", given)), notes=notes
    )  # fmt: skip


def table2(given: Predictions, resamples: int = RESAMPLES) -> Table:
    """Each fold, counted from 0 as their folders are, then all: pooled, with the mean of the folds beside."""
    rows = []
    for key, part in [*((f"fold {fold}", given.of_fold(fold)) for fold in given.folds), ("all", given)]:
        measured = row(key, part, resamples)
        rows.append(Row(key, len(part), part.patients, part.folds, {**_who(key, part).cells, **measured.cells}))
    columns = (*PATIENTS[:3], *LESIONS[:3], *COLUMNS)
    notes = (_threshold(given), COUNTED)
    return Table("a", "2", f"Cross-validation of {given.model}", columns, tuple(rows), notes=notes)


def table3(networks: Sequence[Predictions], resamples: int = RESAMPLES) -> Table:
    """The networks, and what the first is better by than each other, on the cases both were tested on."""
    rows = tuple(row(each.model, each, resamples) for each in networks)
    ours = networks[0]
    compared = [pair for other in networks[1:] for pair in between_networks(ours, other, resamples)]
    notes = [_threshold(ours)]
    for each in networks:
        if each.folds != ours.folds:
            notes.append(
                f"{each.model}: tested on {named(each.folds)} only; its differences are over the cases both have."
            )
    return Table("a", "3", "Networks", COLUMNS, rows, tuple(compared), tuple(notes))


def grouped(
    given: Predictions, number: str, title: str, group: Texts, names: Sequence[str], resamples: int = RESAMPLES
) -> Table:
    """Groups of cases in one network, and whether they differ."""
    rows = tuple(row(name, given.take(group == name), resamples) for name in names if np.any(group == name))
    notes = (_threshold(given),)
    return Table("a", number, title, COLUMNS, rows, between_groups(given, group, names), notes)


def supplement(given: Predictions, resamples: int = RESAMPLES) -> tuple[Table, ...]:
    """Burden within each tumour."""
    found = []
    for at, name in enumerate((name for name in TUMOURS if np.any(given.tumour == name)), 1):
        part = given.take(given.tumour == name)
        group = burden_group(part.lesions)
        found.append(grouped(part, f"S{at}", f"By lesions per scan, {name}", group, BURDEN, resamples))
    return tuple(found)


def _who(key: str, given: Predictions) -> Row:
    malignant = len(np.unique(given.patient[given.truth]))
    positive, everyone = int(given.truth.sum()), given.patients
    cells = {
        **counts(patients=everyone, malignant_patients=malignant, benign_patients=everyone - malignant),
        "metastasis rate of patients": share(malignant, everyone),
        **counts(lesions=len(given), malignant_lesions=positive, benign_lesions=len(given) - positive),
        "metastasis rate of lesions": share(positive, len(given)),
    }
    return Row(key, len(given), everyone, given.folds, cells)


def named(folds: Sequence[int]) -> str:
    """ "fold 1", "folds 0, 2"."""
    return f"fold{'' if len(folds) == 1 else 's'} {', '.join(map(str, folds))}"


def _threshold(given: Predictions) -> str:
    return f"Threshold: {given.threshold_from}."
