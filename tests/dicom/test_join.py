"""Joining the views of one acquisition."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.dicom.studies import study
from workstation.core.scan import View
from workstation.dicom.join import Half, half, pair, partner
from workstation.dicom.read import read_object
from workstation.dicom.write import write_nm

ANTERIOR = Half("a", "study", "series", View.ANTERIOR, (1024, 256), "2022-06-01T11:30:00")
POSTERIOR = replace(ANTERIOR, key="p", view=View.POSTERIOR, acquired="2022-06-01T11:50:00")


def test_objects_of_one_view_join_and_two_view_objects_do_not(tmp_path: Path) -> None:
    halves = [
        half(read_object(path, "x"), path.name) for path in write_nm(tmp_path / "a", study(), "series-description")
    ]
    assert all(halves)
    ((one, two),) = pair([item for item in reversed(halves) if item])
    assert (one.key, two.key) == ("ant.dcm", "post.dcm")
    (whole,) = write_nm(tmp_path / "b", study(), "view-codes")
    assert half(read_object(whole, "x"), "x") is None


def test_a_partner_may_come_later() -> None:
    assert partner(POSTERIOR, [ANTERIOR]) == ANTERIOR
    assert partner(POSTERIOR, []) is None


def test_what_does_not_belong_together_stays_apart() -> None:
    for other in (
        replace(ANTERIOR, study="other"),
        replace(ANTERIOR, shape=(512, 256)),
        replace(ANTERIOR, acquired="2022-06-01T15:30:00"),
        replace(POSTERIOR, key="p2"),
    ):
        assert partner(POSTERIOR, [other]) is None


def test_the_same_series_then_the_nearest_in_time_wins_and_a_draw_joins_nothing() -> None:
    near = replace(ANTERIOR, key="near", series="other", acquired="2022-06-01T11:49:00")
    assert partner(POSTERIOR, [near, ANTERIOR]) == ANTERIOR
    late = replace(ANTERIOR, key="late", acquired="2022-06-01T12:40:00")
    assert partner(POSTERIOR, [late, ANTERIOR]) == ANTERIOR
    assert partner(POSTERIOR, [ANTERIOR, replace(ANTERIOR, key="twin")]) is None
    assert [len(group) for group in pair([ANTERIOR, replace(ANTERIOR, key="twin"), POSTERIOR])] == [1, 1, 1]
