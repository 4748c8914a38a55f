"""The one real scan within the range of simulated ones. This is calibration, never validation.

`python -m tests.simulator.compare` does the same with more scans and prints every figure.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.simulator.compare import Row, rows
from tests.simulator.figures import measure, noise
from tests.simulator.subject import REAL_COUNTS, Subject, real, simulated

SCANS = 16


@pytest.fixture(scope="module")
def subjects() -> list[Subject]:
    """Patients of the largest cohort, acquired as the real scan was."""
    return simulated("patients-12222", 5, range(SCANS))


@pytest.fixture(scope="module")
def compared(subjects: list[Subject]) -> list[Row]:
    return rows(measure(real()), [measure(each) for each in subjects], ends=(0, 100))


def named(compared: list[Row], start: str) -> list[Row]:
    found = [row for row in compared if row.name.startswith(start)]
    assert found
    return found


def test_the_real_scan_is_the_one_the_figures_are_of() -> None:
    counts = real().counts
    assert (counts.shape, counts.sum(), counts.max()) == ((1024, 256), REAL_COUNTS, 278)


@pytest.mark.parametrize(("what", "most"), [("mean ", 4), ("in-body percentile", 0), ("width ", 1)])
def test_its_counts_by_region_percentiles_and_widths_lie_among_theirs(
    compared: list[Row], what: str, most: int
) -> None:
    """Of so few scans a figure in the cohort's outer tenth may lie beyond the last; so some of the many may."""
    found = named(compared, what)
    outside = {row.name: (row.real, row.spread[0], row.spread[-1]) for row in found if not row.inside}
    assert len(outside) <= most, outside


def test_the_bodies_have_its_size_and_its_air(compared: list[Row]) -> None:
    for name in ("body area", "vertex to toes", "body mean", "air mean"):
        for row in named(compared, name):
            assert row.inside, row


def test_noise_is_white_and_of_counting_only(subjects: list[Subject]) -> None:
    """Variance over mean 0.95 to 1.05 from 0.1 to 120 counts, all scans together; the same rule finds it in the real
    scan, where edges of the patient disturb the bin they fall into."""
    found: dict[tuple[float, float], list[tuple[float, int]]] = {}
    for subject in subjects:
        for low, high, ratio, number in noise(subject.acquired()):
            found.setdefault((low, high), []).append((ratio, number))
    assert len(found) == 8
    for ends, ratios in found.items():
        values, numbers = zip(*ratios, strict=True)
        assert np.average(values, weights=numbers) == pytest.approx(1, abs=0.05), ends
    for low, high, ratio, _ in noise(real().acquired()):
        assert ratio == pytest.approx(1, abs=0.07), (low, high)
