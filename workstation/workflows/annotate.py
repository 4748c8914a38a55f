"""Edits of one reading as JSON lines: each is on disk before its answer is given.

{"do": "add", "view": "anterior", "polygon": [[row, column], ...], "label": "malignant"}
{"do": "click", "view": "anterior", "at": [row, column]}          the isocontour there
{"do": "label", "lesion": ID, "label": "benign"}
{"do": "delete", "lesion": ID}   {"do": "undo"}   {"do": "redo"}   {"do": "grade", "grade": 0}   {"do": "done"}

add and click take "label", "criterion", "evidence" (the examination), "evidence_date", "region", "side", "confidence"
and "comment" as well, and "lesion" to give a lesion that is there its ROI on that view; label takes all of them too.
Region and side are guessed where not given.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

import resources
from workstation.core import criteria, days, edits
from workstation.core.edits import Edit, EditError, Step
from workstation.core.ids import new_id
from workstation.core.lesion import Label, Lesion, Origin, Progress, ReadingKey, Roi
from workstation.core.people import RULE, is_name
from workstation.core.scan import Frame, View
from workstation.workflows.errors import CallError
from workstation.workflows.free_text import MAX_COMMENT, is_comment

if TYPE_CHECKING:
    from workstation.core.body import BodyFacts
    from workstation.store.library import Library

MAX_LINE = 4 << 20
_MAX_POINTS = 10_000
_SIDES = ("left", "right", "midline")
_SAID = ("label", "criterion", "region", "side", "confidence", "comment", "evidence", "evidence_date")
_FIELDS = {
    "add": ("view", "polygon", "lesion", *_SAID),
    "click": ("view", "at", "lesion", *_SAID),
    "label": ("lesion", *_SAID),
    "delete": ("lesion",),
    "undo": (),
    "redo": (),
    "grade": ("grade",),
    "done": (),
}


class Refused(Exception):
    """An edit that cannot be made; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What became of edit number `n` (from 1). lesion: the id of the lesion it concerned, if any."""

    n: int
    ok: bool
    lesion: str | None = None
    reason: str | None = None


def run(library: Library, scan: str, reader: str, lines: Iterable[bytes]) -> Iterator[Answer]:
    """One answer per line that is not blank, given when its edit is on disk; what is refused changes nothing.

    CallError where there is no such scan or the reader's name will not do.
    """
    from workstation.store.errors import LibraryError
    from workstation.store.values import ADJUDICATED, TRUTH

    if not library.rows([scan]):
        raise CallError(f"There is no scan {scan} in this library. See them with: osteoscope list.")
    if not is_name(reader):
        raise CallError(f"A reader {RULE}.")
    if reader in (ADJUDICATED, TRUTH):
        raise CallError(f"{reader} is no person: name who reads with --reader. Readings are adjudicated in the window.")
    desk = _Desk(library, library.key(scan, reader))
    given = (line for line in lines if line.strip())
    for n, line in enumerate(given, start=1):
        try:
            yield Answer(n, True, desk.carry_out(_parse(line)))
        except (Refused, EditError, LibraryError) as error:
            yield Answer(n, False, None, str(error))


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """The stream's lines as they come; of one that is too long only the beginning, enough to be refused."""
    while line := stream.readline(MAX_LINE + 1):
        whole = line
        while len(whole) > MAX_LINE and not whole.endswith(b"\n"):
            if not (whole := stream.readline(MAX_LINE + 1)):
                break
        yield line


