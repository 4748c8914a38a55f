"""What was drawn on a scan that was turned since does not come back on the wrong pixels."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made_scans import make_library
from workstation.core import edits
from workstation.core.edits import EditError, Step
from workstation.core.lesion import Lesion, ReadingKey, Roi
from workstation.core.scan import View
from workstation.store.library import Library

KEY = ReadingKey("S000", "anna")


@pytest.fixture
def library(tmp_path):
    """A lesion was added and deleted again; a grade given after that."""
    library = Library.open(make_library(tmp_path / "library", 1))
    lesion = Lesion("L1", {View.ANTERIOR: Roi.from_mask(np.ones((3, 3), bool), 50, 60)})
    library.append(KEY, Step("edit", edits.add("Add", lesion)), "anna")
    library.append(KEY, Step("edit", edits.delete("Delete", lesion)), "anna")
    yield library
    library.close()


def undo(library):
    library.append(KEY, Step("undo", library.session(KEY).done[-1]), "anna")


@pytest.mark.parametrize("how", ["turn", "swap"])
def test_a_deleted_lesion_stays_away_after_the_scan_was_turned(library, how):
    if how == "turn":
        library.turn("S000", "anna")
    else:
        library.assign_views("S000", {view: view.other for view in View}, "anna")
    with pytest.raises(EditError, match="turned"):
        undo(library)
    assert not library.session(KEY).reading.lesions
    assert library.verify().ok


def test_confirming_the_views_moves_nothing(library):
    library.assign_views("S000", {view: view for view in View}, "anna")
    undo(library)
    assert list(library.session(KEY).reading.lesions) == ["L1"]


def test_a_grade_is_undone_all_the_same(library):
    verdict = library.session(KEY).reading.verdict
    library.append(KEY, Step("edit", edits.judge("Grade 1", verdict, grade=1)), "anna")
    library.turn("S000", "anna")
    undo(library)
    assert library.session(KEY).reading.verdict.grade is None
