"""Counts of patients and lesions against the printed table 1 of paper A and the printed flow of paper B."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.cohort_tables import ScanFacts, flow, patient_table

TUMOURS = ("lung", "prostate", "breast", "other")
# Table 1 of paper A: patients malignant and benign; the rates as printed there.
PAPER = {"lung": (567, 686, "45.25"), "prostate": (466, 551, "45.82"), "breast": (437, 645, "40.39")}


def paper_scans() -> Iterator[ScanFacts]:
    for tumour, (malignant, benign, _) in PAPER.items():
        for number in range(malignant + benign):
            bad = number < malignant
            yield ScanFacts(f"{tumour}{number}", f"P{tumour}{number}", tumour, None, None, int(bad), 1)


def test_paper_a_table_1() -> None:
    table = patient_table(list(paper_scans()), TUMOURS)
    for tumour, (malignant, benign, rate) in PAPER.items():
        share = table.patients[tumour]
        assert (share.total, share.malignant, share.benign) == (malignant + benign, malignant, benign)
        assert f"{100 * share.rate:.2f}" == rate
    total = table.patients["total"]
    assert (total.total, total.malignant, total.benign) == (3352, 1470, 1882)
    assert (table.lesions["total"].malignant, table.lesions["total"].benign) == (1470, 3352)
    assert table.status["total"].undecided == 3352
    assert list(table.patients) == ["lung", "prostate", "breast", "total"]


def test_paper_b_flow() -> None:
    """13,477 collected; 796 primary bone tumour, 147 quality, 312 without follow-up; 12,222 included."""
    reasons = ["primary bone tumour"] * 796 + ["picture quality"] * 147 + ["no follow-up"] * 312
    scans = [
        ScanFacts(f"S{n}", f"P{n}", "lung", n % 2, excluded=reasons[n] if n < len(reasons) else None)
        for n in range(13_477)
    ]
    found = flow(scans, TUMOURS)
    assert (found.collected, found.included) == (13_477, 12_222)
    assert found.excluded == {"primary bone tumour": 796, "no follow-up": 312, "picture quality": 147}
    assert found.by_tumour["lung"].total == 12_222
    assert abs(found.by_tumour["lung"].malignant - found.by_tumour["lung"].benign) <= 1


def test_status_and_conflict() -> None:
    scans = [
        ScanFacts("a", "P", "lung", None, 1),
        ScanFacts("b", "P", "lung", None, 3),  # seen once
        ScanFacts("c", "Q", None, 0, 2),  # a conflict; the Reference decides
        ScanFacts("d", "R", "lung"),
        ScanFacts("e", "T", "lung", 1, 0, excluded="no follow-up"),
    ]
    found = flow(scans, TUMOURS)
    assert found.conflicts == ("Q",)
    assert (found.by_tumour["lung"].malignant, found.by_tumour["lung"].undecided) == (2, 1)
    assert found.by_tumour["unknown"].benign == 1
    assert patient_table(scans, TUMOURS).status["lung"].malignant == 1


@given(
    st.lists(
        st.tuples(
            st.sampled_from("PQRS"), st.sampled_from([None, *TUMOURS]), st.sampled_from([None, 0, 1]),
            st.sampled_from([None, 0, 1, 2, 3]), st.integers(0, 3), st.integers(0, 3), st.integers(0, 2),
            st.sampled_from([None, "no follow-up", "words"]),
        ),
        max_size=30,
    )
)  # fmt: skip
def test_nobody_is_counted_twice_or_lost(
    rows: list[tuple[str, str | None, int | None, int | None, int, int, int, str | None]],
) -> None:
    scans = [
        ScanFacts(str(n), patient, tumour, reference, grade, bad, good, unsure, 0, excluded)
        for n, (patient, tumour, reference, grade, bad, good, unsure, excluded) in enumerate(rows)
    ]
    found, table = flow(scans, TUMOURS), patient_table(scans, TUMOURS)
    assert found.collected == found.included + sum(found.excluded.values()) == len(scans) or not scans
    assert found.by_tumour["total"].total == found.included
    assert table.patients["total"].total == table.status["total"].total == found.included_patients
    kept = [scan for scan in scans if scan.excluded is None]
    assert table.lesions["total"].malignant == sum(scan.malignant for scan in kept)
    for part in (table.patients, table.status, table.lesions, found.by_tumour):
        assert part["total"].total == sum(share.total for name, share in part.items() if name != "total")


def test_nothing_at_all() -> None:
    table = patient_table([])
    assert table.patients["total"].total == 0
    assert table.patients["total"].rate != pytest.approx(0)