class _Desk:
    """One reading being edited."""

    def __init__(self, library: Library, key: ReadingKey) -> None:
        self._library = library
        self._session = library.session(key)
        self._frames = library.load(key.scan).frames
        self._bodies = cache(self._find_bodies)

    def carry_out(self, asked: Mapping[str, Any]) -> str | None:
        """The id of the lesion concerned, once the edit is on disk."""
        todo: dict[str, Callable[[Mapping[str, Any]], tuple[Step, str | None]]] = {
            "add": self._add,
            "click": self._click,
            "label": self._label,
            "delete": self._delete,
            "undo": self._undo,
            "redo": self._redo,
            "grade": self._grade,
            "done": self._done,
        }
        step, lesion = todo[asked["do"]](asked)
        session = self._session
        after = session.after(step)
        self._library.append(session.reading.key, step, session.reading.key.reader)
        self._session = after
        return lesion

    def _add(self, asked: Mapping[str, Any]) -> tuple[Step, str]:
        from workstation.core.delineate import polygon_mask

        frame = self._frame(asked)
        points = asked.get("polygon")
        if not isinstance(points, list) or len(points) < 3:
            raise Refused("A polygon is a list of at least three [row, column] points.")
        if len(points) > _MAX_POINTS:
            raise Refused(f"A polygon has at most {_MAX_POINTS:,} points, this one has {len(points):,}.")
        corners = [_point(point, frame) for point in points]
        roi = Roi.from_mask(polygon_mask(corners, (frame.rows, frame.columns)))
        if roi is None:
            raise Refused("The polygon holds the centre of no pixel.")
        return self._place(asked, frame, roi, Origin.HAND)

    def _click(self, asked: Mapping[str, Any]) -> tuple[Step, str]:
        from workstation.core.click import delineate
        from workstation.workflows.click_weights import estimator

        frame = self._frame(asked)
        at = _point(asked.get("at"), frame)
        view = View(asked["view"])
        bodies = self._bodies()
        found = delineate(self._frames, bodies, view, at, estimator())
        contours = {each: contour.roi for each, contour in found.items() if contour is not None}
        if view not in contours:
            raise Refused("There is no uptake to outline at that point.")
        return self._place(asked, frame, contours.pop(view), Origin.ISOCONTOUR, contours)

    def _place(
        self, asked: Mapping[str, Any], frame: Frame, roi: Roi, origin: Origin, also: Mapping[View, Roi] | None = None
    ) -> tuple[Step, str]:
        """The ROI as a new lesion, or as that of a lesion that is there. also: a new lesion's ROI on the other view."""
        view, said = View(asked["view"]), _said(asked)
        if asked.get("lesion") is not None:
            lesion = self._lesion(asked)
            _check_criterion(said, lesion)
            fields = {"rois": {**lesion.rois, view: roi}, "roi_origin": origin, **said}
            return Step("edit", edits.change(f"Outline {view}", lesion, **fields)), lesion.id
        region, side = self._bodies()[view].guess_region(roi.centre)
        fields = {"region": region, "side": side, **said}
        lesion = Lesion(new_id("L"), {view: roi, **(also or {})}, roi_origin=origin, **fields)
        _check_criterion({}, lesion)
        return Step("edit", edits.add("Add lesion", lesion)), lesion.id

    def _label(self, asked: Mapping[str, Any]) -> tuple[Step, str]:
        lesion, said = self._lesion(asked), _said(asked)
        if "label" not in said and not said:
            raise Refused('Nothing to change is named: give a "label", or a criterion, region, side or comment.')
        if "label" in said and said["label"] != lesion.label and "criterion" not in said:
            # A criterion justifies one label and goes with it, and what it rests on as well.
            said = {"evidence": None, "evidence_date": None, **said, "criterion": None}
        _check_criterion(said, lesion)
        what = f"Label {said['label'] or 'none'}" if "label" in said else "Describe lesion"
        return Step("edit", edits.change(what, lesion, **said)), lesion.id

    def _delete(self, asked: Mapping[str, Any]) -> tuple[Step, str]:
        lesion = self._lesion(asked)
        return Step("edit", edits.delete("Delete lesion", lesion)), lesion.id

    def _undo(self, asked: Mapping[str, Any]) -> tuple[Step, str | None]:
        if not self._session.done:
            raise Refused("There is nothing to undo.")
        edit = self._session.done[-1]
        return Step("undo", edit), _concerned(edit)

    def _redo(self, asked: Mapping[str, Any]) -> tuple[Step, str | None]:
        if not self._session.undone:
            raise Refused("There is nothing to redo.")
        edit = self._session.undone[-1]
        return Step("redo", edit), _concerned(edit)

    def _grade(self, asked: Mapping[str, Any]) -> tuple[Step, None]:
        grade = asked.get("grade", "")  # null takes a grade back, so it must be said
        if grade is not None and (type(grade) is not int or not 0 <= grade <= 3):
            raise Refused("A grade is 0, 1, 2 or 3, or null for none.")
        what = "No grade" if grade is None else f"Grade {grade}"
        return Step("edit", edits.judge(what, self._session.reading.verdict, grade=grade)), None

    def _done(self, asked: Mapping[str, Any]) -> tuple[Step, None]:
        """The reading is finished: a queue goes on, and it can be compared with others'."""
        verdict = self._session.reading.verdict
        if verdict.progress is Progress.DONE:
            raise Refused("This reading is done already.")
        return Step("edit", edits.judge("Done", verdict, progress=Progress.DONE)), None

    def _frame(self, asked: Mapping[str, Any]) -> Frame:
        view = asked.get("view")
        if view not in tuple(View):
            raise Refused('"view" is "anterior" or "posterior".')
        if View(view) not in self._frames:
            raise Refused(f"This scan has no {view} view.")
        return self._frames[View(view)]

    def _lesion(self, asked: Mapping[str, Any]) -> Lesion:
        named = asked.get("lesion")
        if not isinstance(named, str):
            raise Refused('"lesion" is the id of a lesion, as text.')
        if named not in self._session.reading.lesions:
            raise Refused(f"There is no lesion {named[:40]!r} in this reading.")
        return self._session.reading.lesions[named]

    def _find_bodies(self) -> dict[View, BodyFacts]:
        from workstation.core import body

        return body.bodies(self._frames)


