"""Features against pictures in which everything about the lesions is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.features import FEATURES, IN_COMPANY, IN_VIEW, of_scan

ROWS, COLUMNS = 512, 128
MIDLINE = (COLUMNS - 1) / 2
TOP, BOTTOM = 20, 500  # of the body
GROUND = 40.0
Mask = NDArray[np.bool_]


def ellipse(row: float, column: float, half_rows: float, half_columns: float) -> Mask:
    rows, columns = np.ogrid[:ROWS, :COLUMNS]
    return ((rows - row) / half_rows) ** 2 + ((columns - column) / half_columns) ** 2 <= 1


def in_views(anterior: Mask | None, posterior: Mask | None) -> Mask:
    nothing = np.zeros((ROWS, COLUMNS), bool)
    return np.stack([nothing if anterior is None else anterior, nothing if posterior is None else posterior])


def picture(*lesions: tuple[Mask, float]) -> NDArray[np.float64]:
    """A slab of a body in both views, hotter by these factors inside these masks."""
    counts = np.zeros((2, ROWS, COLUMNS))
    counts[:, TOP:BOTTOM, 34:94] = GROUND
    for mask, factor in lesions:
        counts[mask] *= factor
    return counts


def named(row: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(FEATURES, row.tolist(), strict=True))


def test_a_lesion_is_measured_where_and_as_it_is() -> None:
    # In front at the picture's right, which is the patient's left; tall, three times as hot as what surrounds it.
    mask = in_views(ellipse(140, MIDLINE + 20, 12, 4), None)
    found = named(of_scan(picture((mask, 3.0)), [mask])[0])
    length = BOTTOM - TOP
    assert found["anterior down"] == pytest.approx((140 - TOP) / length, abs=0.01)
    assert found["anterior aside"] == pytest.approx(20 / length, abs=0.002)
    assert found["anterior left"] == 1
    assert np.exp(found["anterior area"]) * length**2 == pytest.approx(np.pi * 12 * 4, rel=0.03)
    assert found["anterior long"] * length == pytest.approx(12 / 2, rel=0.05)  # an ellipse's sd is half its half axis
    assert found["anterior short"] * length == pytest.approx(4 / 2, rel=0.05)
    assert found["anterior upright"] == pytest.approx(1, abs=0.01)
    assert found["anterior filled"] == pytest.approx(1, abs=0.05)
    assert found["anterior contrast"] == pytest.approx(np.log(3), abs=0.01)
    assert found["anterior peak"] == pytest.approx(np.log(3), abs=0.01)
    assert found["anterior mirrored"] == pytest.approx(np.log(3), abs=0.01)
    assert found["anterior core"] == pytest.approx(0) and found["anterior rough"] == pytest.approx(0)
    assert all(np.isnan(found[f"posterior {name}"]) for name in IN_VIEW)
    assert (found["views"], found["others"]) == (1, 0)
    assert all(np.isnan(found[name]) for name in IN_COMPANY[1:])


def test_from_behind_the_left_is_on_the_left() -> None:
    mask = in_views(ellipse(140, MIDLINE + 20, 5, 5), ellipse(140, MIDLINE - 20, 5, 5))
    both = named(of_scan(picture((mask, 2.0)), [mask])[0])
    assert both["anterior left"] == both["posterior left"] == 1 and both["views"] == 2
    assert both["heat ratio"] == pytest.approx(0) and both["area ratio"] == pytest.approx(0)


def test_a_rim_is_cold_and_an_h_not_filled() -> None:
    outer, inner = ellipse(200, 60, 12, 12), ellipse(200, 60, 7, 7)
    rim = in_views(outer, None)
    counts = picture((rim, 3.0))
    counts[0][inner] = GROUND
    assert named(of_scan(counts, [rim])[0])["anterior core"] < np.log(0.8)
    bars = np.zeros((ROWS, COLUMNS), bool)
    bars[190:215, 50:54] = bars[190:215, 70:74] = bars[201:204, 50:74] = True
    assert named(of_scan(picture(), [in_views(bars, None)])[0])["anterior filled"] < 0.5


def test_the_company_of_a_lesion() -> None:
    # Two at mirrored places, one below the first, one far down: as ribs, joints and a knee may have them.
    places = [(130, MIDLINE + 20), (130, MIDLINE - 20), (145, MIDLINE + 22), (420, MIDLINE)]
    masks = [in_views(ellipse(row, column, 4, 4), None) for row, column in places]
    found = of_scan(picture(*zip(masks, (2.0, 4.0, 3.0, 2.5), strict=True)), masks)
    first = named(found[0])
    length = BOTTOM - TOP
    assert first["others"] == 3
    assert first["nearest"] * length == pytest.approx(np.hypot(15, 2), abs=0.5)
    assert first["partner"] * length == pytest.approx(0, abs=0.5)
    assert (first["near"], first["row"]) == (1, 1)
    assert np.exp(first["others' area"]) * length**2 == pytest.approx(3 * masks[0].sum(), rel=0.01)
    assert first["others' contrast"] == pytest.approx(np.log([4, 3, 2.5]).mean(), abs=0.01)
    assert [named(row)["rank of heat"] for row in found] == pytest.approx([0, 1, 2 / 3, 1 / 3])
    assert (first["others in chest"], first["others in leg"], first["others in head"]) == (2, 1, 0)


def test_neither_counts_nor_sides_nor_order_matter() -> None:
    rng = np.random.default_rng(0)
    masks = [
        in_views(ellipse(row, column, 5, 3), ellipse(row, COLUMNS - 1 - column, 4, 4))
        for row, column in ((120, 50), (250, 80), (300, 60))
    ]
    counts = rng.poisson(picture(*((mask, 3.0) for mask in masks)) * 20).astype(float)
    found = of_scan(counts, masks)
    assert np.array_equal(of_scan(counts, masks), found, equal_nan=True)
    assert np.array_equal(of_scan(counts, masks[::-1]), found[::-1], equal_nan=True)
    rough = np.array([name.endswith("rough") for name in FEATURES])  # noise is not proportional to counts
    assert np.allclose(of_scan(2 * counts, masks)[:, ~rough], found[:, ~rough], atol=1e-3, equal_nan=True)
    mirrored = of_scan(counts[..., ::-1], [mask[..., ::-1] for mask in masks])
    side = np.array([name.endswith(" left") for name in FEATURES])
    assert np.allclose(mirrored[:, ~side], found[:, ~side], atol=1e-9, equal_nan=True)
    assert np.array_equal(mirrored[:, side], 1 - found[:, side])


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan, np.inf])
def test_pictures_without_anything_give_numbers_or_nan(value: float) -> None:
    everywhere = np.ones((2, ROWS, COLUMNS), bool)
    masks = [in_views(ellipse(100, 60, 3, 3), None), everywhere, in_views(None, ellipse(0, 0, 1, 1)), ~everywhere]
    found = of_scan(np.full((2, ROWS, COLUMNS), value), masks)
    assert found.shape == (4, len(FEATURES)) and not np.isinf(found).any()
    assert named(found[3])["views"] == 0


def test_what_is_not_of_the_scan_is_refused() -> None:
    with pytest.raises(ValueError, match="shape of the picture"):
        of_scan(picture(), [np.zeros((2, 4, 4), bool)])
    assert of_scan(picture(), []).shape == (0, len(FEATURES))
