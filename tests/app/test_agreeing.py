"""What the queue page shows of agreement: numbers that can be."""

from __future__ import annotations

import numpy as np

from workstation.app import agreeing
from workstation.stats.agreement import cohens_kappa
from workstation.stats.clustered import Mean
from workstation.workflows.agreement import Agreement


def test_an_interval_of_kappa_is_shown_cut_where_no_kappa_lies() -> None:
    kappa = cohens_kappa(np.array([[30, 1], [0, 4]]))
    opposite = cohens_kappa(np.array([[0, 9], [10, 0]]))
    assert kappa.high > 1 and opposite.value < -0.9 and opposite.low < -1, "as the contract has it: not cut"
    nothing = Mean(float("nan"), float("nan"), float("nan"), 0, 0)
    pair = Agreement("anna", "ben", (1, 1), 35, 35, 0, 0, nothing, kappa, opposite)
    *_, labels, grades = agreeing._line(pair)
    assert labels == f"{kappa.value:.2f} ({kappa.low:.2f} to 1.00), n = 35"
    assert grades == f"{opposite.value:.2f} (-1.00 to {opposite.high:.2f}), n = 19"