def _parse(line: bytes) -> dict[str, Any]:
    def no_number(name: str) -> float:
        raise Refused(f"{name} is no number that can be used here.")

    if len(line) > MAX_LINE:
        raise Refused(f"The line is longer than {MAX_LINE >> 20} MiB.")
    try:
        asked = json.loads(line.decode("utf-8-sig"), parse_constant=no_number, parse_int=_whole)
    except UnicodeDecodeError as error:
        raise Refused("The line is not UTF-8 text.") from error
    except RecursionError as error:
        raise Refused("The line is nested too deep.") from error
    except ValueError as error:
        raise Refused(f"The line is not JSON: {error}.") from error
    if not isinstance(asked, dict):
        raise Refused("An edit is a JSON object, such as {\"do\": \"undo\"}.")
    do = asked.get("do")
    if not isinstance(do, str) or do not in _FIELDS:
        raise Refused(f'"do" is one of {", ".join(_FIELDS)}.')
    strange = [name for name in asked if name != "do" and name not in _FIELDS[do]]
    if strange:
        raise Refused(f"{do} knows no {strange[0][:40]!r}; it takes {', '.join(_FIELDS[do]) or 'nothing'}.")
    return asked


def _whole(digits: str) -> int | float:
    """A whole number; one longer than any that could be meant is read as what Python can hold of it."""
    return int(digits) if len(digits) < 20 else float(digits)


def _said(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the edit says of the lesion, checked; only what it names."""
    known = {
        "label": tuple(Label),
        "criterion": tuple(criteria.JUSTIFIED),
        "region": tuple(resources.table("vocab/regions")),
        "side": _SIDES,
        "confidence": (1, 2, 3),
        "evidence": tuple(resources.table("vocab/examinations")),
    }
    said: dict[str, Any] = {}
    for name in _SAID:
        if name not in asked:
            continue
        value = asked[name]
        if name == "comment":
            if not isinstance(value, str) or not is_comment(value):
                raise Refused(f"A comment is text of at most {MAX_COMMENT:,} letters.")
        elif name == "evidence_date":
            if value is not None and not days.is_day(value):
                raise Refused("evidence_date is a day in the form 2024-03-05, or null.")
        elif value is not None and (isinstance(value, bool | float) or value not in known[name]):
            raise Refused(f"{name} is one of {', '.join(str(item) for item in known[name])}, or null.")
        said[name] = Label(value) if name == "label" and value is not None else value
    if "label" in said:
        said["label_origin"] = Origin.HAND
    return said


def _check_criterion(said: Mapping[str, Any], lesion: Lesion) -> None:
    against = criteria.against_label(said.get("criterion", lesion.criterion), said.get("label", lesion.label))
    if against is not None:
        raise Refused(f"{against[0].upper()}{against[1:]}.")


def _point(value: object, frame: Frame) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise Refused("A point is [row, column].")
    row, column = (_coordinate(number) for number in value)
    if not (-0.5 <= row <= frame.rows - 0.5 and -0.5 <= column <= frame.columns - 0.5):
        raise Refused(f"A point lies outside the picture of {frame.rows} rows and {frame.columns} columns.")
    return row, column


def _coordinate(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused("Rows and columns are numbers.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Refused("A point lies outside the picture.")
    return number


def _concerned(edit: Edit) -> str | None:
    ids = {change.id for change in edit.lesions}
    return ids.pop() if len(ids) == 1 else None
