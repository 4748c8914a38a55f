"""Cohorts' plans beside what the papers print of their patients and lesions."""

from __future__ import annotations

import pytest

from tests.simulator.papers import PAPERS
from tests.simulator.tables import ALLOWED_PERCENT, lines
from workstation.phantom.cohorts import COHORTS


@pytest.mark.parametrize("name", sorted(PAPERS))
def test_every_printed_figure_is_met_within_two_percent(name: str) -> None:
    found = [line for line in lines(COHORTS[name], 7) if line.percent is not None]
    assert found
    off = {line.name: (line.paper, line.ours) for line in found if abs(line.percent or 0) > ALLOWED_PERCENT}
    assert not off


def test_the_papers_parts_make_their_totals() -> None:
    """A slip in copying a table would show here."""
    lesions, patients = PAPERS["lesions-3352"], PAPERS["patients-12222"]
    for what in ("patients", "metastatic", "lesions", "malignant", "benign"):
        assert sum(lesions[f"{what} {tumour}"] for tumour in ("lung", "prostate", "breast")) == lesions[what]
    for label in ("malignant", "benign"):
        assert (
            sum(lesions[f"{label}, {group}"] for group in ("1-3 lesions", "4-6 lesions", "> 6 lesions"))
            == (lesions[label])
        )
    for what in ("patients", "metastatic", "under 60"):
        parts = (patients[f"{what} {tumour}"] for tumour in ("lung", "prostate", "breast", "other"))
        assert sum(parts) == patients[what]
