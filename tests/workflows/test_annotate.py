"""Edits as JSON lines: what is answered is on disk, what is refused changes nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workflows.studies import bring, write_study
from workstation.core.lesion import ReadingKey
from workstation.core.scan import View
from workstation.store.library import Library
from workstation.workflows import annotate
from workstation.workflows.annotate import Answer
from workstation.workflows.errors import CallError

SQUARE = [[10, 5], [10, 8], [14, 8], [14, 5]]  # rows 10 to 14, columns 5 to 8: 20 pixels
ADD: dict[str, Any] = {"do": "add", "view": "anterior", "polygon": SQUARE, "label": "malignant"}


@pytest.fixture
def scan(library: Library, tmp_path: Path) -> str:
    write_study(tmp_path / "in")
    bring(library, tmp_path / "in")
    return library.ids()[0]


def edit(library: Library, scan: str, *lines: object, reader: str = "anna") -> list[Answer]:
    given = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return list(annotate.run(library, scan, reader, given))


def test_edits_do_what_they_say(library: Library, scan: str) -> None:
    (added,) = edit(library, scan, {**ADD, "criterion": "M2", "confidence": 2, "comment": "new"})
    lesion = library.session(ReadingKey(scan, "anna")).reading.lesions[str(added.lesion)]
    mask = np.zeros((64, 32), bool)
    mask[10:15, 5:9] = True
    assert (lesion.rois[View.ANTERIOR].mask((64, 32)) == mask).all()
    assert (lesion.label, lesion.criterion, lesion.confidence, lesion.comment) == ("malignant", "M2", 2, "new")
    answers = edit(
        library, scan,
        {"do": "label", "lesion": lesion.id, "label": "benign"},
        {"do": "add", "view": "posterior", "lesion": lesion.id, "polygon": SQUARE},
        {"do": "grade", "grade": 3},
        b"   ",
        {"do": "undo"}, {"do": "undo"}, {"do": "redo"},
    )  # fmt: skip
    assert [(a.n, a.ok, a.lesion) for a in answers] == [
        (1, True, lesion.id), (2, True, lesion.id), (3, True, None), (4, True, None), (5, True, lesion.id),
        (6, True, lesion.id),
    ]  # fmt: skip
    reading = library.session(ReadingKey(scan, "anna")).reading
    now = reading.lesions[lesion.id]
    # A criterion goes with the label it justified.
    assert (now.label, now.criterion, set(now.rois), reading.verdict.grade) == ("benign", None, set(View), None)
    edit(library, scan, {"do": "delete", "lesion": lesion.id})
    assert not library.session(ReadingKey(scan, "anna")).reading.lesions


def test_a_click_takes_the_hot_spot_under_it(library: Library, cohort: Path) -> None:
    bring(library, cohort)
    hit = wanted = 0
    for row in library.rows(library.ids()):
        truth = library.session(ReadingKey(row.scan, "truth")).reading
        shape = library.load(row.scan).frames[View.ANTERIOR].counts.shape
        for lesion in truth.lesions.values():
            for view, roi in lesion.rois.items():
                centre = [round(value) for value in roi.centre]
                (answer,) = edit(library, row.scan, {"do": "click", "view": str(view), "at": centre}, reader="clicker")
                made = library.session(ReadingKey(row.scan, "clicker")).reading.lesions.get(str(answer.lesion))
                wanted += 1
                hit += made is not None and bool((made.rois[view].mask(shape) & roi.mask(shape)).any())
    assert wanted > 4 and hit >= 0.8 * wanted


def test_every_answer_is_on_disk_when_it_is_given(library: Library, scan: str) -> None:
    lines = (json.dumps({**ADD, "polygon": [[n, 5], [n, 8], [n + 2, 8]]}).encode() for n in range(5))
    looking = Library.open(library.folder, read_only=True)
    for answer in annotate.run(library, scan, "anna", lines):
        assert answer.lesion in looking.session(ReadingKey(scan, "anna")).reading.lesions
    looking.close()


REFUSED = [
    b"not json", b"[1, 2]", b"null", b"\xff\xfe", b"[" * 100_000, b"{}", b'{"do": 3}', b'{"do": "fly"}', b"1" * 5000,
    {"do": "undo"}, {"do": "redo"},
    {**ADD, "view": "lateral"}, {**ADD, "view": None}, {**ADD, "view": ["anterior"]}, {**ADD, "label": "bad"},
    {**ADD, "label": 1}, {**ADD, "label": True}, {**ADD, "polygon": []}, {**ADD, "polygon": "x"},
    {**ADD, "polygon": SQUARE[:2]}, {**ADD, "polygon": [[1, 2, 3]] * 3}, {**ADD, "polygon": [["1", "2"]] * 3},
    {**ADD, "polygon": [[True, False]] * 3}, {**ADD, "polygon": [[1e400, 1]] * 3}, {**ADD, "polygon": [[None, 1]] * 3},
    {**ADD, "polygon": [[10, 10], [10, 32], [12, 12]]}, {**ADD, "polygon": [[-1, 0], [5, 5], [5, 6]]},
    {**ADD, "polygon": [[10**400, 1]] * 3}, {**ADD, "polygon": [[5.2, 5.2], [5.4, 5.2], [5.4, 5.4]]},
    {**ADD, "polygon": SQUARE * 5000}, {**ADD, "colour": "red"}, {**ADD, "criterion": "B1"}, {**ADD, "criterion": "X"},
    {**ADD, "criterion": "bladder"}, {**ADD, "label": "not bone", "criterion": "M1"},
    {**ADD, "region": "moon"}, {**ADD, "side": "both"}, {**ADD, "confidence": 4}, {**ADD, "confidence": 1.0},
    {**ADD, "comment": 5}, {**ADD, "comment": "x" * 10_001}, {**ADD, "comment": "\ud800"}, {**ADD, "lesion": "L0"},
    {"do": "add", "view": "anterior"}, {"do": "click", "view": "anterior"},
    {"do": "click", "view": "anterior", "at": [1]},
    {"do": "click", "view": "anterior", "at": [900, 1]}, {"do": "label", "lesion": "L0", "label": "benign"},
    {"do": "label", "label": "benign"}, {"do": "delete", "lesion": None}, {"do": "delete", "lesion": {}},
    {"do": "grade", "grade": 4}, {"do": "grade", "grade": "1"}, {"do": "grade", "grade": True},
    {"do": "grade", "grade": 1.0},
    b'{"do": "add", "view": "anterior", "polygon": [[NaN, 1], [2, 2], [3, 3]]}',
    b'{"do": "click", "view": "anterior", "at": [Infinity, 1]}', b'{"do": "undo"' + b" " * annotate.MAX_LINE + b"}",
]  # fmt: skip


def test_what_cannot_be_done_is_refused_in_words_and_the_rest_goes_on(library: Library, scan: str) -> None:
    answers = edit(library, scan, *REFUSED, ADD)
    for line, answer in zip(REFUSED, answers, strict=False):
        assert not answer.ok and answer.lesion is None, line
        assert answer.reason and answer.reason.endswith(".") and " " in answer.reason, line
        assert len(answer.reason) < 400 and answer.reason.isprintable()
    assert [answer.n for answer in answers] == list(range(1, len(REFUSED) + 2))
    assert answers[-1].ok
    assert len(library.session(ReadingKey(scan, "anna")).done) == 1
    assert library.verify().ok


_WILD = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.just("anterior"),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from(("view", "polygon", "at", "lesion", "label", "grade", "side", "comment")), _WILD),
    st.sampled_from(("add", "click", "label", "delete", "undo", "redo", "grade")),
)
def test_no_line_of_json_breaks_it(library: Library, scan: str, asked: dict[str, Any], do: str) -> None:
    line = json.dumps({"do": do, **asked}).encode("utf-8", "surrogatepass")
    (answer,) = edit(library, scan, line)
    assert answer.ok is (answer.reason is None)


def test_readers_do_not_touch_each_other(library: Library, scan: str) -> None:
    edit(library, scan, ADD, reader="anna")
    answers = edit(library, scan, {"do": "undo"}, {**ADD, "label": "benign"}, reader="bert")
    assert [answer.ok for answer in answers] == [False, True]
    readings = [library.session(ReadingKey(scan, name)).reading for name in ("anna", "bert")]
    assert [[x.label for x in reading.lesions.values()] for reading in readings] == [["malignant"], ["benign"]]


@pytest.mark.parametrize("reader", ["", "  ", "a\nb", "x" * 101, "\udcff"])
def test_a_reader_needs_a_name(library: Library, scan: str, reader: str) -> None:
    with pytest.raises(CallError):
        edit(library, scan, ADD, reader=reader)


def test_an_unknown_scan_is_a_wrong_call(library: Library, scan: str) -> None:
    with pytest.raises(CallError):
        edit(library, "S0", ADD)


def test_a_line_without_end_is_read_in_pieces() -> None:
    def lines(data: bytes) -> Iterable[int]:
        return [len(line) for line in annotate.lines_of(io.BytesIO(data))]

    much = annotate.MAX_LINE
    assert lines(b"a\nbb\n" + b"x" * (3 * much) + b"\nccc") == [2, 3, much + 1, 3]
