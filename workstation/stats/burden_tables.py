"""Paper C's tables of what is called positive: scans, scans by age, sub-images, sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from workstation.stats.bootstrap import RESAMPLES
from workstation.stats.comparing import between_groups, between_networks
from workstation.stats.evaluation import Row, Table
from workstation.stats.measures import COLUMNS, counts, row, share
from workstation.stats.predictions import Predictions, age_group, age_groups

SITES = ("spine", "pelvis", "scapula", "rib", "femur", "other")
BORDERS = (50, 70)
AGES = age_groups(BORDERS)


def detection(networks: Sequence[Predictions], resamples: int = RESAMPLES) -> Table:
    """Table 4: is there a metastasis in the scan. Cases are scans, see `predictions.per_scan`; the first is ours."""
    rows = tuple(row(each.model, each, resamples) for each in networks)
    pairs = [pair for other in networks[1:] for pair in between_networks(networks[0], other, resamples)]
    return Table("c", "4", "Detection", COLUMNS, rows, tuple(pairs), _notes(networks))


def by_age(given: Predictions, resamples: int = RESAMPLES) -> Table:
    """The abstract's age groups."""
    group = age_group(given.age, BORDERS)
    rows = tuple(row(name, given.take(group == name), resamples) for name in AGES if np.any(group == name))
    return Table(
        "c", "age", "Detection by age", COLUMNS, rows, between_groups(given, group, AGES), _notes([given])
    )  # fmt: skip


def sub_images(targets: Mapping[str, Predictions], resamples: int = RESAMPLES) -> Table:
    """What the classifier says of sub-images, for each of its targets ("metastasis", "bladder")."""
    rows = tuple(row(name, each, resamples) for name, each in targets.items())
    return Table("c", "sub-images", "Sub-images", COLUMNS, rows, (), _notes(list(targets.values())))


def site_counts(sites: Sequence[Predictions]) -> Table:
    """Table 3 of those tested: scans with metastases at each site, at any, at none. sites: in the order of SITES."""
    truth = _side_by_side(sites)
    ill = np.asarray(truth.any(axis=1))
    numbers = {name: int(truth[:, at].sum()) for at, name in enumerate(SITES)}
    both = {"metastases": int(ill.sum()), "none": int((~ill).sum()), "total": len(ill)}
    first = sites[0]
    cells = counts(**{**numbers, **both})
    tested = Row("testing set", len(first), first.patients, first.folds, cells)
    return Table("c", "3", "Sites of those tested", (*SITES, *both), (tested,))


def by_site(sites: Sequence[Predictions], resamples: int = RESAMPLES) -> Table:
    """Sensitivity and specificity at each site (the paper gives sensitivities only), then all sites right at once.

    sites: one table of predictions a site, in the order of SITES, all of the same scans.
    """
    truth = _side_by_side(sites)
    right = np.asarray(np.stack([each.right for each in sites], axis=1).all(axis=1))
    ill = np.asarray(truth.any(axis=1))
    first = sites[0]
    rows = [row(name, each, resamples) for name, each in zip(SITES, sites, strict=True)]
    cells = {
        "all sites right, of metastatic scans": share(int((right & ill).sum()), int(ill.sum())),
        "all sites right": share(int(right.sum()), len(right)),
    }
    rows.append(Row("all sites", len(first), first.patients, first.folds, cells))
    return Table("c", "sites", "Sites", (*COLUMNS, *cells), tuple(rows), (), _notes(sites))


def _side_by_side(sites: Sequence[Predictions]) -> NDArray[np.bool_]:
    """(scans, sites) truth; ValueError unless there is one table a site, all of the same scans in one order."""
    if len(sites) != len(SITES):
        raise ValueError(f"there are {len(SITES)} sites, got predictions of {len(sites)}")
    if any(not np.array_equal(each.case, sites[0].case) for each in sites):
        raise ValueError("the sites' predictions are of the same scans in one order")
    return np.stack([each.truth for each in sites], axis=1)


def _notes(given: Sequence[Predictions]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"Threshold: {each.threshold_from}." for each in given))
