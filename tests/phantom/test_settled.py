"""A settled version draws what it drew: code that changes its pictures or its truth needs a new version, as tables do.

Not to the byte: on another processor the last digit of an expectation may differ, and with it a count.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workstation.phantom.cohorts import COHORTS, VERSION
from workstation.phantom.patient import simulate

SETTLED = Path(__file__).with_name("settled.json")  # written by `python -m tests.phantom.test_settled`
BLOCK = 128, 64  # rows, columns


def drawn(number: int) -> dict[str, Any]:
    """Patient `number` of `demo`, seed 1: counts in blocks of both views, and what is true of the lesions."""
    scan = simulate(COHORTS["demo"], 1, number)[-1]
    views, rows, columns = scan.counts.shape
    blocks = scan.counts.reshape(views, rows // BLOCK[0], BLOCK[0], columns // BLOCK[1], BLOCK[1]).sum(axis=(2, 4))
    return {
        "counts": blocks.tolist(),
        "lesions": [[each.malignant, each.site.region, round(each.p_ceiling, 3)] for each in scan.lesions],
    }


@pytest.mark.parametrize("number", [0, 1])
def test_the_settled_version_draws_what_it_drew(number: int) -> None:
    told = json.loads(SETTLED.read_text("utf-8"))
    assert told["version"] == VERSION, "a new version: python -m tests.phantom.test_settled writes what it draws"
    before, now = told["patients"][number], drawn(number)
    was, counts = (np.asarray(each["counts"], float) for each in (before, now))
    np.testing.assert_allclose(counts, was, rtol=0.002, atol=30)
    assert [each[:2] for each in now["lesions"]] == [each[:2] for each in before["lesions"]]
    np.testing.assert_allclose([p for *_, p in now["lesions"]], [p for *_, p in before["lesions"]], atol=0.01)


if __name__ == "__main__":
    SETTLED.write_text(
        json.dumps({"version": VERSION, "patients": [drawn(number) for number in (0, 1)]}, indent=1) + "\n", "utf-8"
    )
