"""What the click is taught with: the squares hold the simulated counts and the lesions' own truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workstation.core.scan import VIEWS
from workstation.phantom.cohorts import COHORTS
from workstation.phantom.patient import simulate
from workstation.workflows.click_squares import COHORT, WIDE, clearest, parts, write


def test_squares_are_the_counts_and_the_truth_about_each_lesion(tmp_path: Path) -> None:
    seed, patient = (
        5,
        next(n for n in range(9) if any(one.visible for one in simulate(COHORTS[COHORT], 5, n)[-1].lesions)),
    )
    (part,) = parts(f"{seed}:{patient}-{patient + 1}", tmp_path)
    number = write(part)
    made = simulate(COHORTS[COHORT], seed, patient)[-1]
    shown = [(one, k) for one in made.lesions if one.visible for k in (0, 1) if one.masks[k].any()]
    assert number == len(shown) > 0
    with np.load(part.file, allow_pickle=False) as squares:
        masks = np.unpackbits(squares["masks"], axis=1).reshape(number, 2, 2 * WIDE, 2 * WIDE)
        for n, (lesion, k) in enumerate(shown):
            rows, columns = np.nonzero(lesion.masks[k])
            row, column = round(rows.mean()), round(columns.mean())
            near = np.s_[row - 4 : row + 5, column - 4 : column + 5]
            middle = np.s_[WIDE - 4 : WIDE + 5, WIDE - 4 : WIDE + 5]
            assert np.array_equal(squares["counts"][n, 0][middle], made.counts[k][near])
            assert np.array_equal(masks[n, 0][middle], lesion.masks[k][near])
            assert np.allclose(squares["centre"][n], (rows.mean() - row, columns.mean() - column))
            assert masks[n, 0].sum() == rows.size and squares["malignant"][n] == lesion.malignant
            assert squares["best"][n] == (clearest(made.counts, lesion.masks) is VIEWS[k])
            # The other view is reversed: there the lesion lies at much the same place.
            if lesion.masks[1 - k].any():
                assert np.hypot(*(np.argwhere(masks[n, 1]).mean(axis=0) - WIDE)) < 6


def test_what_is_no_range_of_patients_is_refused() -> None:
    with pytest.raises(ValueError):
        parts("7001", Path())
