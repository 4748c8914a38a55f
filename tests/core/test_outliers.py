"""Outliers planted among simulated lesions are found, and few others are called so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.core.test_checks import BODIES, SCAN, disc, lesion
from workstation.core.lesion import Label, ReadingKey, Roi
from workstation.core.outliers import Measured, measure, outliers
from workstation.core.scan import View


def drawn(number: int, seed: int = 3) -> list[Measured]:
    """Lesions of two labels and three regions: log-normal sizes and uptakes, each region with its own median."""
    chance = np.random.default_rng(seed)
    found = []
    for place in range(number):
        region, median = (("rib", 150.0), ("lumbar_spine", 400.0), ("femur", 900.0))[place % 3]
        found.append(
            Measured(
                ReadingKey(f"S{place:05d}", "anna"), "L1", (Label.MALIGNANT, Label.BENIGN)[place // 3 % 2], region,
                "left", float(median * np.exp(chance.normal(0, 0.4))), True, float(2.0 * np.exp(chance.normal(0, 0.2))),
                float(1.2 * np.exp(abs(chance.normal(0, 0.15)))), float(chance.normal(-0.005, 0.003)), 0.0,
            )
        )  # fmt: skip
    return found


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ({"mm2": 900.0 * 14}, "size"),
        ({"mm2": 900.0 / 20}, "size"),
        ({"uptake": 12.0}, "uptake"),
        ({"elongation": 9.0}, "elongation"),
        ({"across": 0.05}, "side"),
        ({"astray": 0.15}, "region"),
    ],
)
def test_what_is_planted_stands_first(planted: dict[str, float], said: str) -> None:
    lesions = drawn(600)
    lesions[302] = replace(lesions[302], **planted)
    assert lesions[302].region == "femur"
    found = outliers(lesions)
    assert (found[0].key, found[0].measure) == (lesions[302].key, said)
    assert len(found) < 12, "a normal spread of 600 makes few outliers"
    assert [abs(one.z) for one in found] == sorted((abs(one.z) for one in found), reverse=True)


def test_a_size_is_judged_among_its_own_region() -> None:
    """900 mm2 are usual in a femur and six times too large in a rib."""
    lesions = drawn(600)
    lesions[300] = replace(lesions[300], mm2=150.0 * 12)
    assert lesions[300].region == "rib"
    assert outliers(lesions)[0].key == lesions[300].key
    assert "region rib" in outliers(lesions)[0].sentence


def test_few_lesions_are_judged_among_all_of_their_label_or_not_at_all() -> None:
    lesions = drawn(60)
    rare = replace(lesions[0], region="hand", mm2=40_000.0, key=ReadingKey("rare", "anna"))
    assert outliers([*lesions, rare])[0].key.scan == "rare"
    assert "region" not in outliers([*lesions, rare])[0].sentence
    assert outliers(lesions[:5]) == () == outliers([])


def test_alike_lesions_make_no_outliers() -> None:
    one = drawn(1)[0]
    assert outliers([replace(one, key=ReadingKey(f"S{n}", "anna"), mm2=150.0 + n % 3) for n in range(50)]) == ()


def test_measures_against_what_was_drawn() -> None:
    key = ReadingKey("S1", "anna")
    found = measure(SCAN, key, lesion("L1", column=160, radius=8.0, side="right", region="rib"), BODIES)
    assert found is not None
    assert found.mm2 == pytest.approx(np.pi * 8.0**2 * 2.26**2, rel=0.03) and found.in_mm
    assert found.elongation == pytest.approx(1.0, abs=0.02)
    assert found.uptake is not None and 2.0 < found.uptake < 8.0  # a spot of 200 on 20, seen over 8 pixels
    assert found.across is not None and found.across == pytest.approx(32.5 / 800, rel=0.25)
    bar = Roi.from_mask(np.ones((4, 16), bool), 400, 120)
    assert bar is not None
    long = replace(lesion("L1"), rois={View.ANTERIOR: bar, View.POSTERIOR: disc(400, 120, 1.0)})
    measured = measure(SCAN, key, long, BODIES)
    assert measured is not None and measured.elongation == pytest.approx(4.0)


def test_what_is_not_measured() -> None:
    key = ReadingKey("S1", "anna")
    for said in ({"label": None}, {"label": Label.NOT_BONE, "criterion": "bladder"}):
        assert measure(SCAN, key, lesion("L1", **said), BODIES) is None
    empty = replace(lesion("L1"), rois={View.ANTERIOR: Roi(400, 160, 1, 1, b"\x00")})
    assert measure(SCAN, key, empty, BODIES) is None
    dot = measure(SCAN, key, replace(lesion("L1"), rois={View.ANTERIOR: Roi(400, 160, 1, 1, b"\x80")}), BODIES)
    assert dot is not None and dot.elongation == 1.0
    lost = replace(lesion("L1"), rois={View.ANTERIOR: Roi(5000, 5000, 2, 2, b"\xf0")})
    found = measure(SCAN, key, lost, BODIES)
    assert found is not None and found.uptake is None
    assert outliers([found]) == ()
